"""What a person sees while the demo runs, and what is measured on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


class DemoError(RuntimeError):
    """A step failed; the message says why, and where to look."""


@dataclass
class Step:
    """One step of the demo, and how long it took."""

    name: str
    seconds: float = 0.0


@dataclass
class Progress:
    """The steps so far, each shown while it runs and kept for the table at the end."""

    console: Console = field(default_factory=lambda: Console(highlight=False))
    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[Note]:
        """Show `name` while the block runs, and its seconds afterwards."""
        step = Step(name)
        number = len(self.steps) + 1
        began = time.monotonic()
        with self.console.status(f"[bold]{number}.[/] {name} …") as status:
            note = Note(lambda text: status.update(f"[bold]{number}.[/] {name}: {text} …"))
            try:
                yield note
            except BaseException:
                self.console.print(f"[red]✗[/] {number}. {name}")
                raise
        step.seconds = time.monotonic() - began
        self.steps.append(step)
        result = f"  [dim]{note.result}[/]" if note.result else ""
        shown = f"[green]✓[/] {number}. {name}{result}  [cyan]{step.seconds:.1f} s[/]"
        self.console.print(shown, soft_wrap=True)

    def summary(self) -> None:
        """Print the table of all steps."""
        table = Table(title="Seconds per step", title_justify="left")
        table.add_column("step")
        table.add_column("seconds", justify="right")
        for step in self.steps:
            table.add_row(step.name, f"{step.seconds:.1f}")
        table.add_section()
        table.add_row("all", f"{sum(step.seconds for step in self.steps):.1f}")
        self.console.print(table)


class Note:
    """What a running step says of itself."""

    def __init__(self, show: Callable[[str], None]) -> None:
        """Keep how to show it."""
        self._show = show
        self.result = ""

    def doing(self, text: str) -> None:
        """Show what is under way."""
        self._show(text)

    def done(self, text: str) -> None:
        """Say what came of the step."""
        self.result = text
