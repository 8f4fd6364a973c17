"""Custom::PersonalizeMetricAttribution, on the emulator."""

from typing import TYPE_CHECKING, Any

import pytest

from resource_provider.lifecycle import ProvisioningError
from tests.handlers.resource_provider.cloudformation import CloudFormation, Resource, resource_event
from tests.handlers.resource_provider.shop import GROUP_ARN, PREFIX, ROLE_ARN, Shop, as_request

if TYPE_CHECKING:
    from mypy_boto3_personalize.type_defs import MetricAttributeTypeDef

ATTRIBUTION = "Custom::PersonalizeMetricAttribution"
PLACE = f"{GROUP_ARN}/metric-attribution"
ARN = f"{PREFIX}:metric-attribution/sales"
BUCKET = {"s3DataDestination": {"path": "s3://reports/metrics/"}}
BOUGHT, VIEWED, LIKED = (
    {"metricName": name, "eventType": name, "expression": "SAMPLECOUNT()"}
    for name in ("bought", "viewed", "liked")
)
BOUGHT_FOR = BOUGHT | {"expression": "SUM(Interactions.EVENT_VALUE)"}


def attribution(
    *metrics: dict[str, str], name: str = "sales", output: dict[str, Any] | None = None
) -> dict[str, str]:
    return as_request(
        name=name,
        datasetGroupArn=GROUP_ARN,
        metrics=metrics or (BOUGHT,),
        metricsOutputConfig={"roleArn": ROLE_ARN, **(output or {})},
    )


@pytest.fixture(autouse=True)
def interactions(shop: Shop) -> None:
    arn = shop.personalize.create_dataset(
        name="interactions",
        schemaArn=shop.schema("interactions", "Interactions"),
        datasetGroupArn=GROUP_ARN,
        datasetType="Interactions",
    )["datasetArn"]
    shop.wait(lambda: shop.dataset(arn)["status"] == "ACTIVE")


def metrics(shop: Shop) -> list[dict[str, Any]]:
    listed = shop.personalize.list_metric_attribution_metrics(metricAttributionArn=ARN)["metrics"]
    return sorted(({**one} for one in listed), key=lambda one: str(one["metricName"]))


def output(shop: Shop) -> dict[str, Any]:
    answer = shop.personalize.describe_metric_attribution(metricAttributionArn=ARN)
    return dict(answer["metricAttribution"]["metricsOutputConfig"])


def left(shop: Shop) -> list[str]:
    listed = shop.personalize.list_metric_attributions()["metricAttributions"]
    return [one["name"] for one in listed]


