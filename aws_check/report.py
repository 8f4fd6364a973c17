"""The report of a check: as JSON for programs, as Markdown for people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from aws_check.costs import Cost
from aws_check.finding import Answered
from aws_check.remains import Remain

_SHOWN = 800  # characters of one piece of evidence; the JSON has all of it


def _now() -> str:
    return datetime.now(tz=UTC).isoformat(timespec="seconds")


@dataclass
class Report:
    """The facts of one check, as far as it got; no credentials among them."""

    account: str
    region: str
    caller: str
    is_dry_run: bool
    costs: list[Cost]
    began: str = field(default_factory=_now)
    ended: str = ""
    versions: dict[str, str] = field(
        default_factory=lambda: {name: version(name) for name in ("aws-cdk-lib", "botocore")}
    )
    steps: list[dict[str, object]] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    remains: list[Remain] = field(default_factory=list)
    was_looked_for: bool = False
    """Whether the services were asked what is left; else nothing is known of it."""

    @property
    def is_clean(self) -> bool:
        """Whether everything went well, and nothing is left."""
        return self.was_looked_for and not self.problems and not self.remains

    def write(self, directory: Path) -> None:
        """Write `report.json` and `report.md`."""
        self.ended = _now()
        directory.mkdir(parents=True, exist_ok=True)
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (directory / "report.json").write_text(text + "\n", encoding="utf-8")
        (directory / "report.md").write_text(self.as_markdown(), encoding="utf-8")

    def as_markdown(self) -> str:
        """Return the report for people."""
        where = "local AWS (a dry run)" if self.is_dry_run else "AWS"
        lines = [
            f"# Check of cdk-personalize on {where}",
            "",
            f"Account {self.account}, region {self.region}, as {self.caller}; {self.began} to"
            f" {self.ended}. "
            + ", ".join(f"{name} {number}" for name, number in self.versions.items())
            + ".",
            "",
            *_section("Problems", [f"- {_in_line(each)}" for each in self.problems]),
            "## What is left",
            "",
            *self._remains(),
            "",
            "## Questions",
            "",
            "| | question | answer | evidence |",
            "|---|---|---|---|",
            *(_row(each) for each in self.answers),
            "",
            *_section(
                "Steps",
                [f"- {step['name']}: {float(str(step['seconds'])):.0f} s" for step in self.steps],
            ),
            *_section(
                "Estimated costs",
                [f"- {c.item}: {c.arithmetic} = ${c.dollars:.2f} ({c.source})" for c in self.costs],
            ),
        ]
        return "\n".join(lines)

    def _remains(self) -> list[str]:
        if not self.was_looked_for:
            return ["Not known: the check ended before the services were asked."]
        if not self.remains:
            return ["Nothing but the bootstrap stack and the key that waits for its deletion."]
        by_hour = sum(each.dollars_per_hour for each in self.remains)
        return [
            f"About ${by_hour:.2f} an hour, until it is removed; delete the stack first, then what"
            " is left of it:",
            "",
            *(
                f"- {each.name} (${each.dollars_per_hour:.2f} an hour): `{each.command}`"
                for each in self.remains
            ),
        ]


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"## {title}", "", *lines, ""] if lines else []


def _row(each: Answered) -> str:
    evidence = "<br>".join(_in_cell(part) for part in each.evidence)
    answer = f"{_in_cell(each.answer)}<br>**{_in_cell(each.verdict)}** ({each.confidence})"
    return f"| {each.number} | {_in_cell(each.question)} | {answer} | {evidence} |"


def _in_cell(text: str) -> str:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    return _in_line(shown).replace("|", "\\|")


def _in_line(text: str) -> str:
    return " ".join(text.split())
