"""What a check is going to do, shown before anything is done."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from aws_check.costs import HOURS, Cost
from aws_check.finding import Question
from aws_check.names import STACK
from aws_check.report import Report


def show(console: Console, report: Report, assembly: Path, questions: tuple[Question, ...]) -> None:
    """Show whose account it is, what is made there, and what that costs.

    Args:
        console: Where to.
        report: Account, region, caller and costs.
        assembly: The cloud assembly of the stack.
        questions: What will be asked.
    """
    console.print(f"account [bold]{report.account}[/], region [bold]{report.region}[/]")
    console.print(f"as {report.caller}\n", markup=False, soft_wrap=True)
    template = json.loads((assembly / f"{STACK}.template.json").read_text(encoding="utf-8"))
    types = Counter(resource["Type"] for resource in template["Resources"].values())
    made = Table(title=f"The stack {STACK}", title_justify="left", box=None, padding=(0, 2))
    made.add_column("", justify="right")
    made.add_column("type")
    for name, count in sorted(types.items()):
        made.add_row(str(count), name)
    console.print(made)
    asked = Table(title="Questions", title_justify="left", box=None, padding=(0, 2))
    asked.add_column("", justify="right", style="dim")
    asked.add_column("question")
    asked.add_column("costs")
    for number, question in enumerate(questions, start=1):
        asked.add_row(str(number), question.text, question.cost)
    console.print(asked)
    console.print(_costs(report.costs))
    if report.is_dry_run:
        console.print("It is a dry run on local AWS: it costs nothing.\n")


def _costs(costs: list[Cost]) -> Table:
    table = Table(title=f"Estimated costs of {HOURS:g} hours", title_justify="left")
    table.add_column("item")
    table.add_column("arithmetic")
    table.add_column("source", style="dim")
    table.add_column("US dollars", justify="right")
    for cost in costs:
        table.add_row(cost.item, cost.arithmetic, cost.source, f"{cost.dollars:.2f}")
    table.add_section()
    total = sum(cost.dollars for cost in costs)
    table.add_row("all, at the prices of us-east-1", "", "", f"{total:.2f}")
    return table
