"""Answers rendered by their shapes.

A document of the store holds more than an answer shows: what the shape has no member for is left
out, so a summary and a description come from the same document. Timestamps are epoch seconds in the
documents, as they are on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.model import StructureShape

from personalize_emulator.errors import SerializationError
from personalize_emulator.validation import conform, findings_of

# The service model shows the role of an import or export job by the shape of Personalize's own
# ARNs, which the ARN of a role does not match.
_CONTRADICTED = re.compile(r"at '\w+\.roleArn' .* pattern")


class BrokenAnswerError(Exception):
    """The emulator made an answer that the service could not have given."""


def render(
    shape: StructureShape | None, answer: Mapping[str, Any], *, strict: bool
) -> dict[str, Any]:
    """Return an answer as it goes over the wire.

    Args:
        shape: The output shape of the operation, None where it has none.
        answer: What the handler returned.
        strict: Hold the answer to every constraint of its shape; tests do.

    Raises:
        BrokenAnswerError: A value is of the wrong type or, in strict mode, breaks a constraint.
    """
    if shape is None:
        return {}
    try:
        rendered = conform(shape, answer)
    except SerializationError as error:
        raise BrokenAnswerError(error.message) from error
    if strict:
        findings = [f"no member {name!r}" for name in sorted(answer) if name not in shape.members]
        findings += [
            text for text in findings_of(shape, rendered) if not _CONTRADICTED.search(text)
        ]
        if findings:
            message = f"{shape.name}: {'; '.join(findings)}"
            raise BrokenAnswerError(message)
    return rendered
