"""What a cold start of the recommendation API takes and what it costs to have fewer of them.

`python -m simulation.cold_starts` writes the tables of `docs/cold-starts.md`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from simulation.costs import DAYS, MILLION, MONTH_SECONDS, Prices
from simulation.page import rendered
from simulation.words import dollars, number, share, table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "cold-starts.md"

MEMORIES = (256, 512, 1024, 1769)
VOLUMES = (1, 10, 100)  # million requests a month
DEFAULT_MEMORY = 512
_PROCESSOR_MEMORY = 1769  # MB that have one processor (Lambda guide, "Configure memory")
_GB = 1024
_MS = 1000


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a request and a start of the function take, none of which AWS documents.

    Attributes:
        wait_seconds: Amazon Personalize takes to answer, and the function waits.
        processor_seconds: A processor takes for the rest of a request.
        start_seconds: A processor takes to load the function: what was measured, and Python.
        cold_share: The share of requests that meet a cold start. "Typically under 1 %", says the
            Lambda guide, "Understanding the Lambda execution environment lifecycle".
        peak: The busiest minute, in terms of the mean.
    """

    wait_seconds: float = 0.050
    processor_seconds: float = 0.003
    start_seconds: float = 0.250
    cold_share: float = 0.01
    peak: float = 3.0

    def seconds(self, memory: int) -> float:
        """Return what a request takes that meets no cold start."""
        return self.wait_seconds + self.processor_seconds / processors(memory)

    def slowest_start(self, memory: int) -> float:
        """Return what a start takes if it has no more of a processor than requests have."""
        return self.start_seconds / processors(memory)

    def environments(self, memory: int, million_requests: float) -> int:
        """Return how many requests there are at the same time in the busiest minute."""
        a_second = million_requests * MILLION / MONTH_SECONDS * self.peak
        return math.ceil(a_second * self.seconds(memory))


@dataclass(frozen=True, kw_only=True)
class FunctionPrices:
    """List prices of Lambda in us-east-1 on ARM, in USD, without the free tier.

    Attributes:
        requests: A million requests.
        second: A second of a GB of memory.
        provisioned: A second of a GB of memory that is kept ready.
        provisioned_second: A second of such a GB when it answers.
        cached: A second of a GB of a snapshot of SnapStart, three hours at least.
        restored: A GB of a snapshot that is restored.
    """

    requests: float = Prices.requests
    second: float = Prices.gib_second
    provisioned: float = 0.000_003_333_4
    provisioned_second: float = 0.000_007_777_8
    cached: float = 0.000_001_504_6
    restored: float = 0.000_139_799_8


def processors(memory: int) -> float:
    """Return the share of a processor that a memory has; Python uses no more than one."""
    return min(1.0, memory / _PROCESSOR_MEMORY)


def on_demand(memory: int, load: Load, prices: FunctionPrices) -> float:
    """Return the USD of a million requests, the cold starts among them."""
    seconds = load.seconds(memory) + load.cold_share * load.slowest_start(memory)
    return prices.requests + MILLION * seconds * memory / _GB * prices.second


def snap_start(memory: int, million_requests: float, load: Load, prices: FunctionPrices) -> float:
    """Return the USD of a million requests with SnapStart, of so many in a month.

    Args:
        memory: In MB.
        million_requests: Of a month.
        load: What a request takes.
        prices: What things cost.
    """
    size = memory / _GB
    cached = MONTH_SECONDS * size * prices.cached / million_requests
    restored = MILLION * load.cold_share * size * prices.restored
    warm = prices.requests + MILLION * load.seconds(memory) * size * prices.second
    return warm + cached + restored


def provisioned(memory: int, million_requests: float, load: Load, prices: FunctionPrices) -> float:
    """Return the USD of a million requests where as many environments as the peak needs are kept.

    Args:
        memory: In MB.
        million_requests: Of a month.
        load: What a request takes.
        prices: What things cost.
    """
    size = memory / _GB
    kept = load.environments(memory, million_requests) * MONTH_SECONDS * size * prices.provisioned
    answering = MILLION * load.seconds(memory) * size * prices.provisioned_second
    return prices.requests + answering + kept / million_requests


