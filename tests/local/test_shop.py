"""The demo stack on local AWS: asked, told of events, fed with bad data, changed, destroyed.

The tests run in this order on one deployment; the last one destroys it.
"""

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from demo.leftovers import leftovers
from demo.progress import DemoError
from tests.local.deployed_shop import MODELS, STACK, DeployedShop

pytestmark = pytest.mark.local

SECONDS = 60
T = TypeVar("T")


def wait_for(look: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.2)
    pytest.fail(f"nothing came within {SECONDS} s")


def dead_letters(shop: DeployedShop) -> list[dict[str, Any]]:
    answer = shop.stack.client("sqs").receive_message(
        QueueUrl=shop.stack.output("DeadLetterQueueUrl"), MaxNumberOfMessages=10
    )
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_answers_503_with_a_hint_when_to_come_back_before_there_is_a_model(
    shop: DeployedShop,
) -> None:
    answer = shop.answer_before_data

    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.body["status"] == 503


def test_recommends_as_many_items_as_are_asked_for(shop: DeployedShop) -> None:
    items = shop.stack.recommend(shop.shop.users(1)[0], 7)

    assert len(items) == len(set(items)) == 7


def test_says_which_model_answered(shop: DeployedShop) -> None:
    answer = shop.stack.ask("GET", "/recommendations", {"userId": shop.shop.users(1)[0]})

    assert answer.body["model"] == "for-you"
    assert answer.body["servedBy"] == "campaign"
    assert answer.body["recommendationId"]
    assert all(item["score"] > 0 for item in answer.body["items"])


def test_two_users_with_two_tastes_get_two_lists(shop: DeployedShop) -> None:
    first, second, *_ = (shop.stack.recommend(user) for user in shop.shop.users(3))

    assert first != second


def test_a_user_whom_nobody_knows_gets_a_list_and_200(shop: DeployedShop) -> None:
    answer = shop.stack.ask("GET", "/recommendations", {"userId": "never seen / before?"})

    assert answer.status == 200
    assert len(answer.item_ids) == 25


def test_related_items_are_others_than_the_item(shop: DeployedShop) -> None:
    item = next(iter(shop.shop.names))

    related = shop.stack.related(item)

    assert len(related) == 10
    assert item not in related


def test_a_ranking_holds_the_items_that_were_given_and_unknown_ones_last(
    shop: DeployedShop,
) -> None:
    given = [*list(shop.shop.names)[:6], "no such item"]

    ranked = shop.stack.rank(shop.shop.users(1)[0], given)

    assert sorted(ranked) == sorted(given)
    assert ranked[-1] == "no such item"


def test_a_filter_leaves_out_what_it_excludes(shop: DeployedShop) -> None:
    user = shop.shop.users(1)[0]
    query = {"userId": user, "filter": "not-bought", "numResults": "50"}

    filtered = shop.stack.ask("GET", "/recommendations", query).item_ids

    with (shop.shop.folder / "interactions.csv").open(newline="") as file:
        bought = {
            row["ITEM_ID"]
            for row in csv.DictReader(file)
            if row["USER_ID"] == user and row["EVENT_TYPE"] == "Purchase"
        }
    assert bought & set(shop.stack.recommend(user, 50))
    assert filtered
    assert not bought & set(filtered)


def test_an_event_that_the_api_takes_moves_the_recommendations(shop: DeployedShop) -> None:
    user, items = "came by the API", list(shop.shop.names)[:5]
    before = shop.stack.recommend(user)
    sent = [
        {"userId": user, "sessionId": "api-1", "eventType": "View", "itemId": item}
        for item in items
    ]

    answer = shop.stack.ask("POST", "/events", body={"events": sent})

    assert (answer.status, answer.body) == (202, {"accepted": 5})
    assert shop.stack.wait_for_change(user, before) != before


def test_a_bad_parameter_is_named(shop: DeployedShop) -> None:
    answer = shop.stack.ask("GET", "/recommendations", {"userId": "u", "numResults": "abc"})

    assert answer.status == 400
    assert "numResults" in answer.body["detail"]
    assert "abc" in answer.body["detail"]


def test_events_move_the_recommendations(shop: DeployedShop) -> None:
    user = shop.shop.users(1)[0]
    before = shop.stack.recommend(user)
    taste = shop.shop.new_taste(user, before)
    assert taste is not None
    kind, items = taste

    shop.stack.send(shop.stack.events_of(user, items))
    after = shop.stack.wait_for_change(user, before)

    of_kind = set(shop.shop.kinds[kind])
    assert len(of_kind & set(after)) > len(of_kind & set(before))


def test_a_record_that_is_no_json_ends_whole_in_the_dead_letter_queue(shop: DeployedShop) -> None:
    shop.stack.client("kinesis").put_record(
        StreamName=shop.stack.output("StreamName"), Data=b"no json \xff", PartitionKey="s"
    )

    letter = wait_for(lambda: dead_letters(shop))[0]

    assert "UTF-8" in letter["reason"]
    assert letter["data"] == "bm8ganNvbiD/"  # the record, in base64


