"""docs/replay.md is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from personalize_operations import command_line
from personalize_operations.errors import Cause

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "replay.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_for_which_a_message_is_left_is_explained(cause: Cause) -> None:
    assert f"\n| {cause} | " in PAGE


def test_the_options_of_the_page_are_those_of_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        command_line.main(["replay", "--help"])
    options = capsys.readouterr().out

    named = {
        option
        for line in re.findall(r"cdk-personalize replay .*", PAGE)
        for option in re.findall(r"--[a-z-]+", line)
    }
    assert {option for option in named if option not in options} == set()
    assert {"--stack", "--reason", "--limit", "--dry-run"} <= named


def test_the_links_of_the_page_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", PAGE)

    assert targets
    for target in targets:
        assert (DOCS / target).exists(), target
