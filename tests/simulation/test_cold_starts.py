"""What docs/cold-starts.md says is what its arithmetic says now."""

import pytest

from simulation.cold_starts import (
    MEMORIES,
    PAGE,
    VOLUMES,
    FunctionPrices,
    Load,
    blocks,
    on_demand,
    provisioned,
    snap_start,
)
from simulation.page import names, rendered

LOAD, PRICES = Load(), FunctionPrices()


def test_the_page_says_what_the_arithmetic_says_now() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert rendered(page, blocks()) == page, "run python -m simulation.cold_starts"


def test_the_page_has_a_place_for_each_table() -> None:
    assert sorted(names(PAGE.read_text(encoding="utf-8"))) == sorted(blocks())


def test_the_links_of_the_page_lead_somewhere() -> None:
    page = PAGE.read_text(encoding="utf-8")
    targets = [part.split(")")[0].split("#")[0] for part in page.split("](")[1:]]

    for target in targets:
        exists = not target or (PAGE.parent / target).exists()
        assert target.startswith("https://") or exists, target


def test_a_million_requests_cost_what_the_price_list_says() -> None:
    load = Load(wait_seconds=0.1, processor_seconds=0, start_seconds=0)

    assert on_demand(1024, load, PRICES) == pytest.approx(0.20 + 100_000 * 0.000_013_333_4)


def test_a_snapshot_is_paid_for_by_the_second_and_by_the_restoring() -> None:
    load = Load(wait_seconds=0, processor_seconds=0, cold_share=0.01)
    month = 30 * 24 * 3600

    assert snap_start(1024, 1, load, PRICES) == pytest.approx(
        0.20 + month * 0.000_001_504_6 + 10_000 * 0.000_139_799_8
    )


def test_environments_are_kept_for_the_busiest_minute() -> None:
    load = Load(wait_seconds=0.5, processor_seconds=0, peak=2)

    # 25.92 million requests a month are ten a second, and twenty at the peak.
    assert load.environments(1024, 25.92) == 10
    assert provisioned(1024, 25.92, load, PRICES) == pytest.approx(
        0.20 + 500_000 * 0.000_007_777_8 + 10 * 30 * 86_400 * 0.000_003_333_4 / 25.92
    )


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("volume", VOLUMES)
def test_snap_start_costs_more_than_the_starts_that_it_shortens(memory: int, volume: int) -> None:
    assert snap_start(memory, volume, LOAD, PRICES) > on_demand(memory, LOAD, PRICES)


@pytest.mark.parametrize("memory", MEMORIES)
def test_restoring_is_the_price_of_ten_seconds(memory: int) -> None:
    assert PRICES.restored / PRICES.second == pytest.approx(10, abs=0.6)
    assert LOAD.slowest_start(memory) < 2


@pytest.mark.parametrize("memory", MEMORIES)
def test_provisioned_concurrency_is_dear_with_few_requests_and_not_with_many(memory: int) -> None:
    least = on_demand(memory, LOAD, PRICES)

    assert provisioned(memory, 1, LOAD, PRICES) > 3 * least
    assert provisioned(memory, 100, LOAD, PRICES) == pytest.approx(least, rel=0.5)
