"""Events go in and recommendations come out: both functions, and Amazon Personalize emulated."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from random import Random
from typing import Any, cast

import boto3
import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from mypy_boto3_personalize import PersonalizeClient

import event_ingest.handler
import recommend.handler
from event_ingest.destinations import EventTracker
from personalize_emulator import PersonalizeEmulator
from personalize_runtime.aws_client import AwsClient
from personalize_runtime.envelope import Kind
from recommend.api import Api
from recommend.declarations import Declarations, Filter, Model, Route
from recommend.recommendations import Recommender
from tests.handlers.conftest import Context
from tests.handlers.upstream import Answer, Call, Upstream

ROLE_ARN = "arn:aws:iam::123456789012:role/personalize"
RECIPES = {
    Route.RECOMMENDATIONS: "aws-user-personalization-v2",
    Route.RELATED: "aws-similar-items",
    Route.RANKING: "aws-personalized-ranking-v2",
}
TEAS = [f"tea-{number}" for number in range(20)]
CUPS = [f"cup-{number}" for number in range(20)]


def interactions() -> bytes:
    """Return what users did: the even ones like tea, the odd ones cups."""
    random = Random(0)
    rows = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"]
    for user in range(60):
        rows += [
            f"user-{user},{random.choice(CUPS if user % 2 else TEAS)},{1_700_000_000 + n},view"
            for n in range(30)
        ]
    return "\n".join(rows).encode()


def schema(name: str, *columns: str) -> str:
    return json.dumps(
        {
            "type": "record",
            "name": name,
            "namespace": "com.amazonaws.personalize.schema",
            "fields": [
                {"name": column, "type": "long" if column == "TIMESTAMP" else "string"}
                for column in columns
            ],
            "version": "1.0",
        }
    )


@dataclass
class Shop:
    """A dataset group with a model for each route."""

    aws: PersonalizeEmulator
    personalize: PersonalizeClient

    def wait(self, operation: str, answer: str, **arn: str) -> None:
        """Wait until what was begun is there."""
        for _ in range(2000):
            status = getattr(self.personalize, operation)(**arn)[answer]["status"]
            if status == "ACTIVE":
                return
            assert "FAILED" not in status
            self.aws.clock.sleep(30)
        pytest.fail(f"{arn} is {status}")

    def build(self) -> tuple[str, Declarations]:
        """Define everything; return the tracking id and the models."""
        it = self.personalize
        group = it.create_dataset_group(name="shop")["datasetGroupArn"]
        self.wait("describe_dataset_group", "datasetGroup", datasetGroupArn=group)
        fields = ("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE")
        text = schema("Interactions", *fields)
        schema_arn = it.create_schema(name="interactions", schema=text)["schemaArn"]
        dataset = it.create_dataset(
            name="interactions",
            schemaArn=schema_arn,
            datasetGroupArn=group,
            datasetType="Interactions",
        )["datasetArn"]
        self.wait("describe_dataset", "dataset", datasetArn=dataset)
        tracker = it.create_event_tracker(name="tracker", datasetGroupArn=group)
        self.wait(
            "describe_event_tracker", "eventTracker", eventTrackerArn=tracker["eventTrackerArn"]
        )
        self.aws.objects.put("data", "interactions.csv", interactions())
        job = it.create_dataset_import_job(
            jobName="import",
            datasetArn=dataset,
            dataSource={"dataLocation": "s3://data/interactions.csv"},
            roleArn=ROLE_ARN,
        )["datasetImportJobArn"]
        self.wait("describe_dataset_import_job", "datasetImportJob", datasetImportJobArn=job)
        unseen = it.create_filter(
            name="unseen",
            datasetGroupArn=group,
            filterExpression="EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($EVENT)",
        )["filterArn"]
        models = [self.model(group, route, recipe) for route, recipe in RECIPES.items()]
        filters = {"unseen": Filter(unseen, frozenset(), frozenset({"EVENT"}))}
        declared = Declarations.read({})._replace(models=models, filters=filters)
        return tracker["trackingId"], declared

    def model(self, group: str, route: Route, recipe: str) -> Model:
        """Train and deploy one model."""
        it = self.personalize
        solution = it.create_solution(
            name=route.value,
            datasetGroupArn=group,
            recipeArn=f"arn:aws:personalize:::recipe/{recipe}",
            performAutoTraining=False,
        )["solutionArn"]
        self.wait("describe_solution", "solution", solutionArn=solution)
        version = it.create_solution_version(solutionArn=solution)["solutionVersionArn"]
        self.wait("describe_solution_version", "solutionVersion", solutionVersionArn=version)
        campaign = it.create_campaign(name=route.value, solutionVersionArn=version)["campaignArn"]
        self.wait("describe_campaign", "campaign", campaignArn=campaign)
        return Model(route.value, route, campaign)


@pytest.fixture(scope="module")
def functions() -> Iterator[None]:
    """Let both functions talk to the emulator."""
    with PersonalizeEmulator(speed=20_000) as aws, pytest.MonkeyPatch.context() as patch:
        options = aws.client_options
        tracking_id, declared = Shop(aws, boto3.client("personalize", **options)).build()
        patch.setenv("AWS_ENDPOINT_URL", options["endpoint_url"])
        events = AwsClient.of(
            "personalize-events",
            signing_name="personalize",
            connect_timeout=1,
            read_timeout=5,
            max_connections=10,
        )
        runtime = AwsClient.of(
            "personalize-runtime",
            signing_name="personalize",
            connect_timeout=1,
            read_timeout=5,
            max_connections=1,
        )
        tracker = EventTracker(events, tracking_id)
        patch.setitem(event_ingest.handler.destinations, Kind.INTERACTION, tracker)
        api = Api({}, recommend.handler.measures, Recommender(runtime, declared))
        patch.setattr(recommend.handler, "api", api)
        yield


def ask(method: str, path: str, query: str = "", body: object = None) -> list[str]:
    event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
    answer = recommend.handler.handler(event, cast("LambdaContext", Context(10)))
    assert answer["statusCode"] == HTTPStatus.OK, answer["body"]
    items: list[dict[str, Any]] = json.loads(answer["body"])["items"]
    return [item["itemId"] for item in items]


def do(*events: dict[str, Any]) -> dict[str, Any]:
    records = [
        {
            "eventID": f"shardId-0:{number}",
            "kinesis": {
                "sequenceNumber": str(number),
                "data": base64.b64encode(json.dumps(event).encode()).decode(),
            },
        }
        for number, event in enumerate(events)
    ]
    context = cast("LambdaContext", Context(60))
    return cast("dict[str, Any]", event_ingest.handler.handler({"Records": records}, context))


def view(user: str, item: str, **more: object) -> dict[str, Any]:
    return {
        "userId": user,
        "sessionId": f"session of {user}",
        "eventType": "view",
        "itemId": item,
        "sentAt": 1_700_100_000,
        **more,
    }


@pytest.mark.usefixtures("functions")
class TestWithTheEmulator:
    def test_recommends_what_a_user_likes(self) -> None:
        items = ask("GET", "/recommendations", "userId=user-0&numResults=5")

        assert len(items) == 5
        assert set(items) <= set(TEAS)

    def test_gives_an_unknown_user_a_list_too(self) -> None:
        assert len(ask("GET", "/recommendations", "userId=nobody&numResults=5")) == 5

    def test_finds_what_resembles_an_item(self) -> None:
        assert set(ask("GET", "/related", "itemId=cup-1&numResults=5")) <= set(CUPS)

    def test_ranks_every_item_it_is_given(self) -> None:
        items = [*TEAS[:3], *CUPS[:3], "unknown"]

        ranked = ask("POST", "/ranking", body={"userId": "user-1", "itemIds": items})

        assert sorted(ranked) == sorted(items)
        assert set(ranked[:3]) == set(CUPS[:3])

    def test_filters_by_a_value(self) -> None:
        query = "userId=user-0&numResults=100"
        everything = ask("GET", "/recommendations", query)

        unseen = ask("GET", "/recommendations", f"{query}&filter=unseen&filter.EVENT=view")

        assert set(unseen) < set(everything)

    def test_events_move_the_recommendations_at_once(self) -> None:
        query = "userId=newcomer&numResults=5"
        before = ask("GET", "/recommendations", query)
        other = CUPS if before[0] in TEAS else TEAS

        result = do(*(view("newcomer", item, eventId=f"n-{item}") for item in other[:10]))

        assert result == {"batchItemFailures": []}
        assert set(ask("GET", "/recommendations", query)) <= set(other)

    def test_what_the_service_refuses_is_dead_lettered_and_its_neighbours_are_sent(self) -> None:
        letters: list[dict[str, Any]] = []

        def take(call: Call) -> Answer:
            entries = call.body["Entries"]
            letters.extend(json.loads(entry["MessageBody"]) for entry in entries)
            return Answer({"Successful": [{"Id": entry["Id"]} for entry in entries]})

        poison = view("user-2", "tea-1", properties={"noSuchColumn": [1]})
        with Upstream(take).behind(event_ingest.handler.dead_letters.client):
            result = do(view("user-2", "tea-1"), poison, view("user-2", "tea-2"))

        assert result == {"batchItemFailures": []}
        (letter,) = letters
        assert letter["reason"].startswith("Amazon Personalize did not take the record")
        assert json.loads(letter["data"]) == poison
