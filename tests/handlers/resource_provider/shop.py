"""A small shop in the emulator: a dataset group, data, and what is trained on it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator import PersonalizeEmulator
from tests.handlers.resource_provider.cloudformation import wait_until

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient

PREFIX = "arn:aws:personalize:us-east-1:123456789012"
GROUP_ARN = f"{PREFIX}:dataset-group/shop"
SIMILAR_ITEMS = "arn:aws:personalize:::recipe/aws-similar-items"
ROLE_ARN = "arn:aws:iam::123456789012:role/personalize"
USERS, ITEMS, EVENTS = 50, 40, 1200


def as_request(**members: object) -> dict[str, str]:
    """Return the properties of a custom resource with this request."""
    return {"Request": json.dumps(members)}


def dataset(kind: str, schema_arn: str, **others: object) -> dict[str, str]:
    """Return the properties of a data set."""
    request = {"name": kind.lower(), "schemaArn": schema_arn, "datasetGroupArn": GROUP_ARN}
    return as_request(**(request | {"datasetType": kind} | others))


def solution(name: str = "similar", **others: object) -> dict[str, Any]:
    """Return the properties of a solution."""
    request = {"recipeArn": SIMILAR_ITEMS, "datasetGroupArn": GROUP_ARN}
    properties = as_request(name=name, **({"performAutoTraining": False} | request | others))
    return {**properties, "DatasetTypes": ["INTERACTIONS"]}


def campaign(solution_name: str = "similar", **others: object) -> dict[str, str]:
    """Return the properties of a campaign."""
    request = {"name": "live", "minProvisionedTPS": 1} | others
    return {**as_request(**request), "SolutionArn": f"{PREFIX}:solution/{solution_name}"}


@dataclass
class Shop:
    """What a test prepares and looks at, behind the provider's back."""

    aws: PersonalizeEmulator
    personalize: "PersonalizeClient"

    def open(self) -> None:
        """Create the dataset group."""
        self.personalize.create_dataset_group(name="shop")
        self.wait(
            lambda: (
                self.personalize.describe_dataset_group(datasetGroupArn=GROUP_ARN)["datasetGroup"][
                    "status"
                ]
                == "ACTIVE"
            )
        )

    def later(self) -> None:
        """Let some time pass in the emulator."""
        self.aws.skip(60)

    def wait(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so in the emulator."""
        wait_until(is_so, self.aws.skip_to_next)

    def schema(self, name: str, kind: str, *more: SchemaField) -> str:
        """Create a schema: the default one, and more columns."""
        of_kind = AvroSchema.of(DatasetType.of(kind))
        schema = AvroSchema.of(of_kind.dataset_type, (*of_kind.fields, *more))
        return self.personalize.create_schema(name=name, schema=schema.to_json())["schemaArn"]

    def stock(self) -> None:
        """Create the interactions and import some."""
        arn = self.personalize.create_dataset(
            name="interactions",
            schemaArn=self.schema("interactions", "Interactions"),
            datasetGroupArn=GROUP_ARN,
            datasetType="Interactions",
        )["datasetArn"]
        self.wait(lambda: self.dataset(arn)["status"] == "ACTIVE")
        job = self.start_import(arn)
        self.wait(lambda: self.job(job)["status"] == "ACTIVE")

    def start_import(self, dataset_arn: str, name: str = "import") -> str:
        """Begin to import some interactions."""
        header = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE"
        rows = (f"{n % USERS},{n * 7 % ITEMS},{1_700_000_000 + n},view," for n in range(EVENTS))
        self.aws.objects.put("data", "interactions.csv", "\n".join((header, *rows)).encode())
        return self.personalize.create_dataset_import_job(
            jobName=name,
            datasetArn=dataset_arn,
            dataSource={"dataLocation": "s3://data/interactions.csv"},
            roleArn=ROLE_ARN,
        )["datasetImportJobArn"]

    def hold(self) -> tuple[str, str]:
        """Create an event tracker and a filter, which hold the interactions."""
        tracker = self.personalize.create_event_tracker(name="clicks", datasetGroupArn=GROUP_ARN)
        the_filter = self.personalize.create_filter(
            name="unseen",
            datasetGroupArn=GROUP_ARN,
            filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("view")',
        )
        held_by = tracker["eventTrackerArn"], the_filter["filterArn"]
        self.wait(lambda: all(self.found(arn)["status"] == "ACTIVE" for arn in held_by))
        return held_by

    def fail(self, arn: str, update: str = "") -> None:
        """Let the service give up on what it does with a resource: its creation, or an update."""
        backend = self.aws.service.backend
        with backend.store.transaction():
            backend.jobs.cancel(arn, "update" if update else "create")
            resource = backend.store.get(arn)
            assert resource is not None
            part = resource.document[update] if update else resource.document
            part |= {"status": "CREATE FAILED", "failureReason": "there is no capacity"}
            backend.store.save(resource)

    def age(self, arn: str) -> None:
        """Let a resource have been there for a day; the clock can only be set forward."""
        store = self.aws.service.backend.store
        with store.transaction():
            resource = store.get(arn)
            assert resource is not None
            resource.document["creationDateTime"] -= 86_400
            store.save(resource)

    def found(self, arn: str) -> dict[str, Any]:
        """Return what the service keeps of a resource."""
        resource = self.aws.service.backend.store.get(arn)
        assert resource is not None
        return resource.document

    def train(self, solution_arn: str) -> str:
        """Train a solution, and return the ARN of its new version."""
        arn = self.start_training(solution_arn)
        self.wait(lambda: self.version(arn)["status"] == "ACTIVE")
        return arn

    def start_training(self, solution_arn: str, name: str | None = None) -> str:
        """Begin to train a solution."""
        create = partial(self.personalize.create_solution_version, solutionArn=solution_arn)
        answer = create() if name is None else create(name=name)
        return answer["solutionVersionArn"]

    def start_batch(self, version_arn: str) -> str:
        """Begin to ask a model in bulk."""
        self.aws.objects.put("data", "batch.json", b'{"itemId": "1"}')
        return self.personalize.create_batch_inference_job(
            jobName="batch",
            solutionVersionArn=version_arn,
            jobInput={"s3DataSource": {"path": "s3://data/batch.json"}},
            jobOutput={"s3DataDestination": {"path": "s3://data/answers/"}},
            roleArn=ROLE_ARN,
        )["batchInferenceJobArn"]

    def versions(self, solution_arn: str) -> list[dict[str, Any]]:
        answer = self.personalize.list_solution_versions(solutionArn=solution_arn)
        return [dict(version) for version in answer["solutionVersions"]]

    def dataset(self, arn: str) -> dict[str, Any]:
        return dict(self.personalize.describe_dataset(datasetArn=arn)["dataset"])

    def job(self, arn: str) -> dict[str, Any]:
        answer = self.personalize.describe_dataset_import_job(datasetImportJobArn=arn)
        return dict(answer["datasetImportJob"])

    def solution(self, arn: str) -> dict[str, Any]:
        return dict(self.personalize.describe_solution(solutionArn=arn)["solution"])

    def version(self, arn: str) -> dict[str, Any]:
        answer = self.personalize.describe_solution_version(solutionVersionArn=arn)
        return dict(answer["solutionVersion"])

    def campaign(self, arn: str) -> dict[str, Any]:
        return dict(self.personalize.describe_campaign(campaignArn=arn)["campaign"])

    def left(self) -> list[str]:
        """Return the ARNs of the data sets, solutions and campaigns that are there."""
        personalize = self.personalize
        return [
            *(one["datasetArn"] for one in personalize.list_datasets()["datasets"]),
            *(one["solutionArn"] for one in personalize.list_solutions()["solutions"]),
            *(one["campaignArn"] for one in personalize.list_campaigns()["campaigns"]),
        ]
