"""What stops a command, or keeps one dead letter where it is."""

from enum import StrEnum


class CommandError(Exception):
    """A command cannot go on; the text is the one line that a person is told."""


class Cause(StrEnum):
    """Why a message stays in the queue, though its replay was asked for."""

    UNREADABLE = "no dead letter that can be read"
    TRUNCATED = "only the beginning of the record was kept"
    TOO_LARGE = "larger than a record of the stream may be"
    OBJECT_UNREADABLE = "the object with the record cannot be read"
    OBJECT_CHANGED = "the object is not the record that the letter tells of"
    BATCH_UNREADABLE = "the records of the batch cannot be read"
    BATCH_GONE = "the stream does not have all records of the batch any more"
    STREAM_FULL = "the stream takes no more"
    NOT_DELETED = "on the stream, but the message could not be deleted"


class LeftError(Exception):
    """A message has to stay in the queue.

    Attributes:
        cause: Why.
        detail: What it is about.
    """

    def __init__(self, cause: Cause, detail: str) -> None:
        """Tell why a message stays."""
        super().__init__(f"{cause}: {detail}")
        self.cause = cause
        self.detail = detail
