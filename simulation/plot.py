"""The picture of `docs/scaling.md`: the lag and the calls over the day, at each rate."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from simulation.day import STEP, Day, Moment
from simulation.results import Case

_HOUR = 3600
_SECONDS = 120  # of one point
_AS_IS, _AS_SET, _QUOTA = "#c2571a", "#1f5fa8", "#7a7a7a"
_INK, _FRAME, _GRID = "#333333", "#bbbbbb", "#e6e6e6"
_LAGS = {1: "1 s", 10: "10 s", 60: "1 min", 600: "10 min", 3600: "1 h", 36000: "10 h"}
_DIGITS = 3

Series = Sequence[float]


def draw(cases: Sequence[Case], path: Path) -> None:
    """Write the picture, the same bytes for the same days.

    Args:
        cases: The rates.
        path: The file, an SVG.
    """
    with mpl.rc_context():
        mpl.rc("svg", hashsalt="simulation", fonttype="path")
        mpl.rc("font", family="DejaVu Sans", size=9)
        mpl.rc("axes", edgecolor=_FRAME, labelcolor=_INK)
        mpl.rc("axes.spines", top=False, right=False)
        mpl.rc("text", color=_INK)
        mpl.rc("xtick", color=_INK)
        mpl.rc("ytick", color=_INK)
        figure = Figure(figsize=(9.6, 5.2), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots(2, len(cases), sharex=True, squeeze=False)
        for column, case in enumerate(cases):
            _draw_lag(axes[0][column], case, first=column == 0)
            _draw_calls(axes[1][column], case, first=column == 0)
        handles, labels = axes[1][-1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False)
        # No date and no version, so that the same days are the same bytes.
        about = {"Date": None, "Creator": None, "Description": fingerprint(cases)}
        figure.savefig(path, metadata=about)


def fingerprint(cases: Sequence[Case]) -> str:
    """Return what tells whether a picture shows these days."""
    shown = [
        f"{value:.{_DIGITS}g}"
        for case in cases
        for day in (case.as_is, case.as_set)
        for series in (lags(day), calls(day))
        for value in series
    ]
    return hashlib.sha256(" ".join(shown).encode()).hexdigest()


def lags(day: Day) -> Series:
    """Return the longest lag of each two minutes, in seconds."""
    return [max(moment.lag for moment in moments) for moments in _points(day)]


def calls(day: Day) -> Series:
    """Return the calls of PutEvents a second, of each two minutes."""
    return [sum(moment.calls for moment in moments) / _SECONDS for moments in _points(day)]


def _points(day: Day) -> list[Sequence[Moment]]:
    steps = round(_SECONDS / STEP)
    return [day.moments[at : at + steps] for at in range(0, len(day.moments), steps)]


def _draw_lag(axes: Axes, case: Case, *, first: bool) -> None:
    axes.set_title(f"{case.traffic.mean:,.0f} events/s", fontsize=10, fontweight="bold")
    _draw_both(axes, lags(case.as_is), lags(case.as_set))
    axes.set_yscale("log")
    axes.set_ylim(0.7, 86_400 * 1.4)
    axes.yaxis.set_major_locator(FixedLocator(list(_LAGS)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _LAGS[round(value)]))
    if first:
        axes.set_ylabel("longest lag")
    else:
        axes.tick_params(labelleft=False)


def _draw_calls(axes: Axes, case: Case, *, first: bool) -> None:
    _draw_both(axes, calls(case.as_is), calls(case.as_set))
    quotas = {
        "quota of a new account": (case.as_is.deployment.quotas.put_events, ":"),
        "quota to ask for": (case.as_set.deployment.quotas.put_events, "--"),
    }
    for label, (quota, dashes) in quotas.items():
        axes.axhline(quota, color=_QUOTA, linewidth=1.2, linestyle=dashes, label=label)
    axes.set_ylim(0, 1.08 * case.as_set.deployment.quotas.put_events)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlim(0, 24)
    axes.set_xticks([0, 6, 12, 18, 24])
    axes.set_xlabel("hour of the day")
    if first:
        axes.set_ylabel("PutEvents a second")


def _draw_both(axes: Axes, as_is: Series, as_set: Series) -> None:
    hours = [point * _SECONDS / _HOUR for point in range(len(as_is))]
    axes.plot(hours, as_is, color=_AS_IS, linewidth=1.4, label="as the construct is")
    axes.plot(hours, as_set, color=_AS_SET, linewidth=1.4, label="with what to set")
    axes.grid(axis="y", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
