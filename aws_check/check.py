"""One check: deploy the demo, use it, ask the questions, destroy it, and report."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.markup import escape

from aws_check import plan
from aws_check.account import caller_of, client_of
from aws_check.costs import costs
from aws_check.finding import Answered, Finding, Question
from aws_check.names import STACK, STACK_DESCRIPTION
from aws_check.pace import Pace
from aws_check.probe import Probe
from aws_check.questions import QUESTIONS
from aws_check.remains import Footprint
from aws_check.report import Report
from demo.cdk_cli import CdkCli
from demo.cloud import Cloud
from demo.progress import DemoError, Note, Progress
from demo.shop import Shop
from demo.stack import DeployedStack
from personalize_emulator.generated_data import write_shop
from resource_provider.control_plane import code_of

APP = f"{sys.executable} -m aws_check.shop_app"
_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
_MODELS = 3
_USERS = 3
_DESTROY = "destroy"
_FAILURES = (BotoCoreError, ClientError, DemoError)


class Check:
    """A check of one account, step by step."""

    def __init__(
        self,
        cloud: Cloud,
        directory: Path,
        *,
        pace: Pace,
        ask: Callable[[str], str],
        is_dry_run: bool,
        app: str = APP,
        questions: tuple[Question, ...] = QUESTIONS,
    ) -> None:
        """Prepare a check; nothing is done yet.

        Args:
            cloud: The account.
            directory: The folder for data, logs and the report.
            pace: How long to wait.
            ask: Puts a question to the person who pays, and returns the answer.
            is_dry_run: Whether it is local AWS, which costs nothing.
            app: The CDK app to deploy.
            questions: What to ask AWS.
        """
        directory.mkdir(parents=True, exist_ok=True)
        write_shop(directory / "data")
        self._shop = Shop.read(directory / "data")
        self._cloud = cloud
        self._directory = directory
        self._pace = pace
        self._ask = ask
        self._questions = questions
        self._progress = Progress()
        context = (("data", str(self._shop.folder.resolve())),)
        self._cli = CdkCli(cloud, directory, context, app=app)
        self._footprint = Footprint(cloud)
        self.report = Report(
            cloud.account, cloud.region, caller_of(cloud), is_dry_run, costs(self._shop.files)
        )

    def run(self) -> Report:
        """Show the plan, ask, do everything, and leave nothing.

        Returns:
            The report, which is also written.

        Raises:
            DemoError: The person did not agree, or something is in the way; or a step failed,
                after which the stack was destroyed all the same.
        """
        with self._progress.step("Synthesise the stack"):
            self._cli.log.unlink(missing_ok=True)
            assembly = self._cli.synth()
        plan.show(self._progress.console, self.report, assembly, self._questions)
        self._clear_the_way()
        self._ask_leave()
        try:
            self._work()
        except BaseException as error:
            self.report.problems.append(_told(error))
            raise
        finally:
            self._end()
        return self.report

    def _clear_the_way(self) -> None:
        """Refuse to begin beside what an earlier check left; offer to destroy its stack."""
        if stack := self._stack():
            if stack.get("Description") != STACK_DESCRIPTION:
                msg = f"the account has a stack {STACK} that no check made; nothing was done"
                raise DemoError(msg)
            answer = self._ask(
                f"A check before this one left the stack {STACK} ({stack['StackStatus']})."
                f" Type {_DESTROY} to destroy it: "
            )
            if answer.strip() != _DESTROY:
                msg = f"the stack {STACK} of an earlier check is still there; nothing was done"
                raise DemoError(msg)
            with self._progress.step("Destroy what an earlier check left"):
                self._cli.destroy(STACK)
        with self._progress.step("Look for leftovers of an earlier check"):
            remains = self._footprint.remains(lambda _: None)
        if remains:
            listed = "\n  ".join(f"{each.name}: {each.command}" for each in remains)
            msg = f"an earlier check left something; remove it first:\n  {listed}"
            raise DemoError(msg)

    def _ask_leave(self) -> None:
        account = self._cloud.account
        answer = self._ask("Type the account id to go on: ").strip()
        if answer != account:
            msg = f"the account id must be {account} to go on, got {answer!r}; nothing was done"
            raise DemoError(msg)

    def _work(self) -> None:
        with self._progress.step("Look for the bootstrap stack of the CDK") as note:
            note.done(self._bootstrap())
        with self._progress.step("cdk deploy") as note:
            stack = DeployedStack(self._cloud, self._cli.deploy(STACK, anew=False)[STACK])
            self._footprint.take_down()
            note.done(stack.output("DatasetGroupArn"))
        with self._progress.step("Upload, import, train, deploy campaigns") as note:
            stack.upload(self._shop.files)
            limit, poll = self._pace.learning_limit, self._pace.learning_poll
            stack.wait_until_learnt(note.doing, _MODELS, limit, poll)
        self._use(stack)
        for number, question in enumerate(self._questions, start=1):
            with self._progress.step(f"Question {number}: {question.text}") as note:
                self._put(stack, number, question, note)

    def _bootstrap(self) -> str:
        try:
            parameter = client_of(self._cloud, "ssm").get_parameter(Name=_BOOTSTRAP_VERSION)
        except ClientError as error:
            if code_of(error) != "ParameterNotFound":
                raise
            self._cli.bootstrap()
            return "made, and it stays"
        return f"version {parameter['Parameter']['Value']}"

    def _use(self, stack: DeployedStack) -> None:
        """Ask and tell the service as a shop does; what fails here does not keep us from asking."""
        users = self._shop.users(_USERS)
        with self._attempt("Ask for recommendations") as note:
            lists = {user: stack.recommend(user) for user in users}
            note.done(f"{len(lists)} users, {sum(map(len, lists.values()))} items")
        with self._attempt("Put events on the stream, and see the list change") as note:
            before = stack.recommend(users[0])
            taste = self._shop.new_taste(users[0], before)
            bought = taste[1] if taste else stack.related(before[-1])
            stack.send(stack.events_of(users[0], bought))
            limit, poll = self._pace.effect_limit, self._pace.poll
            after = stack.wait_for_change(users[0], before, limit, poll)
            note.done(f"{len({*after} - {*before})} of {len(after)} recommendations are new")
        with self._attempt("Look at the dead letters") as note:
            attributes = client_of(self._cloud, "sqs").get_queue_attributes(
                QueueUrl=stack.output("DeadLetterQueueUrl"),
                AttributeNames=["ApproximateNumberOfMessages"],
            )["Attributes"]
            count = attributes["ApproximateNumberOfMessages"]
            if count != "0":
                msg = f"{count} events could not be sent"
                raise DemoError(msg)
            note.done("none")

    def _put(self, stack: DeployedStack, number: int, question: Question, note: Note) -> None:
        """Put a question to AWS; a failure of one must not cost the others."""
        probe = Probe(self._cloud, stack, self._pace, note.doing)
        try:
            with probe:
                finding = question.ask(probe)
        except Exception as error:
            finding = Finding.not_answered(_told(error))
        self.report.answers.append(Answered.of(number, question, finding))
        self.report.problems += [
            f"question {number} could not remove {name}" for name in probe.left
        ]
        note.done(escape(finding.answer))

    def _end(self) -> None:
        """Destroy the stack, look what is left, write the report; each whatever the others do."""
        try:
            with self._attempt("Look for the stack"):
                self._footprint.take_down()
                is_there = self._stack() is not None
            if is_there:
                self._destroy()
            with self._attempt("Look what is left") as note:
                self.report.remains = self._footprint.remains(self.report.problems.append)
                self.report.was_looked_for = True
                note.done(f"{len(self.report.remains) or 'no'} resources")
        finally:
            self.report.steps = [asdict(step) for step in self._progress.steps]
            self.report.write(self._directory)

    def _destroy(self) -> None:
        """Destroy the stack; what is in the way may have passed by the second time."""
        try:
            with self._progress.step("cdk destroy"):
                self._cli.destroy(STACK)
        except DemoError:
            with self._attempt("cdk destroy, once more"):
                self._cli.destroy(STACK)

    @contextlib.contextmanager
    def _attempt(self, name: str) -> Iterator[Note]:
        """A step whose failure is a problem in the report, and not the end."""
        note = Note(lambda _: None)
        try:
            with self._progress.step(name) as note:
                yield note
        except _FAILURES as error:
            self.report.problems.append(f"{name}: {error}")

    def _stack(self) -> dict[str, Any] | None:
        """Return the description of the stack, if it is there."""
        try:
            found = client_of(self._cloud, "cloudformation").describe_stacks(StackName=STACK)
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        stack: dict[str, Any] = found["Stacks"][0]
        return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
