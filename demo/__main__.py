"""`make demo`: deploy the stack, let it learn, ask it, change a taste, ask again, destroy it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from demo.cdk_cli import ROOT, CdkCli
from demo.leftovers import leftovers
from demo.progress import DemoError, Progress
from demo.shop import Shop
from demo.stack import DeployedStack
from demo.stop import stop_kept
from personalize_emulator.generated_data import write_shop
from personalize_emulator.local import LocalAws, LocalAwsError

DIRECTORY = ROOT / ".demo"
STACK = "Shop"
MODELS = 3
USERS = 3
SHOWN = 10


@dataclass
class Report:
    """The facts of one run, for `.demo/report.json`: everything but `steps` is ids."""

    steps: list[dict[str, object]] = field(default_factory=list)
    recommendations: dict[str, list[str]] = field(default_factory=dict)
    user: str = ""
    bought: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    related: list[str] = field(default_factory=list)
    ranking: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)


class Demo:
    """The main job, step by step."""

    def __init__(self, folder: Path | None, *, keep: bool) -> None:
        """Prepare a run.

        Args:
            folder: The data folder (default: a small shop is generated).
            keep: Whether to leave everything running at the end.
        """
        self._folder = folder
        self._keep = keep
        self._progress = Progress()
        self._report = Report()
        self.log: Path | None = None

    def run(self) -> None:
        """Run all steps; local AWS ends with them, unless it is to be kept."""
        DIRECTORY.mkdir(exist_ok=True)
        if self._folder is None:
            self._folder = DIRECTORY / "data"
            write_shop(self._folder)
        shop = Shop.read(self._folder)
        aws = LocalAws(DIRECTORY / "aws", node_path=ROOT / "node_modules")
        try:
            with self._progress.step("Start local AWS") as note:
                stop_kept(DIRECTORY / "aws")
                shutil.rmtree(DIRECTORY / "aws", ignore_errors=True)
                self.log = aws.log
                aws.start()
                note.done(f"{aws.endpoint_url}, log in {aws.log.relative_to(ROOT)}")
            self._run_on(aws, shop)
            if self._keep:
                aws.detach()
        finally:
            if aws.running and not self._kept:
                aws.stop()

    @property
    def _kept(self) -> bool:
        return self._keep and sys.exc_info()[0] is None

    def _run_on(self, aws: LocalAws, shop: Shop) -> None:
        cli = CdkCli(aws, DIRECTORY, context=(("data", str(shop.folder.resolve())),))
        with self._progress.step("cdk bootstrap"):
            cli.log.unlink(missing_ok=True)
            cli.bootstrap()
        with self._progress.step("cdk deploy") as note:
            stack = DeployedStack(aws, cli.deploy(STACK)[STACK])
            note.done(stack.api_url)
        with self._progress.step("Upload, import, train, deploy campaigns") as note:
            stack.upload(shop.files)
            stack.wait_until_learnt(note.doing, MODELS)
            note.done(", ".join(file.name for file in shop.files))
        self._ask(stack, shop)
        if self._keep:
            self._progress.summary()
            self._explain(aws, stack)
        else:
            with self._progress.step("cdk destroy"):
                cli.destroy(STACK)
            with self._progress.step("Ask every service what is left") as note:
                self._report.leftovers = leftovers(aws)
                if self._report.leftovers:
                    listed = "\n  ".join(self._report.leftovers)
                    msg = f"cdk destroy left behind:\n  {listed}"
                    raise DemoError(msg)
                note.done("nothing but the bootstrap and keys pending deletion")
            self._progress.summary()

    def _ask(self, stack: DeployedStack, shop: Shop) -> None:
        users = shop.users(USERS)
        with self._progress.step("Recommendations for three users"):
            self._report.recommendations = {user: stack.recommend(user, SHOWN) for user in users}
        for user, items in self._report.recommendations.items():
            self._show(shop, f"For user {user}", items)
        self._report.user = user = users[0]
        self._report.before = before = self._report.recommendations[user]
        taste = shop.new_taste(user, before)
        kind, bought = taste or (f"like {before[-1]}", stack.related(before[-1]))
        self._report.bought = bought
        with self._progress.step(f"User {user} views and buys ten items: {kind}") as note:
            stack.send(stack.events_of(user, bought))
            after = stack.wait_for_change(user, before)
            self._report.after = after
            note.done(f"{len(set(after) - set(before))} of {SHOWN} recommendations are new")
        self._show(shop, f"For user {user}, afterwards", after, known=before)
        with self._progress.step("Related items, and a list in the user's own order"):
            related = stack.related(bought[0], SHOWN)
            self._report.related = related
            given = sorted({*before[:5], *bought[:5]})
            ranking = stack.rank(user, given)
            self._report.ranking = ranking
        self._show(shop, f"Like {shop.name(bought[0])}", related)
        self._show(shop, f"Ranked for user {user}", ranking)

    def _show(
        self, shop: Shop, title: str, items: list[str], known: list[str] | None = None
    ) -> None:
        table = Table(title=escape(title), title_justify="left", box=None, padding=(0, 2))
        table.add_column("", justify="right", style="dim")
        table.add_column("item", style="cyan")
        if shop.names:
            table.add_column("description")
        for place, item in enumerate(items, start=1):
            new = known is not None and item not in known
            row = [str(place), escape(item)] + ([escape(shop.name(item))] if shop.names else [])
            table.add_row(*row, style="bold green" if new else None)
        self._progress.console.print(table)

    def _explain(self, aws: LocalAws, stack: DeployedStack) -> None:
        variables = " ".join(f"{name}={value}" for name, value in aws.variables.items())
        curl = f"curl --aws-sigv4 aws:amz:{aws.region}:execute-api --user {aws.account}:local"
        self._progress.console.print(
            "\nEverything is left running. To try:\n\n"
            f"  export {variables}\n\n"
            f"  {curl} '{stack.api_url}/recommendations?userId={self._report.user}'\n"
            f"  {curl} '{stack.api_url}/related?itemId={self._report.bought[0]}'\n"
            '  .venv/bin/python -c "import boto3;'
            " print(boto3.client('personalize').list_campaigns()['campaigns'])\"\n\n"
            "  make demo-stop ends it.",
            soft_wrap=True,
            markup=False,
        )

    def write_report(self) -> None:
        """Write the facts of the run, as far as it got."""
        self._report.steps = [asdict(step) for step in self._progress.steps]
        DIRECTORY.mkdir(exist_ok=True)
        text = json.dumps(asdict(self._report), indent=2, ensure_ascii=False)
        (DIRECTORY / "report.json").write_text(text + "\n", encoding="utf-8")


def main() -> int:
    """Run the demo; return the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with interactions.csv")
    parser.add_argument("--keep", action="store_true", help="leave everything running")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    demo = Demo(arguments.data, keep=arguments.keep)
    try:
        demo.run()
    except (DemoError, LocalAwsError) as error:
        print(f"\nThe demo failed: {error}", file=sys.stderr)
        if demo.log is not None:
            print(f"The log of local AWS: {os.path.relpath(demo.log)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; every process of the demo has ended.", file=sys.stderr)
        return 130
    finally:
        demo.write_report()
    return 0


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
