"""Metric attributions: one for each dataset group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.emulator.cloud import ROLE

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


def group_of(cloud: Cloud) -> str:
    group = cloud.group()
    cloud.dataset(group)
    return group


def create(cloud: Cloud, group: str, name: str = "sales") -> str:
    arn = cloud.personalize.create_metric_attribution(
        name=name,
        datasetGroupArn=group,
        metrics=[
            {"eventType": "buy", "metricName": "bought", "expression": "SAMPLECOUNT()"},
            {"eventType": "view", "metricName": "viewed", "expression": "SAMPLECOUNT()"},
        ],
        metricsOutputConfig={"roleArn": ROLE},
    )["metricAttributionArn"]
    cloud.settle(arn)
    return arn


def names(cloud: Cloud, arn: str) -> list[str]:
    found = cloud.personalize.list_metric_attribution_metrics(metricAttributionArn=arn)
    return [metric["metricName"] for metric in found["metrics"]]


def test_becomes_active(cloud: Cloud) -> None:
    found = cloud.describe(create(cloud, group_of(cloud)))
    assert (found["name"], found["status"]) == ("sales", "ACTIVE")


def test_a_group_has_one(cloud: Cloud) -> None:
    group = group_of(cloud)
    create(cloud, group)
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException):
        create(cloud, group, "other")


def test_metrics_are_added_and_removed(cloud: Cloud) -> None:
    arn = create(cloud, group_of(cloud))
    cloud.personalize.update_metric_attribution(
        metricAttributionArn=arn,
        addMetrics=[{"eventType": "like", "metricName": "liked", "expression": "SAMPLECOUNT()"}],
        removeMetrics=["viewed"],
    )
    assert names(cloud, arn) == ["bought", "liked"]


def test_a_metric_that_is_not_there_cannot_be_removed(cloud: Cloud) -> None:
    arn = create(cloud, group_of(cloud))
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="liked"):
        cloud.personalize.update_metric_attribution(
            metricAttributionArn=arn, removeMetrics=["liked"]
        )


def test_is_deleted(cloud: Cloud) -> None:
    arn = create(cloud, group_of(cloud))
    cloud.personalize.delete_metric_attribution(metricAttributionArn=arn)
    cloud.vanish(arn)
    assert cloud.personalize.list_metric_attributions()["metricAttributions"] == []


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("COUNT()", "must be SUM"),
        ("SUM(Users.AGE)", "must be SUM"),
        ("SUM(Interactions.NOTHING)", "schema of Interactions has no column NOTHING"),
        ("SUM(Interactions.EVENT_TYPE)", "of type string"),
        ("SUM(Items.PRICE)", "has no dataset Items"),
    ],
)
def test_a_metric_must_fit_the_datasets(cloud: Cloud, expression: str, reason: str) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match=reason):
        cloud.personalize.create_metric_attribution(
            name="sales",
            datasetGroupArn=group_of(cloud),
            metrics=[{"eventType": "buy", "metricName": "sales", "expression": expression}],
            metricsOutputConfig={"roleArn": ROLE},
        )


def test_a_metric_that_is_added_must_fit_too(cloud: Cloud) -> None:
    arn = create(cloud, group_of(cloud))
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="must be SUM"):
        cloud.personalize.update_metric_attribution(
            metricAttributionArn=arn,
            addMetrics=[{"eventType": "x", "metricName": "y", "expression": "MAX(Items.PRICE)"}],
        )


def test_the_group_needs_interactions(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="EVENT_TYPE"):
        create(cloud, cloud.group())


def test_a_name_is_there_once(cloud: Cloud) -> None:
    arn = create(cloud, group_of(cloud))
    with pytest.raises(cloud.personalize.exceptions.ResourceAlreadyExistsException, match="bought"):
        cloud.personalize.update_metric_attribution(
            metricAttributionArn=arn,
            addMetrics=[{"eventType": "x", "metricName": "bought", "expression": "SAMPLECOUNT()"}],
        )


def test_there_are_ten_metrics_at_most(limited: Cloud) -> None:
    arn = create(limited, group_of(limited))
    with pytest.raises(limited.personalize.exceptions.InvalidInputException, match="at most 10"):
        limited.personalize.update_metric_attribution(
            metricAttributionArn=arn,
            addMetrics=[
                {"eventType": "x", "metricName": f"m{n}", "expression": "SAMPLECOUNT()"}
                for n in range(9)
            ],
        )
