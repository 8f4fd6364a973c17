"""`make bench`: run the benchmarks, print a table and write `.bench/results.json`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.figure import Figure

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / ".bench" / "results.json"

# The environment of local AWS, which `make setup` makes; make names it too.
os.environ.setdefault("PERSONALIZE_LOCAL_PYTHON", str(ROOT / ".venv-local" / "bin" / "python"))

_ON_REQUEST = {"endurance"}  # takes many minutes: `make endurance`
_WIDTH = 100  # of the table where nobody watches; a terminal has its own

_console = Console(width=None if sys.stdout.isatty() else _WIDTH)


def main() -> int:
    """Run the benchmarks that the command line names, all but the longest if it names none."""
    modules = iter_modules([str(Path(__file__).parent)])
    names = [module.name for module in modules if not module.ispkg]
    known = [name for name in names if name not in {"__main__", "figure"}]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(known)}")
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := sorted(set(options.names) - set(known)):
        parser.error(f"there is no benchmark {', '.join(unknown)}, only {', '.join(known)}")
    if options.write is not None:
        options.write.write_text(json.dumps(import_module(f"benchmarks.{options.names[0]}").run()))
        return 0
    measured, failed = _measure(options.names or sorted(set(known) - _ON_REQUEST))
    _keep(measured)
    _console.print(_table(measured))
    _console.print(f"in {RESULTS.relative_to(ROOT)}")
    if failed:
        _console.print(f"[red]failed: {', '.join(failed)}[/red]")
    return 1 if failed else 0


def _measure(names: list[str]) -> tuple[dict[str, Figure], list[str]]:
    """Run each benchmark in an interpreter of its own, so that none warms up another."""
    measured: dict[str, Figure] = {}
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            _console.print(f"{name} ...")
            answer = Path(folder) / name
            command = [sys.executable, "-m", "benchmarks", name, "--write", str(answer)]
            if subprocess.run(command, cwd=ROOT, check=False).returncode == 0:
                measured |= json.loads(answer.read_text())
            else:
                failed.append(name)
    return measured, failed


def _keep(measured: dict[str, Figure]) -> None:
    """Write the figures; those that were not measured this time stay as they are."""
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(before | measured, indent=2, sort_keys=True) + "\n")


def _table(measured: dict[str, Figure]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("name", "unit"):
        table.add_column(column, no_wrap=True)
    for column in ("ours", "naive", "floor", "ours/naive", "ours/floor"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, figure in sorted(measured.items()):
        ours, naive, floor = figure["ours"], figure["naive"], figure["floor"]
        cells = [_number(ours), _number(naive), _number(floor)]
        table.add_row(name, figure["unit"], *cells, _ratio(ours, naive), _ratio(ours, floor))
    return table


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"  # noqa: PLR2004


def _ratio(ours: float, other: float | None) -> str:
    return f"{ours / other:.2f}" if other else ""


if __name__ == "__main__":
    sys.exit(main())
