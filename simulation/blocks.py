"""The tables of `docs/scaling.md`, each under the name that its place in the page has."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from simulation import costs
from simulation.advice import busiest_cycle
from simulation.day import STEP, Day, Limit
from simulation.fill import events_per_call
from simulation.limits import limits
from simulation.results import WINDOWS, Case
from simulation.settings import (
    ON_DEMAND_FIRST_SHARDS,
    VCPU_MEMORY,
    Deployment,
    EventSource,
    IngestFunction,
    Quotas,
    Traffic,
)
from simulation.throttling import Sending, throttled
from simulation.traffic import BUSIEST, peak
from simulation.words import dollars, duration, number, share, table

_OTHER_WINDOWS = (1.0, 5.0, 10.0, 30.0, 60.0)
_SPANS = (1.0, 5.0, 10.0, 30.0, 60.0, 120.0)
_BETWEEN = (5.0, 15.0, 60.0)
_FACTORS = (1, 2, 5, 10)
_SHOP = 100.0
_USUAL = (10.0, 100.0, 400.0, 800.0)
_SHARING = (50, 200, 500)


def blocks(cases: Sequence[Case]) -> Mapping[str, str]:
    """Return the blocks of the page by their names.

    Args:
        cases: The rates.
    """
    made: Mapping[str, Callable[[Sequence[Case]], str]] = {
        "results": _results,
        "usual": _usual,
        "limits": _limits,
        "settings": _settings,
        "windows": _windows,
        "fill": _fill,
        "function": _function,
        "throttled": _throttled,
        "costs": _costs,
        "new-stream": _new_stream,
        "traffic": _traffic,
    }
    return {name: make(cases) for name, make in made.items()}


def _rates(cases: Sequence[Case]) -> list[str]:
    return [f"{case.traffic.mean:,.0f}" for case in cases]


def _results(cases: Sequence[Case]) -> str:
    """What becomes of a day, as the construct is and with what to set."""
    rows: Mapping[str, Callable[[Day], str]] = {
        "lag, 99 % of the events sent": lambda day: duration(day.lag(0.99)),
        "longest lag": lambda day: duration(day.peak_lag),
        "not sent at the end of the day": lambda day: share(day.waiting / day.events),
        "shards, at most": lambda day: f"{max(moment.shards for moment in day.moments):,}",
        "invocations at the same time, at most": lambda day: (
            f"{math.ceil(max(moment.concurrency for moment in day.moments)):,}"
        ),
        "`PutEvents` a second, at most": _most_calls,
        "events a call": lambda day: number(day.sent / day.calls),
        "what holds events back": lambda day: str(day.main_limit() or "nothing"),
    }
    days = [case.as_is for case in cases] + [case.as_set for case in cases]
    head = [
        "",
        *(f"{rate}, as it is" for rate in _rates(cases)),
        *(f"{rate}, as set" for rate in _rates(cases)),
    ]
    return table(head, [[name, *map(show, days)] for name, show in rows.items()])


def _usual(cases: Sequence[Case]) -> str:
    """What the construct does as it is, at rates that most have."""
    usual = [Case(replace(cases[0].traffic, mean=rate), window=1.0) for rate in _USUAL]
    days = [case.as_is for case in usual]
    rows = {
        "million events a day": [number(day.events / 1e6, 2) for day in days],
        "`PutEvents` a second, at most": [_most_calls(day) for day in days],
        "lag, 99 % of the events sent": [duration(day.lag(0.99)) for day in days],
        "longest lag": [duration(day.peak_lag) for day in days],
        "USD a month: Kinesis on demand": [
            dollars(costs.of_stream(day.deployment, day.traffic)) for day in days
        ],
    }
    for day in days:
        for part, price in costs.bill(day).items():
            rows.setdefault(f"USD a month: {part}", []).append(dollars(price))
    return table(
        ["events a second", *_rates(usual)], [[name, *cells] for name, cells in rows.items()]
    )


def _most_calls(day: Day) -> str:
    return number(max(moment.calls for moment in day.moments) / STEP)


def _limits(cases: Sequence[Case]) -> str:
    """Where each limit is, and which is the first."""
    deployments = [Deployment(), *(case.as_set.deployment for case in cases)]
    found = [limits(deployment, cases[0].traffic) for deployment in deployments]
    (first, at), (second, then) = list(found[0].items())[:2]
    rows = []
    for limit in Limit:
        cells = []
        for one in found:
            hit = number(one[limit]) if limit in one else "never"
            cells.append(f"**{hit}**" if limit is next(iter(one)) else hit)
        rows.append([str(limit), *cells])
    head = [
        "events a second at",
        "as the construct is",
        *(f"as set for {r}" for r in _rates(cases)),
    ]
    on_the_mean = at / peak(replace(cases[0].traffic, mean=1.0))
    return (
        f"As the construct is, the first limit is {first}, at {number(at)} events a second, which"
        f" a day of {number(on_the_mean, 2)} on the mean has in its burst. The next is {second}, at"
        f" {number(then)}.\n\n{table(head, rows)}"
    )


def _settings(cases: Sequence[Case]) -> str:
    """What to set for each rate."""
    rows = []
    for case, rate in zip(cases, _rates(cases), strict=True):
        deployment = case.as_set.deployment
        source, quotas = deployment.event_source, deployment.quotas
        rows.append(
            [
                rate,
                f"{deployment.shard_count}",
                f"{source.parallelization_factor}",
                f"{source.batch_size:,}",
                f"{source.window:.0f} s",
                _asked(quotas.put_events, Quotas().put_events),
                _asked(quotas.concurrency, Quotas().concurrency),
            ]
        )
    head = [
        "events a second",
        "`shard_count`",
        "`parallelization_factor`",
        "`batch_size`",
        "`max_batching_window`",
        "quota of `PutEvents`, calls a second",
        "quota of Lambda's concurrency",
    ]
    return f"{table(head, rows)}\n\n{_example(cases[len(cases) // 2])}"


def _example(case: Case) -> str:
    """What to set, as one writes it."""
    deployment = case.as_set.deployment
    source = deployment.event_source
    return f"""For {case.traffic.mean:,.0f} events a second:

```python
EventIngestion(
    self,
    "Ingestion",
    event_tracker=tracker,
    shard_count={deployment.shard_count},
    event_source=EventSourceOptions(
        batch_size={source.batch_size},
        max_batching_window=Duration.seconds({source.window:.0f}),
        parallelization_factor={source.parallelization_factor},
    ),
)
```"""


def _windows(cases: Sequence[Case]) -> str:
    """What another window would give."""
    middle = cases[len(cases) // 2]
    rows = []
    for window in sorted({*_OTHER_WINDOWS, *WINDOWS.values()}):
        turn = busiest_cycle(middle.with_window(window), middle.traffic)
        quotas = [
            _asked(case.with_window(window).quotas.put_events, Quotas().put_events)
            for case in cases
        ]
        rows.append(
            [
                f"{window:.0f} s",
                duration(turn.longest_lag),
                number(turn.events_per_call, 2),
                *quotas,
            ]
        )
    rate = f"{middle.traffic.mean:,.0f}"
    head = [
        "window",
        f"longest lag in the burst, at {rate}",
        f"events a call there, at {rate}",
        *(f"quota to ask for, at {one}" for one in _rates(cases)),
    ]
    return table(head, rows)


def _fill(cases: Sequence[Case]) -> str:
    """How full a call is, by the seconds of events in a batch."""
    visits = cases[0].traffic.visits
    rows = [
        [
            f"{between:.0f} s",
            *(
                number(events_per_call(span, replace(visits, seconds_between_events=between)), 3)
                for span in _SPANS
            ),
        ]
        for between in _BETWEEN
    ]
    head = ["a session has an event every", *(f"{span:.0f} s of events" for span in _SPANS)]
    return table(head, rows)


def _function(cases: Sequence[Case]) -> str:
    """What the function gets through, by its settings."""
    rows = []
    shop = Case(replace(cases[0].traffic, mean=_SHOP), window=1.0)
    for memory in (512, VCPU_MEMORY // 2, VCPU_MEMORY):
        cells = []
        for factor in _FACTORS:
            deployment = Deployment(
                shard_count=ON_DEMAND_FIRST_SHARDS,
                event_source=EventSource(parallelization_factor=factor),
                function=IngestFunction(memory=memory),
            )
            found = limits(deployment, cases[0].traffic)
            cells.append(number(found[Limit.FUNCTION], 2))
        function = IngestFunction(memory=memory)
        bill = costs.bill(shop.played_with(Deployment(function=function)))
        rows.append([f"{memory:,} MB", *cells, dollars(bill["Lambda, time"])])
    head = [
        "memory",
        *(f"`parallelization_factor` {factor}" for factor in _FACTORS),
        f"USD a month for Lambda's time, as the construct is, at {_SHOP:.0f} events a second",
    ]
    return table(head, rows)


def _throttled(cases: Sequence[Case]) -> str:
    """What becomes of batches that are far more than the quota."""
    deployment = Deployment()
    function, quota = deployment.function, deployment.quotas.put_events
    batch = deployment.event_source.batch_size
    sending = Sending(
        calls=batch,
        threads=function.threads,
        try_seconds=function.try_seconds,
        seconds=function.sending_seconds,
    )
    rows = []
    for running in _SHARING:
        outcome = throttled(quota / running, sending)
        rows.append(
            [
                f"{running:,}",
                duration(running * sending.calls / quota),
                share(outcome.accepted / outcome.tries),
                share(outcome.used),
                share(outcome.useful),
                share(outcome.least_share),
            ]
        )
    head = [
        f"invocations that share {quota:,.0f} calls a second",
        f"a batch of {batch:,} calls takes, at least",
        "tries that are accepted",
        "calls of the quota that are used",
        "accepted calls that are not repeats",
        "what the slowest sends, of a fair share",
    ]
    return table(head, rows)


def _costs(cases: Sequence[Case]) -> str:
    """What a month costs, as set."""
    rows: dict[str, list[float]] = {
        "Kinesis, provisioned shards": [
            costs.of_stream(case.as_set.deployment, case.traffic) for case in cases
        ]
    }
    for case in cases:
        for part, price in costs.bill(case.as_set).items():
            rows.setdefault(part, []).append(price)
    totals = [sum(prices) for prices in zip(*rows.values(), strict=True)]
    millions = [case.traffic.mean * costs.MONTH_SECONDS / costs.MILLION for case in cases]
    rows["together"] = totals
    rows["for a million events"] = [
        total / million for total, million in zip(totals, millions, strict=True)
    ]
    days = Deployment().retention_days
    rows["Kinesis on demand instead"] = [costs.on_demand(case.traffic, days) for case in cases]
    rows["Kinesis in On-demand Advantage instead, at most"] = [
        costs.on_demand_advantage(case.traffic, days) for case in cases
    ]
    return table(
        ["USD a month", *_rates(cases)],
        [[part, *map(dollars, prices)] for part, prices in rows.items()],
    )


def _new_stream(cases: Sequence[Case]) -> str:
    """What a new stream on demand does with a rate that it does not know."""
    rows = []
    for case, rate in zip(cases, _rates(cases), strict=True):
        moments = case.new_stream
        refusing = [moment for moment in moments if moment.limit is Limit.WRITES]
        rows.append(
            [
                rate,
                duration(len(refusing) * STEP) if refusing else "never",
                number(max(moment.held for moment in moments), 2),
                f"{moments[-1].shards:,}",
            ]
        )
    head = [
        "events a second",
        "producers have to put again for",
        "events that they hold, at most",
        "shards in the end",
    ]
    return table(head, rows)


def _traffic(cases: Sequence[Case]) -> str:
    """What the day is like."""
    rows = [
        ["the evening, without the burst", *(number(c.traffic.mean * BUSIEST, 2) for c in cases)],
        ["the height of the burst", *(number(peak(case.traffic), 2) for case in cases)],
        [
            "sessions at the same time, on the mean",
            *(number(_sessions(case.traffic), 2) for case in cases),
        ],
        ["million events a day", *(number(case.as_set.events / 1e6, 2) for case in cases)],
    ]
    return table(["events a second on the mean of the day", *_rates(cases)], rows)


def _sessions(traffic: Traffic) -> float:
    return traffic.mean / traffic.visits.rate


def _asked(quota: float, default: float) -> str:
    """Return a quota, and whether it has to be asked for."""
    return f"{quota:,.0f}" if quota > default else f"{quota:,.0f} (the default)"
