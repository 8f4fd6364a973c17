"""What it costs."""

from dataclasses import replace

import pytest

from simulation import costs
from simulation.settings import Traffic
from simulation.traffic import DAY
from tests.simulation.days import ONE


def test_a_stream_costs_what_the_price_list_says() -> None:
    traffic = Traffic(mean=1_000, event_bytes=350)
    month = 30 * 24
    records = 1_000 * 30 * DAY

    provisioned = costs.provisioned(traffic, 4, retention_days=1)
    on_demand = costs.on_demand(traffic, retention_days=1)

    assert provisioned == pytest.approx(4 * month * 0.015 + records / 1e6 * 0.014)
    written, read = records * 1024 / 2**30, records * 350 / 2**30
    assert on_demand == pytest.approx(month * 0.04 + written * 0.08 + read * 0.04)


def test_events_below_a_kib_cost_the_same_to_write_on_demand() -> None:
    small, large = (replace(ONE, mean=1e5, event_bytes=size) for size in (100, 1024))
    free_reads = replace(costs.Prices(), read_gib=0.0, kept_gib_month=0.0)

    assert costs.on_demand(small, 7, free_reads) == costs.on_demand(large, 7, free_reads)


def test_on_demand_advantage_has_a_least_price() -> None:
    tiny, small = Traffic(mean=1), Traffic(mean=100)

    assert costs.on_demand_advantage(tiny, 1) == costs.on_demand_advantage(small, 1) > 1_000
