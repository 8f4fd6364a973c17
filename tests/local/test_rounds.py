"""Rounds of a pipeline whose models need different data, on a local AWS that asks IAM.

The tests run in this order on one deployment.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from personalize_emulator.generated_data import write_shop
from tests.local.deployment import Deployment, Rows, read_rows
from tests.local.rounds_stack import NAME, RoundsStack

pytestmark = pytest.mark.local

FOLDER = "import/interactions/"


@dataclass
class Rounds:
    """The stack, and the data that it gets bit by bit."""

    stack: Deployment
    items: Rows
    interactions: Rows

    def upload(self, key: str, rows: Rows) -> dict[str, Any]:
        """Put a file, and return the run that it starts when it is over."""
        return self.stack.run_of(lambda: self.stack.put(key, rows))

    def trainings(self) -> Counter[str]:
        """Return how often each solution has been trained, or its training failed."""
        found = Counter[str]()
        personalize = self.stack.personalize
        for solution in personalize.list_solutions()["solutions"]:
            versions = personalize.list_solution_versions(solutionArn=solution["solutionArn"])
            title = next(
                title for title in ("Described", "Viewed", "Bought") if title in solution["name"]
            )
            found[title] = len(versions["solutionVersions"])
        return found


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rounds]:
    folder = tmp_path_factory.mktemp("rounds")
    data = folder / "data"
    write_shop(data, users=100, items=60, interactions=6000)
    items = [
        {
            "ITEM_ID": row["ITEM_ID"],
            "NAME": f"Number {row['ITEM_ID']}",
            **{name: row[name] for name in ("PRICE", "CATEGORY_L1", "PRODUCT_DESCRIPTION")},
        }
        for row in read_rows(data / "items.csv")
    ]
    with Deployment.on_a_new_aws(folder, NAME) as stack:
        stack.deploy(partial(RoundsStack, data=data))
        stack.wait(lambda: bool(stack.runs()))
        yield Rounds(stack, items, read_rows(data / "interactions.csv"))


def test_a_model_that_needs_items_alone_is_trained_on_items(rounds: Rounds) -> None:
    run = rounds.upload("import/items/items.csv", rounds.items)

    assert (run["status"], run.get("cause")) == ("SUCCEEDED", None)
    assert rounds.trainings() == {"Described": 1, "Viewed": 0, "Bought": 0}


def test_a_model_that_fails_holds_up_no_other(rounds: Rounds) -> None:
    views = [row for row in rounds.interactions if row["EVENT_TYPE"] == "View"]
    run = rounds.upload(f"{FOLDER}views.csv", views)

    assert run["status"] == "FAILED"
    assert rounds.trainings() == {"Described": 2, "Viewed": 1, "Bought": 1}
    (campaign,) = rounds.stack.personalize.list_campaigns()["campaigns"]
    (recommender,) = rounds.stack.personalize.list_recommenders()["recommenders"]
    assert (campaign["status"], recommender["status"]) == ("ACTIVE", "CREATE FAILED")


def test_a_model_that_failed_is_trained_again_and_no_other(rounds: Rounds) -> None:
    run = rounds.stack.run_of(rounds.stack.start_pipeline)

    assert run["status"] == "FAILED"
    assert rounds.trainings() == {"Described": 2, "Viewed": 1, "Bought": 2}


def test_what_failed_is_mended_by_the_data_that_it_lacked(rounds: Rounds) -> None:
    (before,) = rounds.stack.personalize.list_recommenders()["recommenders"]
    run = rounds.upload(f"{FOLDER}all.csv", rounds.interactions)

    assert (run["status"], run.get("cause")) == ("SUCCEEDED", None)
    assert rounds.trainings() == {"Described": 3, "Viewed": 2, "Bought": 3}
    (after,) = rounds.stack.personalize.list_recommenders()["recommenders"]
    assert after["status"] == "ACTIVE"
    assert after["creationDateTime"] > before["creationDateTime"]


def test_a_file_of_a_sub_folder_is_nothing_new(rounds: Rounds) -> None:
    run = rounds.upload(f"{FOLDER}old/all.csv", rounds.interactions)

    assert run["status"] == "SUCCEEDED"
    assert rounds.trainings() == {"Described": 3, "Viewed": 2, "Bought": 3}
