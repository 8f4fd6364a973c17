"""A stack with one of each resource: made, changed, replaced, rolled back and deleted for real.

The tests run in this order on one deployment; the last one destroys it.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest

from cdk_personalize.use_case import UseCase
from demo.leftovers import leftovers
from tests.emulator.domain_shop import ITEMS, views
from tests.local.cloud_assembly import DeploymentError
from tests.local.deployment import Deployment
from tests.local.lifecycle_stack import NAME, PARAMETER, LifecycleStack, Version

pytestmark = pytest.mark.local

USERS = "\n".join(["USER_ID,MEMBERSHIP", *(f"u{n},{'ab'[n % 2]}" for n in range(60))])

# Of each kind of resource the key of the list, and that of the ARN.
_LISTED = {
    "dataset_group": ("datasetGroups", "datasetGroupArn"),
    "dataset": ("datasets", "datasetArn"),
    "event_tracker": ("eventTrackers", "eventTrackerArn"),
    "filter": ("Filters", "filterArn"),
    "solution": ("solutions", "solutionArn"),
    "campaign": ("campaigns", "campaignArn"),
    "recommender": ("recommenders", "recommenderArn"),
    "metric_attribution": ("metricAttributions", "metricAttributionArn"),
}
# The service takes no tags for a metric attribution; a group keeps those that it was made with.
TAGGED = ["dataset", "event_tracker", "filter", "solution", "campaign", "recommender"]
# The old one is deleted before the new one is made.
ONE_PER_GROUP = ("event_tracker", "metric_attribution")


class Life(Deployment):
    """The stack, in one version after another."""

    def change(
        self,
        version: Version,
        *,
        columns: bool = False,
        broken: bool = False,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        define = partial(LifecycleStack, version=version, columns=columns, broken=broken)
        self.deploy(define, tags)

    def learn(self, *files: str) -> None:
        service = self.service
        service.upload([self.folder / f"{name}.csv" for name in files])
        service.wait_until_learnt(lambda _: None, models=1)

    def told(self) -> str:
        """Return the tracking id that another resource of the stack was told."""
        parameter = self.client("ssm").get_parameter(Name=PARAMETER)["Parameter"]
        return str(parameter["Value"])

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return all of Amazon Personalize by its ARN, as the service describes it."""
        return {
            each[_LISTED[kind][1]]: {"kind": kind, **each}
            for kind in _LISTED
            for each in self.all(kind)
        }

    def only(self, kind: str) -> dict[str, Any]:
        (one,) = self.all(kind)
        return one

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Return all that is of a kind, as the service describes it."""
        personalize = self.personalize
        listed, arn = _LISTED[kind]
        words = kind.split("_")
        member = words[0] + "".join(word.title() for word in words[1:])
        return [
            {
                **getattr(personalize, f"describe_{kind}")(**{arn: each[arn]})[member],
                "tags": self._tags(each[arn]) if kind in TAGGED else {},
            }
            for each in getattr(personalize, f"list_{kind}s")()[listed]
        ]

    def dataset(self, dataset_type: str) -> dict[str, Any]:
        arn_of_it = f"/{dataset_type}"
        return next(each for each in self.all("dataset") if each["datasetArn"].endswith(arn_of_it))

    def columns(self, dataset_type: str) -> str:
        arn = self.dataset(dataset_type)["schemaArn"]
        schema = self.personalize.describe_schema(schemaArn=arn)["schema"]
        return str(schema["schema"])

    def metrics(self) -> list[tuple[str, str, str]]:
        arn = self.only("metric_attribution")["metricAttributionArn"]
        answer = self.personalize.list_metric_attribution_metrics(metricAttributionArn=arn)
        return [(m["metricName"], m["eventType"], m["expression"]) for m in answer["metrics"]]

    def _tags(self, arn: str) -> dict[str, str]:
        tags = self.personalize.list_tags_for_resource(resourceArn=arn)["tags"]
        return {tag["tagKey"]: tag["tagValue"] for tag in tags}


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    folder = tmp_path_factory.mktemp("life")
    for name, text in (("users", USERS), ("items", ITEMS), ("interactions", views(60, 20))):
        (folder / f"{name}.csv").write_text(text)
    with Life.on_a_new_aws(folder, NAME) as life:
        yield life


def created(resources: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {arn: each["creationDateTime"] for arn, each in resources.items()}


def without_times(resources: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        arn: {
            name: value
            for name, value in each.items()
            if name != "lastUpdatedDateTime" and not name.startswith("latest")
        }
        for arn, each in resources.items()
    }


def lasting(resources: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {arn: each for arn, each in resources.items() if each["kind"] not in ONE_PER_GROUP}


def made_again(resources: dict[str, dict[str, Any]]) -> list[tuple[str, str, dict[str, str]]]:
    """What had to go for its replacement, and is there again in what it is called."""
    return [
        (each["kind"], each["name"], each["tags"])
        for each in resources.values()
        if each["kind"] in ONE_PER_GROUP
    ]


def test_a_creation_that_fails_leaves_nothing_behind(life: Life) -> None:
    with pytest.raises(DeploymentError, match="Failing: "):
        life.change(Version.FIRST, broken=True)
    life.destroy()

    assert leftovers(life.aws) == []


def test_the_stack_is_made_as_it_is_declared(life: Life) -> None:
    life.change(Version.FIRST, tags={"team": "a"})
    life.learn("users", "items", "interactions")

    assert life.only("solution")["performAutoTraining"] is False
    assert life.only("campaign")["minProvisionedTPS"] == 1
    assert life.only("recommender")["recommenderConfig"] == {
        "minRecommendationRequestsPerSecond": 1
    }
    assert life.metrics() == [("Views", "View", "SAMPLECOUNT()")]
    assert life.only("event_tracker")["name"] == "tracker"
    assert life.only("filter")["filterExpression"].endswith('IN ("Purchase")')
    types = {each["datasetType"].upper() for each in life.all("dataset")}
    assert types == {"INTERACTIONS", "ITEMS", "USERS", "ACTIONS", "ACTION_INTERACTIONS"}
    assert {each["status"] for each in life.resources().values()} == {"ACTIVE"}


@pytest.mark.parametrize("kind", TAGGED)
def test_what_can_bear_tags_has_those_of_the_stack(life: Life, kind: str) -> None:
    for each in life.all(kind):
        assert each["tags"]["version"] == "first", each["name"]


def test_action_interactions_have_a_tracking_id_of_their_own(life: Life) -> None:
    tracking_id = life.outputs["TrackingId"]

    assert tracking_id == life.dataset("ACTION_INTERACTIONS")["trackingId"]


def test_a_change_replaces_nothing(life: Life) -> None:
    before = created(life.resources())

    life.change(Version.CHANGED, tags={"team": "b", "cost": "1"})

    assert created(life.resources()) == before


def test_the_solution_is_changed_in_place(life: Life) -> None:
    update = life.only("solution")["latestSolutionUpdate"]

    assert update["status"] == "ACTIVE"
    assert update["performAutoTraining"] is True
    config = update["solutionUpdateConfig"]
    assert config["autoTrainingConfig"] == {"schedulingExpression": "rate(3 days)"}
    assert config["eventsConfig"]["eventParametersList"] == [{"eventType": "View", "weight": 0.5}]


def test_the_campaign_is_changed_in_place(life: Life) -> None:
    campaign = life.only("campaign")

    assert campaign["minProvisionedTPS"] == 2
    assert campaign["campaignConfig"]["enableMetadataWithRecommendations"] is True


def test_the_recommender_is_changed_in_place(life: Life) -> None:
    config = life.only("recommender")["recommenderConfig"]

    assert config["minRecommendationRequestsPerSecond"] == 2
    assert config["enableMetadataWithRecommendations"] is True


def test_the_metrics_are_changed_in_place(life: Life) -> None:
    assert life.metrics() == [("Revenue", "Purchase", "SUM(Items.PRICE)")]


@pytest.mark.parametrize("dataset_type", ["ITEMS", "USERS"])
def test_a_dataset_takes_a_new_column_in_place(life: Life, dataset_type: str) -> None:
    assert "BRAND" in life.columns(dataset_type)


@pytest.mark.parametrize("kind", TAGGED)
def test_tags_are_changed_in_place(life: Life, kind: str) -> None:
    for each in life.all(kind):
        assert each["tags"]["version"] == "second", each["name"]


def test_a_change_that_fails_behind_everything_is_taken_back(life: Life) -> None:
    before = without_times(life.resources())

    with pytest.raises(DeploymentError, match="Failing: "):
        life.change(Version.FIRST, columns=True, broken=True)

    assert without_times(life.resources()) == before


def test_a_change_that_was_taken_back_can_be_made_after_all(life: Life) -> None:
    before = created(life.resources())

    life.change(Version.FIRST, columns=True)

    assert created(life.resources()) == before
    assert life.only("solution")["latestSolutionUpdate"]["solutionUpdateConfig"]["eventsConfig"][
        "eventParametersList"
    ] == [{"eventType": "View", "weight": 1.0}]
    assert life.only("campaign")["minProvisionedTPS"] == 1
    assert life.metrics() == [("Views", "View", "SAMPLECOUNT()")]


def test_a_replacement_that_fails_behind_everything_is_taken_back(life: Life) -> None:
    before, metrics = without_times(life.resources()), life.metrics()

    with pytest.raises(DeploymentError, match="Failing: "):
        life.change(Version.REPLACED, broken=True)

    after = without_times(life.resources())
    assert lasting(after) == lasting(before)
    assert made_again(after) == made_again(before)
    assert life.metrics() == metrics


def test_what_cannot_be_changed_is_replaced(life: Life) -> None:
    former = life.told()

    life.change(Version.REPLACED)
    life.learn("interactions")

    assert life.only("event_tracker")["name"] == "renamed"
    assert life.told() == life.only("event_tracker")["trackingId"] != former
    assert life.only("metric_attribution")["name"] == "renamed"
    assert life.metrics() == [("Revenue", "Purchase", "SUM(Items.PRICE)")]
    assert life.only("recommender")["recipeArn"].endswith(
        UseCase.CUSTOMERS_WHO_VIEWED_X_ALSO_VIEWED.name
    )
    assert '"View"' in life.only("filter")["filterExpression"]
    arn = life.only("campaign")["solutionVersionArn"].rpartition("/")[0]
    solution = next(each for each in life.all("solution") if each["solutionArn"] == arn)
    parameters = solution["solutionConfig"]["algorithmHyperParameters"]
    assert parameters == {"apply_recency_bias": "false"}


def test_a_stack_in_the_middle_of_everything_is_destroyed(life: Life) -> None:
    life.service.upload([life.folder / "interactions.csv"])

    life.destroy()

    assert leftovers(life.aws) == []
