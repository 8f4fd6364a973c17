"""What docs/scaling.md says is what the simulation says now."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from simulation import costs
from simulation.__main__ import PAGE, PICTURE, all_blocks, main
from simulation.day import STEP, Day
from simulation.page import names, rendered
from simulation.plot import draw, fingerprint
from simulation.results import Case, cases


@pytest.fixture(scope="module")
def played() -> Sequence[Case]:
    """Return the days of the page."""
    return cases()


@pytest.fixture(scope="module")
def written(played: Sequence[Case]) -> Mapping[str, str]:
    """Return the blocks of the page."""
    return all_blocks(played)


@pytest.fixture(scope="module")
def days(played: Sequence[Case]) -> Sequence[Day]:
    """Return the days of the page, one after the other."""
    return [day for case in played for day in (case.as_is, case.as_set)]


def test_the_page_says_what_the_simulation_says_now(written: Mapping[str, str]) -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert rendered(page, written) == page, "run make simulation"


def test_the_page_has_a_place_for_each_block(written: Mapping[str, str]) -> None:
    assert sorted(names(PAGE.read_text(encoding="utf-8"))) == sorted(written)


def test_the_picture_shows_the_days_that_the_simulation_plays_now(played: Sequence[Case]) -> None:
    assert fingerprint(played) in PICTURE.read_text(encoding="utf-8"), "run make simulation"


def test_the_same_days_are_the_same_picture(played: Sequence[Case], tmp_path: Path) -> None:
    first, second = tmp_path / "1.svg", tmp_path / "2.svg"

    draw(played[:1], first)
    draw(played[:1], second)

    assert first.read_bytes() == second.read_bytes()
    assert b"<dc:date>" not in first.read_bytes()


def test_the_links_of_the_page_lead_somewhere() -> None:
    page = PAGE.read_text(encoding="utf-8")
    targets = [part.split(")")[0].split("#")[0] for part in page.split("](")[1:]]

    for target in targets:
        exists = not target or (PAGE.parent / target).exists()
        assert target.startswith("https://") or exists, target


@pytest.mark.parametrize("argument", ["--rate=0", "--rate=-1", "--window=301", "--window=-1"])
def test_the_command_line_refuses_what_cannot_be(
    argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([argument])

    assert "it must be" in capsys.readouterr().err


def test_loses_nothing(days: Sequence[Day]) -> None:
    for day in days:
        arrived = sent = 0.0
        for moment in day.moments:
            arrived += moment.arrived
            sent += moment.sent
            assert arrived == pytest.approx(sent + moment.held + moment.unsent)


def test_keeps_within_the_quotas(days: Sequence[Day]) -> None:
    for day in days:
        quotas = day.deployment.quotas
        assert max(moment.calls for moment in day.moments) <= quotas.put_events * STEP * 1.000001
        assert max(moment.concurrency for moment in day.moments) <= quotas.concurrency * 1.000001


def test_the_bill_grows_with_the_events(played: Sequence[Case]) -> None:
    bills = [sum(costs.bill(case.as_set).values()) for case in played]

    assert bills == sorted(bills)
