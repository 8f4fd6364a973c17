"""`make simulation`: play the days, and write `docs/scaling.md` and its picture.

With `--rate` it prints the tables for a traffic of your own instead.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from simulation import sources
from simulation.blocks import blocks
from simulation.page import rendered
from simulation.plot import draw
from simulation.results import Case, cases
from simulation.settings import MAX_WINDOW, Traffic, Visits

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "scaling.md"
PICTURE = ROOT / "docs" / "scaling.svg"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page, or print what a traffic of one's own comes to."""
    options = _parser().parse_args(arguments)
    if options.rate is not None:
        for name, text in blocks([_own(options)]).items():
            print(f"{name}\n\n{text}\n")
        return 0
    played = cases()
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8"), all_blocks(played)), "utf-8")
    draw(played, PICTURE)
    print(f"{PAGE.relative_to(ROOT)} and {PICTURE.relative_to(ROOT)} are written")
    return 0


def all_blocks(played: Sequence[Case]) -> Mapping[str, str]:
    """Return the blocks of the page by their names.

    Args:
        played: The rates.
    """
    return {
        **blocks(played),
        "facts": sources.facts(),
        "assumptions": sources.assumptions(),
        "prices": sources.prices(),
    }


def _own(options: argparse.Namespace) -> Case:
    visits = Visits(
        seconds_between_events=options.seconds_between_events, seconds=options.session_seconds
    )
    traffic = Traffic(mean=options.rate, visits=visits, event_bytes=options.event_bytes)
    return Case(traffic, options.window)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    own = parser.add_argument_group("a traffic of your own")
    visits, traffic = Visits(), Traffic(mean=1)
    own.add_argument("--rate", type=_positive, help="events a second, on the mean of the day")
    own.add_argument("--window", type=_window, default=1.0, help="seconds (default: 1)")
    own.add_argument(
        "--seconds-between-events",
        type=_positive,
        default=visits.seconds_between_events,
        help="of one session (default: %(default)s)",
    )
    own.add_argument(
        "--session-seconds",
        type=_positive,
        default=visits.seconds,
        help="how long a session lasts (default: %(default)s)",
    )
    own.add_argument(
        "--event-bytes",
        type=int,
        default=traffic.event_bytes,
        help="of an event as JSON (default: %(default)s)",
    )
    return parser


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        msg = f"it must be above 0, got {text}"
        raise argparse.ArgumentTypeError(msg)
    return value


def _window(text: str) -> float:
    value = float(text)
    if not 0 <= value <= MAX_WINDOW:
        msg = f"it must be between 0 and {MAX_WINDOW} seconds, got {text}"
        raise argparse.ArgumentTypeError(msg)
    return value


if __name__ == "__main__":
    sys.exit(main())