def test_a_bad_record_does_not_hold_up_its_neighbours(shop: DeployedShop) -> None:
    user = "the neighbour"
    cold = shop.stack.recommend(user)
    items = next(iter(shop.shop.kinds.values()))[:5]
    events = shop.stack.events_of(user, items)

    shop.stack.send([events[0], {"sessionId": events[0]["sessionId"]}, *events[1:]])

    assert shop.stack.wait_for_change(user, cold) != cold
    assert "eventType" in wait_for(lambda: dead_letters(shop))[0]["reason"]


def test_a_file_with_a_text_timestamp_fails_the_run_with_a_reason_and_nothing_else(
    shop: DeployedShop, tmp_path: Path
) -> None:
    file = tmp_path / "interactions.csv"
    lines = (shop.shop.folder / "interactions.csv").read_text().splitlines()
    cells = lines[1].split(",")
    cells[lines[0].split(",").index("TIMESTAMP")] = "yesterday"
    file.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n")

    shop.stack.upload([file])
    with pytest.raises(DemoError, match=r"(?s)TIMESTAMP.*yesterday"):
        shop.stack.wait_until_learnt(lambda _: None, MODELS)

    assert shop.stack.recommend(shop.shop.users(1)[0])


def test_the_pipeline_goes_on_with_the_next_good_file(shop: DeployedShop) -> None:
    shop.stack.upload([shop.shop.folder / "interactions.csv"])

    shop.stack.wait_until_learnt(lambda _: None, MODELS)


def test_a_file_that_comes_during_a_run_is_taken_up_by_the_run_that_follows(
    shop: DeployedShop,
) -> None:
    states, personalize = shop.stack.client("stepfunctions"), shop.stack.client("personalize")

    def imports() -> int:
        return len(personalize.list_dataset_import_jobs(maxResults=100)["datasetImportJobs"])

    def runs_that_followed() -> int:
        runs = states.list_executions(stateMachineArn=shop.stack.output("StateMachineArn"))
        inputs = [
            json.loads(states.describe_execution(executionArn=run["executionArn"])["input"])
            for run in runs["executions"]
        ]
        return inputs.count({"Reason": "dirty"})

    imported, followed = imports(), runs_that_followed()
    shop.stack.upload([shop.shop.folder / "interactions.csv"])
    wait_for(lambda: imports() > imported)
    shop.stack.upload([shop.shop.folder / "items.csv"])
    wait_for(lambda: imports() > imported + 1)
    shop.stack.wait_until_learnt(lambda _: None, MODELS)

    assert runs_that_followed() > followed


def test_a_changed_stack_keeps_its_dataset_group_and_trains_what_is_new(
    shop: DeployedShop,
) -> None:
    personalize = shop.stack.client("personalize")
    before = {
        "groups": personalize.list_dataset_groups()["datasetGroups"],
        "datasets": {each["datasetArn"] for each in personalize.list_datasets()["datasets"]},
        "versions": {
            each["solutionVersionArn"]
            for each in personalize.list_solution_versions()["solutionVersions"]
        },
    }

    shop.changed().deploy(STACK, tags={"team": "b", "cost": "1"})
    shop.stack.wait_until_learnt(lambda _: None, MODELS + 1)

    assert personalize.list_dataset_groups()["datasetGroups"] == before["groups"]
    datasets = {each["datasetArn"] for each in personalize.list_datasets()["datasets"]}
    assert datasets == before["datasets"]
    versions = {
        each["solutionVersionArn"]
        for each in personalize.list_solution_versions()["solutionVersions"]
    }
    assert len(versions - before["versions"]) == 1
    assert before["versions"] < versions


def test_the_tags_that_the_cli_is_given_are_those_of_the_stack(shop: DeployedShop) -> None:
    # Local AWS keeps them there. What AWS hands on to the resources, a dataset group among them,
    # only an account can show: `make aws-check` asks.
    stacks = shop.stack.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]

    tags = {each["Key"]: each["Value"] for each in stacks[0]["Tags"]}

    assert (tags["team"], tags["cost"]) == ("b", "1")


def test_a_campaign_is_updated_in_place(shop: DeployedShop) -> None:
    personalize = shop.stack.client("personalize")
    campaigns = [
        personalize.describe_campaign(campaignArn=each["campaignArn"])["campaign"]
        for each in personalize.list_campaigns()["campaigns"]
    ]

    assert sorted(each["minProvisionedTPS"] for each in campaigns) == [1, 1, 1, 2]


def test_items_get_a_new_column_in_place(shop: DeployedShop) -> None:
    personalize = shop.stack.client("personalize")
    items = next(
        each
        for each in personalize.list_datasets()["datasets"]
        if each["datasetType"].upper() == "ITEMS"
    )
    schema_arn = personalize.describe_dataset(datasetArn=items["datasetArn"])["dataset"][
        "schemaArn"
    ]

    assert "BRAND" in personalize.describe_schema(schemaArn=schema_arn)["schema"]["schema"]


def test_a_replaced_filter_leaves_one_filter(shop: DeployedShop) -> None:
    personalize = shop.stack.client("personalize")
    (only,) = personalize.list_filters()["Filters"]

    found = personalize.describe_filter(filterArn=only["filterArn"])["filter"]

    assert '"View"' in found["filterExpression"]


def test_nothing_is_left_of_a_destroyed_stack(shop: DeployedShop) -> None:
    shop.changed().destroy(STACK)

    assert leftovers(shop.aws) == []