def blocks(load: Load | None = None, prices: FunctionPrices | None = None) -> Mapping[str, str]:
    """Return the tables of the page by their names.

    Args:
        load: What a request takes (default: what is assumed).
        prices: What things cost (default: the list prices).
    """
    load, prices = load or Load(), prices or FunctionPrices()
    return {
        "memory": _memories(load, prices),
        "volume": _volumes(load, prices),
        "assumptions": _assumptions(load),
        "prices": _prices(prices),
    }


def _memories(load: Load, prices: FunctionPrices) -> str:
    return table(
        ["", *(f"{memory:,} MB" for memory in MEMORIES)],
        [
            ["of a processor", *(number(processors(memory), 2) for memory in MEMORIES)],
            ["a request, warm, ms", *(_ms(load.seconds(memory)) for memory in MEMORIES)],
            ["a start with a whole processor, ms", *[_ms(load.start_seconds)] * len(MEMORIES)],
            [
                "a start with its share of one, ms",
                *(_ms(load.slowest_start(memory)) for memory in MEMORIES),
            ],
            [
                "USD for a million requests",
                *(dollars(on_demand(memory, load, prices)) for memory in MEMORIES),
            ],
            [
                "of which for cold starts, at most",
                *(
                    dollars(on_demand(memory, load, prices) - prices.requests - warm)
                    for memory in MEMORIES
                    for warm in [MILLION * load.seconds(memory) * memory / _GB * prices.second]
                ),
            ],
        ],
    )


def _volumes(load: Load, prices: FunctionPrices) -> str:
    rows = []
    for memory in MEMORIES:
        size = f"{memory:,} MB"
        rows += [
            [f"{size}, on demand", *[dollars(on_demand(memory, load, prices))] * len(VOLUMES)],
            [
                f"{size}, SnapStart",
                *(dollars(snap_start(memory, volume, load, prices)) for volume in VOLUMES),
            ],
            [
                f"{size}, provisioned concurrency",
                *(
                    f"{dollars(provisioned(memory, volume, load, prices))}"
                    f" ({load.environments(memory, volume)})"
                    for volume in VOLUMES
                ),
            ],
        ]
    return table(
        ["USD for a million requests, of a month with", *(f"{each} million" for each in VOLUMES)],
        rows,
    )


def _assumptions(load: Load) -> str:
    return table(
        ["what is assumed", "value"],
        [
            ["Amazon Personalize answers in", f"{_ms(load.wait_seconds)} ms"],
            [
                "the rest of a request: signing, JSON, logs, figures",
                f"{_ms(load.processor_seconds)} ms of a processor",
            ],
            [
                "loading the function, and starting Python",
                f"{_ms(load.start_seconds)} ms of a processor",
            ],
            ["requests that meet a cold start", share(load.cold_share)],
            ["the busiest minute", f"{number(load.peak)} times the mean"],
            ["a month", f"{DAYS} days, and one version of the function in it"],
        ],
        numbers=False,
    )


_PRICED = {
    "requests": "a million requests",
    "second": "a GB and second",
    "provisioned": "a GB and second of provisioned concurrency",
    "provisioned_second": "a GB and second of answering in it",
    "cached": "a GB and second of a snapshot (SnapStart), three hours at least",
    "restored": "a GB of a snapshot that is restored",
}


def _prices(prices: FunctionPrices) -> str:
    rows = [
        [_PRICED[each.name], f"{getattr(prices, each.name):.10f}".rstrip("0")]
        for each in fields(prices)
    ]
    return table(["us-east-1, arm64", "USD"], rows)


def _ms(seconds: float) -> str:
    return number(seconds * _MS, 2)


def main() -> int:
    """Write the page."""
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8"), blocks()), "utf-8")
    print(f"{PAGE.relative_to(ROOT)} is written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