def test_creates_a_metric_attribution_and_waits_until_it_is_there(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(ATTRIBUTION, attribution(BOUGHT, VIEWED))

    assert resource.physical_id == PLACE
    assert resource.data == {"Arn": ARN, "State": "Active"}
    assert metrics(shop) == [BOUGHT, VIEWED]


def test_a_repeated_creation_finds_what_the_first_one_made(
    stack: CloudFormation, shop: Shop
) -> None:
    event = resource_event("Create", ATTRIBUTION, attribution())
    stack.provider.on_event(event)

    assert stack.provider.on_event(event)["PhysicalResourceId"] == PLACE


@pytest.mark.parametrize(
    "new",
    [
        pytest.param([BOUGHT, VIEWED, LIKED], id="added"),
        pytest.param([BOUGHT], id="removed"),
        pytest.param([BOUGHT, LIKED], id="removed and added"),
        pytest.param([LIKED], id="all replaced"),
        pytest.param([BOUGHT_FOR, VIEWED], id="changed"),
        pytest.param([BOUGHT_FOR], id="changed and removed"),
        pytest.param([BOUGHT_FOR, VIEWED | {"eventType": "watched"}], id="all changed"),
    ],
)
def test_metrics_are_changed_and_rolled_back_in_place(
    stack: CloudFormation, shop: Shop, new: list[dict[str, str]]
) -> None:
    resource = stack.create(ATTRIBUTION, attribution(BOUGHT, VIEWED))

    updated = stack.update(resource, attribution(*new))
    assert metrics(shop) == sorted(new, key=lambda one: one["metricName"])

    stack.update(updated, resource.properties)
    assert metrics(shop) == [BOUGHT, VIEWED]


def test_ten_metrics_are_exchanged_for_ten_others(stack: CloudFormation, shop: Shop) -> None:
    def ten(prefix: str) -> list[dict[str, str]]:
        return [BOUGHT | {"metricName": f"{prefix}{n}"} for n in range(10)]

    resource = stack.create(ATTRIBUTION, attribution(*ten("a")))

    stack.update(resource, attribution(*ten("a")[:1], *ten("b")[1:]))

    assert metrics(shop) == [*ten("a")[:1], *ten("b")[1:]]


def test_metrics_that_the_service_tells_in_upper_case_are_the_same(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(ATTRIBUTION, attribution(BOUGHT))
    told: MetricAttributeTypeDef = {
        "metricName": "BOUGHT",
        "eventType": "BOUGHT",
        "expression": "SAMPLECOUNT()",
    }
    shop.personalize.update_metric_attribution(metricAttributionArn=ARN, removeMetrics=["bought"])
    shop.personalize.update_metric_attribution(metricAttributionArn=ARN, addMetrics=[told])

    stack.update(resource, attribution(BOUGHT, VIEWED))

    assert metrics(shop) == [told, VIEWED]


def test_a_metric_that_the_datasets_have_no_column_for_is_rolled_back(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(ATTRIBUTION, attribution(BOUGHT, VIEWED))
    bad = attribution(BOUGHT | {"expression": "SUM(Items.PRICE)"}, VIEWED)

    with pytest.raises(ProvisioningError, match=r"^UpdateMetricAttribution: .* no dataset Items"):
        stack.update(resource, bad)

    stack.update(Resource(ATTRIBUTION, bad, PLACE), resource.properties)
    assert metrics(shop) == [BOUGHT, VIEWED]


def test_reports_go_to_a_bucket_and_no_longer(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(ATTRIBUTION, attribution())

    with_bucket = stack.update(resource, attribution(output=BUCKET))
    assert output(shop) == {"roleArn": ROLE_ARN, **BUCKET}

    stack.update(with_bucket, attribution())
    assert output(shop) == {"roleArn": ROLE_ARN}


def test_metrics_and_output_change_together(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(ATTRIBUTION, attribution(BOUGHT))

    stack.update(resource, attribution(BOUGHT_FOR, output=BUCKET))

    assert (metrics(shop), output(shop)["s3DataDestination"]) == (
        [BOUGHT_FOR],
        BUCKET["s3DataDestination"],
    )


def test_a_renamed_metric_attribution_is_another_one_in_the_same_place(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(ATTRIBUTION, attribution())

    renamed = stack.update(resource, attribution(name="turnover"))

    assert renamed.physical_id == resource.physical_id
    assert renamed.data["Arn"] == f"{PREFIX}:metric-attribution/turnover"
    assert left(shop) == ["turnover"]


def test_a_replacement_that_the_service_refuses_is_rolled_back(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(ATTRIBUTION, attribution())
    bad = attribution(BOUGHT | {"expression": "SUM(Items.PRICE)"}, name="turnover")
    with pytest.raises(ProvisioningError, match=r"^CreateMetricAttribution: .* no dataset Items"):
        stack.update(resource, bad)
    assert left(shop) == []

    stack.update(Resource(ATTRIBUTION, bad, PLACE), resource.properties)

    assert left(shop) == ["sales"]
    assert metrics(shop) == [BOUGHT]


def test_a_creation_that_the_service_refuses_leaves_nothing(
    stack: CloudFormation, shop: Shop
) -> None:
    bad = attribution(BOUGHT | {"expression": "SUM(Items.PRICE)"})

    with pytest.raises(ProvisioningError, match=r"^CreateMetricAttribution: .* no dataset Items"):
        stack.create(ATTRIBUTION, bad)
    assert left(shop) == []


def test_the_metric_attribution_of_somebody_else_is_not_taken_over(
    stack: CloudFormation, shop: Shop
) -> None:
    arn = shop.personalize.create_metric_attribution(
        name="theirs",
        datasetGroupArn=GROUP_ARN,
        metrics=[],
        metricsOutputConfig={"roleArn": ROLE_ARN},
    )["metricAttributionArn"]

    with pytest.raises(
        ProvisioningError,
        match=f"^the dataset group {GROUP_ARN} has one metric attribution at most, and {arn} is "
        "there already, not made by this stack: delete it, or import it$",
    ):
        stack.create(ATTRIBUTION, attribution())


def test_deletes_a_metric_attribution_in_any_state(stack: CloudFormation, shop: Shop) -> None:
    stack.begin(resource_event("Create", ATTRIBUTION, attribution()))
    assert left(shop) == ["sales"]

    resource = Resource(ATTRIBUTION, attribution(), PLACE)
    stack.delete(resource)
    assert left(shop) == []

    stack.delete(resource)  # gone already
    stack.create(ATTRIBUTION, attribution())
    shop.personalize.delete_metric_attribution(metricAttributionArn=ARN)
    stack.delete(resource)  # on its way
    assert left(shop) == []
