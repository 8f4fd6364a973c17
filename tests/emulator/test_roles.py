"""Roles that the service cannot use are refused when they are handed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import DatasetType
from personalize_emulator import PersonalizeEmulator, Quotas
from tests.emulator.cloud import ITEMS, ROLE, Cloud, interactions

if TYPE_CHECKING:
    from personalize_emulator.caller import Caller

BAD_ROLE = "arn:aws:iam::123456789012:role/nobody"
KEY = "arn:aws:kms:us-east-1:123456789012:key/0d0e"


class OneRole:
    """An account with a single role.

    Attributes:
        asked: The callers that a role was looked up for.
    """

    def __init__(self) -> None:
        self.asked: list[Caller] = []

    def finding(self, role_arn: str, caller: Caller) -> str | None:
        self.asked.append(caller)
        return None if role_arn == ROLE else f"The role {role_arn} does not exist"


@pytest.fixture(scope="module")
def roles() -> OneRole:
    return OneRole()


@pytest.fixture(scope="module")
def account(roles: OneRole) -> Iterator[Cloud]:
    """An account with data, a model and a single role."""
    with PersonalizeEmulator(
        speed=1e-6, quotas=Quotas.none(), strict_answers=True, roles=roles
    ) as emulator:
        cloud = Cloud(emulator, "123456789012")
        group = cloud.group()
        cloud.dataset(group, csv=interactions())
        cloud.dataset(group, DatasetType.ITEMS, ITEMS)
        cloud.version(cloud.solution(group))
        yield cloud
        cloud.close()


def of(cloud: Cloud, role: str) -> Mapping[str, Callable[[], Any]]:
    """The requests that hand a role over, by what they create."""
    personalize = cloud.personalize
    items, group = cloud.arn("dataset/shop/ITEMS"), cloud.arn("dataset-group/shop")
    source: Any = {"dataLocation": cloud.path("users.csv")}
    input_: Any = {"s3DataSource": {"path": cloud.path("in/")}}
    output: Any = {"s3DataDestination": {"path": cloud.path("out/")}}
    (version,) = personalize.list_solution_versions()["solutionVersions"]
    return {
        "import": lambda: personalize.create_dataset_import_job(
            jobName="job", datasetArn=items, dataSource=source, roleArn=role
        ),
        "export": lambda: personalize.create_dataset_export_job(
            jobName="job", datasetArn=items, jobOutput=output, roleArn=role
        ),
        "deletion": lambda: personalize.create_data_deletion_job(
            jobName="job", datasetGroupArn=group, dataSource=source, roleArn=role
        ),
        "inference": lambda: personalize.create_batch_inference_job(
            jobName="job",
            solutionVersionArn=version["solutionVersionArn"],
            jobInput=input_,
            jobOutput=output,
            roleArn=role,
        ),
        "attribution": lambda: personalize.create_metric_attribution(
            name="clicks",
            datasetGroupArn=group,
            metrics=[
                {"eventType": "view", "metricName": "views", "expression": "SAMPLECOUNT()"},
            ],
            metricsOutputConfig={"roleArn": role},
        ),
        "group": lambda: personalize.create_dataset_group(
            name="secret", roleArn=role, kmsKeyArn=KEY
        ),
    }


KINDS = ("import", "export", "deletion", "inference", "attribution", "group")


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_role_is_refused(account: Cloud, kind: str) -> None:
    with pytest.raises(
        account.personalize.exceptions.InvalidInputException,
        match=f"The role {BAD_ROLE} does not exist\\.",
    ):
        of(account, BAD_ROLE)[kind]()


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_role_is_taken(account: Cloud, kind: str) -> None:
    of(account, ROLE)[kind]()


def test_an_attribution_is_not_moved_to_a_bad_role(account: Cloud) -> None:
    group = account.group("another")
    dataset = account.personalize.create_dataset(
        name="log",
        datasetType="Interactions",
        datasetGroupArn=group,
        schemaArn=account.arn("schema/Interactions"),
    )["datasetArn"]
    account.settle(dataset)
    arn = account.personalize.create_metric_attribution(
        name="sales",
        datasetGroupArn=group,
        metrics=[{"eventType": "buy", "metricName": "sales", "expression": "SAMPLECOUNT()"}],
        metricsOutputConfig={"roleArn": ROLE},
    )["metricAttributionArn"]
    account.settle(arn)
    with pytest.raises(account.personalize.exceptions.InvalidInputException, match=BAD_ROLE):
        account.personalize.update_metric_attribution(
            metricAttributionArn=arn, metricsOutputConfig={"roleArn": BAD_ROLE}
        )


def test_the_account_that_hands_a_role_over_is_looked_at(account: Cloud, roles: OneRole) -> None:
    with pytest.raises(account.personalize.exceptions.InvalidInputException):
        of(account, BAD_ROLE)["import"]()
    assert roles.asked[-1].account == account.account
