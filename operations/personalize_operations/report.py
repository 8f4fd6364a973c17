"""What became of the messages of a queue."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from personalize_operations.errors import Cause

_MOST_REASONS = 20
_LONGEST_REASON = 120


@dataclass(frozen=True, slots=True)
class Left:
    """A message that stays in the queue, though its replay was asked for."""

    message_id: str
    cause: Cause
    detail: str


@dataclass(slots=True)
class Report:
    """Counts of a run.

    Attributes:
        replayed: The messages whose records are on the stream again, by their reason; in a dry
            run those whose records would be.
        records: How many records these are.
        left: The messages that had to stay.
        not_asked_for: How many messages have another reason than the one that was asked for.
        newer: How many messages came while the run went on.
    """

    replayed: Counter[str] = field(default_factory=Counter)
    records: int = 0
    left: list[Left] = field(default_factory=list)
    not_asked_for: int = 0
    newer: int = 0

    def lines(self, *, dry_run: bool) -> Iterator[str]:
        """Tell what became of the messages."""
        would = "would be " if dry_run else ""
        total = self.replayed.total()
        more = "" if self.records == total or dry_run else f", {self.records} records"
        yield f"{total:7} {would}replayed{more}"
        common = self.replayed.most_common(_MOST_REASONS)
        yield from (f"{count:11} {_short(shown(reason))}" for reason, count in common)
        if rest := total - sum(count for _, count in common):
            yield f"{rest:11} of {len(self.replayed) - len(common)} other reasons"
        for cause, count in Counter(left.cause for left in self.left).most_common():
            yield f"{count:7} {would}left: {cause}"
        if self.not_asked_for:
            yield f"{self.not_asked_for:7} not asked for: another reason"
        if self.newer:
            yield f"{self.newer:7} not looked at: they came while this ran"


def shown(text: str) -> str:
    """Return a text from elsewhere as a terminal may see it: on one line, without commands."""
    return "".join(one if one.isprintable() else "?" for one in " ".join(text.split()))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_REASON else f"{text[: _LONGEST_REASON - 1]}…"
