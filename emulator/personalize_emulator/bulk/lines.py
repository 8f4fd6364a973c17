"""The lines of batch jobs: a question in JSON on each line of a file, an answer on each of another.

The answers to `<name>` are in `<name>.out`, line by line, as the developer guide's pages
creating-batch-inference-job and batch-data-upload say. They name no file of errors; the service
model speaks of "the error messages generated for failed input records" among the results. So the
answer to a line that is wrong has an `error` there, and no `output`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator

from personalize_emulator.bulk.files import BulkFile, Destination
from personalize_emulator.errors import JobFailedError, ServiceError
from personalize_emulator.json_object import json_object
from personalize_emulator.store import Document

Ask = Callable[[Document], Document]
"""Answers a line, or raises a ServiceError or ValueError that says what is wrong with it."""

Show = Callable[[object], Document]
"""How an answer shows its line."""


def as_input(line: object) -> Document:
    """Show a line as the `input`."""
    return {"input": line}


def answer_files(
    files: Iterable[BulkFile],
    destination: Destination,
    ask: Ask,
    *,
    most_lines: int | None,
    show: Show = as_input,
) -> None:
    """Answer every line of every file.

    Lines that are wrong do not fail the job; whether a file does in which every line is wrong is
    not documented. Here it does, once all answers are written: it can only be a mistake.

    Args:
        files: The files.
        destination: Where the answers go.
        ask: Answers a line.
        most_lines: How many lines a file may have; None is any number.
        show: How an answer shows its line.

    Raises:
        JobFailedError: A file has too many lines, none, or none that can be answered.
    """
    failures: list[str] = []
    for file in files:
        lines = [line for line in file.body.splitlines() if line.strip()]
        if most_lines is not None and len(lines) > most_lines:
            msg = f"{file.path} has {len(lines)} lines, at most {most_lines} are allowed"
            raise JobFailedError(msg)
        answers = list(_answers(lines, ask, show))
        body = "".join(f"{json.dumps(answer, ensure_ascii=False)}\n" for answer in answers)
        # What is no Unicode came in as an escape of JSON, and goes out as one.
        destination.write(f"{file.name}.out", body.encode(errors="backslashreplace"))
        if not answers:
            failures.append(f"{file.path} is empty")
        elif all(answer["error"] is not None for answer in answers):
            failures.append(f"{file.path} has no line that is right: {answers[0]['error']}")
    if failures:
        raise JobFailedError("; ".join(failures))


def _answers(lines: Iterable[bytes], ask: Ask, show: Show) -> Iterator[Document]:
    for text in lines:
        line: object = text.decode(errors="replace")
        try:
            line = json_object(text, "The line")
            yield {**show(line), "output": ask(line), "error": None}
        except (ServiceError, ValueError) as error:
            yield {**show(line), "output": None, "error": str(error)}
