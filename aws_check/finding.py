"""A question to AWS, and what came of asking it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_check.probe import Probe


class Confidence(StrEnum):
    """How far an answer can be relied on."""

    OBSERVED = "observed"
    PARTLY = "observed in part"
    NOT_ANSWERED = "not answered"


class Verdict(StrEnum):
    """What an answer means for what the library assumes."""

    CONFIRMS = "confirms"
    CONTRADICTS = "contradicts"
    OPEN = "leaves open"


@dataclass(frozen=True)
class Finding:
    """What was found.

    Args:
        answer: The answer, in one sentence.
        verdict: What it means for the question's assumption.
        evidence: What the service said, word for word: codes, messages, ARNs.
        confidence: How far the answer can be relied on.
    """

    answer: str
    verdict: Verdict
    evidence: list[str] = field(default_factory=list)
    confidence: Confidence = Confidence.OBSERVED

    @classmethod
    def not_answered(cls, reason: str, evidence: list[str] | None = None) -> Finding:
        """Return that there is no answer, and why."""
        return cls(f"not answered: {reason}", Verdict.OPEN, evidence or [], Confidence.NOT_ANSWERED)


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question.

    Args:
        text: The question.
        method: How it is asked.
        cost: What asking costs beyond the demo.
        assumed: What the library takes for true, and where.
        ask: Asks it.
    """

    text: str
    method: str
    cost: str
    assumed: str
    ask: Callable[[Probe], Finding]


@dataclass(frozen=True)
class Answered:
    """A question with its finding, for the report."""

    number: int
    question: str
    method: str
    cost: str
    answer: str
    confidence: str
    verdict: str
    evidence: list[str]

    @classmethod
    def of(cls, number: int, question: Question, finding: Finding) -> Answered:
        """Put both together."""
        return cls(
            number,
            question.text,
            question.method,
            question.cost,
            finding.answer,
            str(finding.confidence),
            f"{finding.verdict}: {question.assumed}",
            finding.evidence,
        )
