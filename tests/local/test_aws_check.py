"""The check of a real account, on a local AWS that asks IAM: what it asks, does and leaves.

It deploys the demo, uses and destroys it: the permissions of its roles are those that it needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from aws_check.check import Check
from aws_check.finding import Confidence
from aws_check.names import STACK, STACK_DESCRIPTION
from aws_check.pace import LOCAL_PACE
from aws_check.questions import QUESTIONS
from aws_check.report import Report
from demo.cdk_cli import ROOT, CdkCli
from demo.progress import DemoError
from personalize_emulator.local import LocalAws
from tests.local.half_check_app import half_check_app

pytestmark = pytest.mark.local


def answering(*answers: str) -> Callable[[str], str]:
    """A person who gives these answers, one after the other."""
    left = iter(answers)
    return lambda _: next(left)


def statuses(aws: LocalAws) -> list[str]:
    """The statuses of the stacks of that name that are there."""
    pages = boto3.client("cloudformation", **aws.client_options).get_paginator("list_stacks")
    return [
        stack["StackStatus"]
        for page in pages.paginate()
        for stack in page["StackSummaries"]
        if stack["StackName"] == STACK and stack["StackStatus"] != "DELETE_COMPLETE"
    ]


def report_of(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return read


def make_stack(aws: LocalAws, description: str) -> None:
    """Make a stack of that name, as a check that was killed leaves it."""
    cloudformation = boto3.client("cloudformation", **aws.client_options)
    template = {"Description": description, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps(template))
    wait_for(cloudformation, "stack_create_complete")


def wait_for(cloudformation: Any, state: str) -> None:
    cloudformation.get_waiter(state).wait(StackName=STACK, WaiterConfig={"Delay": 1})


HalfCheck = Callable[..., Check]


@pytest.fixture(scope="module")
def half_check(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> HalfCheck:
    """A check whose stack lacks what the demo has: it fails once that is deployed."""
    app = half_check_app(tmp_path_factory.mktemp("half"))

    def check(folder: Path, *answers: str) -> Check:
        ask = answering(*answers)
        return Check(aws, folder, pace=LOCAL_PACE, ask=ask, is_dry_run=True, app=app)

    return check


@pytest.fixture
def stack_of_somebody(aws: LocalAws) -> Iterator[None]:
    make_stack(aws, "The stack of somebody else.")
    yield
    cloudformation = boto3.client("cloudformation", **aws.client_options)
    cloudformation.delete_stack(StackName=STACK)
    wait_for(cloudformation, "stack_delete_complete")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    folder = tmp_path_factory.mktemp("guarded")
    with LocalAws(folder, node_path=ROOT / "node_modules", auth=True) as guarded:
        yield guarded


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("check")


@pytest.fixture(scope="module")
def report(aws: LocalAws, folder: Path) -> Report:
    """The report of a whole check."""
    ask = answering(aws.account)
    return Check(aws, folder, pace=LOCAL_PACE, ask=ask, is_dry_run=True).run()


def test_goes_through_every_step(report: Report) -> None:
    names = [step["name"] for step in report.steps]

    assert [name for name in names if not str(name).startswith("Question")] == [
        "Synthesise the stack",
        "Look for leftovers of an earlier check",
        "Look for the bootstrap stack of the CDK",
        "cdk deploy",
        "Upload, import, train, deploy campaigns",
        "Ask for recommendations",
        "Put events on the stream, and see the list change",
        "Look at the dead letters",
        "Look for the stack",
        "cdk destroy",
        "Look what is left",
    ]
    assert report.problems == []


def test_answers_every_question_that_local_aws_can_answer(report: Report) -> None:
    assert len(report.answers) == len(QUESTIONS)
    unanswered = [each for each in report.answers if each.confidence == Confidence.NOT_ANSWERED]
    assert [each.question for each in unanswered] == [
        "What does the floor of an idle campaign of a v2 recipe cost?"
    ]
    assert unanswered[0].answer.startswith("not answered: the price list cannot be read: ")


def test_tells_word_for_word_what_the_service_said(report: Report) -> None:
    answer = next(each for each in report.answers if "DeleteDataset" in each.question)

    assert "HTTP 400 ResourceInUseException: " in answer.evidence[0]


def test_leaves_nothing(report: Report, aws: LocalAws) -> None:
    assert report.was_looked_for
    assert report.remains == []
    assert statuses(aws) == []


def test_writes_the_report_for_programs_and_for_people(report: Report, folder: Path) -> None:
    assert [each["answer"] for each in report_of(folder)["answers"]] == [
        each.answer for each in report.answers
    ]
    text = (folder / "report.md").read_text()
    assert "Nothing but the bootstrap stack and the key that waits for its deletion." in text
    assert all(f"\n| {number} | " in text for number in range(1, len(QUESTIONS) + 1))


def test_does_nothing_for_another_account_id(
    aws: LocalAws, half_check: HalfCheck, tmp_path: Path
) -> None:
    check = half_check(tmp_path, "210987654321")

    with pytest.raises(DemoError) as refused:
        check.run()

    assert str(refused.value) == (
        f"the account id must be {aws.account} to go on, got '210987654321'; nothing was done"
    )
    assert statuses(aws) == []
    assert not (tmp_path / "report.json").exists()


def test_destroys_the_stack_after_a_failure_in_the_middle(
    aws: LocalAws, half_check: HalfCheck, tmp_path: Path
) -> None:
    check = half_check(tmp_path, aws.account)

    with pytest.raises(DemoError, match="the stack has no output DatasetGroupArn"):
        check.run()

    assert statuses(aws) == []
    written = report_of(tmp_path)
    assert written["problems"] == [
        "DemoError: the stack has no output DatasetGroupArn, only QueueName"
    ]
    assert written["remains"] == []
    assert "cdk destroy" in [step["name"] for step in written["steps"]]


def test_destroys_the_stack_after_a_ctrl_c(
    aws: LocalAws, half_check: HalfCheck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deploy(*_: object, **__: object) -> None:
        make_stack(aws, STACK_DESCRIPTION)
        raise KeyboardInterrupt

    monkeypatch.setattr(CdkCli, "deploy", deploy)
    check = half_check(tmp_path, aws.account)

    with pytest.raises(KeyboardInterrupt):
        check.run()

    assert statuses(aws) == []
    assert report_of(tmp_path)["problems"] == ["KeyboardInterrupt"]


def test_offers_to_destroy_the_stack_of_an_earlier_check(
    aws: LocalAws, half_check: HalfCheck, tmp_path: Path
) -> None:
    make_stack(aws, STACK_DESCRIPTION)

    with pytest.raises(DemoError) as refused:
        half_check(tmp_path, "no").run()
    assert str(refused.value) == (
        f"the stack {STACK} of an earlier check is still there; nothing was done"
    )
    assert statuses(aws) == ["CREATE_COMPLETE"]

    with pytest.raises(DemoError, match="the account id must be"):
        half_check(tmp_path, "destroy", "no").run()
    assert statuses(aws) == []


@pytest.mark.usefixtures("stack_of_somebody")
def test_leaves_a_stack_of_that_name_alone_that_no_check_made(
    aws: LocalAws, half_check: HalfCheck, tmp_path: Path
) -> None:
    with pytest.raises(DemoError) as refused:
        half_check(tmp_path, "destroy", aws.account).run()

    assert str(refused.value) == (
        f"the account has a stack {STACK} that no check made; nothing was done"
    )
    assert statuses(aws) == ["CREATE_COMPLETE"]
