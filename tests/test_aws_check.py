"""The check of a real account, as far as it needs none: what it refuses, reports and documents."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aws_check.account import Account
from aws_check.finding import Answered, Finding, Verdict
from aws_check.questions import QUESTIONS
from aws_check.remains import Remain
from aws_check.report import Report
from demo.progress import DemoError

PAGE = Path(__file__).parents[1] / "docs" / "aws-check.md"
CAMPAIGN = "arn:aws:personalize:us-east-1:123456789012:campaign/mine"


def report() -> Report:
    return Report("123456789012", "us-east-1", "arn:aws:iam::123456789012:user/me", False, [])


def test_refuses_a_region_without_amazon_personalize(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")

    with pytest.raises(DemoError, match=r"is in the Regions .*us-east-1.*, got eu-north-1"):
        Account.of_environment()


def test_tells_what_a_leftover_costs_and_how_to_remove_it() -> None:
    remain = Remain.of(f"personalize: {CAMPAIGN}")

    assert remain.dollars_per_hour == pytest.approx(0.54)
    assert remain.command == f"aws personalize delete-campaign --campaign-arn {CAMPAIGN}"


def test_the_report_says_what_is_left_and_what_it_costs_by_the_hour() -> None:
    of_a_run = report()
    of_a_run.was_looked_for = True
    of_a_run.remains = [Remain.of(f"personalize: {CAMPAIGN}"), Remain.of("kinesis: events")]

    text = of_a_run.as_markdown()

    assert "About $0.58 an hour, until it is removed" in text
    assert f"`aws personalize delete-campaign --campaign-arn {CAMPAIGN}`" in text
    assert not of_a_run.is_clean


def test_the_report_does_not_claim_that_nothing_is_left_when_nobody_looked() -> None:
    text = report().as_markdown()

    assert "Not known: the check ended before the services were asked." in text


def test_a_row_of_the_report_stays_one_row() -> None:
    finding = Finding("a | b", Verdict.CONFIRMS, ["one\ntwo | three"])
    of_a_run = report()
    of_a_run.answers = [Answered.of(1, QUESTIONS[0], finding)]

    (row,) = (line for line in of_a_run.as_markdown().splitlines() if line.startswith("| 1 |"))

    assert "a \\| b<br>" in row
    assert "one two \\| three" in row


def test_the_page_lists_the_questions_as_they_are_asked() -> None:
    listed = re.findall(r"^\| (\d+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)

    assert [(number, text.replace("`", "")) for number, text in listed] == [
        (str(number), question.text) for number, question in enumerate(QUESTIONS, start=1)
    ]


def test_begins_with_no_more_on_its_path_than_make_puts_there() -> None:
    root = Path(__file__).parents[1]
    recipe = next(
        line for line in (root / "Makefile").read_text().splitlines() if "-m aws_check" in line
    )
    (path,) = re.findall(r"PYTHONPATH=\$\(CURDIR\)/(\S+)", recipe)

    run = subprocess.run(
        [sys.executable, "-m", "aws_check", "--help"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / path)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert run.returncode == 0, run.stderr
