"""Amazon Personalize as the tests see it: boto3 clients of the emulator, and shortcuts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import boto3

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator import PersonalizeEmulator

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient
    from mypy_boto3_personalize_events import PersonalizeEventsClient
    from mypy_boto3_personalize_runtime import PersonalizeRuntimeClient

ROLE = "arn:aws:iam::123456789012:role/personalize"
BUCKET = "data"
USER_PERSONALIZATION = "aws-user-personalization-v2"

_SETTLED = ("ACTIVE", "CREATE FAILED", "CREATE STOPPED", "COMPLETED", "FAILED")
_PATIENCE = 30.0

_SESSION = boto3.Session()  # it reads the service models once, and its clients are quickly made

FIELDS: Mapping[DatasetType, Sequence[SchemaField]] = {
    DatasetType.INTERACTIONS: (
        SchemaField.string("EVENT_TYPE"),
        SchemaField.float("EVENT_VALUE", nullable=True),
    ),
    DatasetType.ITEMS: (
        SchemaField.string("CATEGORY", categorical=True),
        SchemaField.float("PRICE", nullable=True),
    ),
    DatasetType.USERS: (SchemaField.string("COUNTRY", categorical=True),),
}


def avro(dataset_type: DatasetType = DatasetType.INTERACTIONS) -> str:
    """Return the schema that the tests use for a type of dataset."""
    return AvroSchema.of(dataset_type, FIELDS[dataset_type]).to_json()


def recipe(name: str) -> str:
    """Return the ARN of a recipe."""
    return f"arn:aws:personalize:::recipe/{name}"


def interactions(users: int = 40, each: int = 8) -> str:
    """Return CSV in which users with even numbers like items a0 to a9, the others b0 to b9."""
    rows = [
        f"u{user},{'ab'[user % 2]}{(user + step * step) % 10},{1_700_000_000 + step},view,"
        for user in range(users)
        for step in range(each)
    ]
    return "\n".join(["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE", *rows])


def taste_of(items: Sequence[str]) -> str:
    """What most of some items are of; an answer may try out one or two of another sort."""
    return Counter(item[0] for item in items).most_common(1)[0][0]


ITEMS = "\n".join(
    [
        "ITEM_ID,CATEGORY,PRICE",
        *(f"{taste}{n},{taste.upper()},{n}" for taste in "ab" for n in range(10)),
    ]
)


class Cloud:
    """One account of the emulator, whose clock stands still until somebody waits."""

    def __init__(self, emulator: PersonalizeEmulator, account: str) -> None:
        """Make the clients of this account."""
        options = emulator.client_options
        options["aws_access_key_id"] = account
        self.emulator = emulator
        self.account = account
        self.personalize: PersonalizeClient = _SESSION.client("personalize", **options)
        self.events: PersonalizeEventsClient = _SESSION.client("personalize-events", **options)
        self.runtime: PersonalizeRuntimeClient = _SESSION.client("personalize-runtime", **options)

    def close(self) -> None:
        """Close the connections."""
        for client in (self.personalize, self.events, self.runtime):
            client.close()

    def arn(self, resource: str) -> str:
        """Return the ARN of a resource of this account."""
        return f"arn:aws:personalize:us-east-1:{self.account}:{resource}"

    def put(self, key: str, body: str) -> str:
        """Put an object and return where it is."""
        self.emulator.objects.put(BUCKET, f"{self.account}/{key}", body.encode())
        return self.path(key)

    def path(self, key: str) -> str:
        """Return where an object of this key is, or will be."""
        return f"s3://{BUCKET}/{self.account}/{key}"

    def read(self, key: str) -> str:
        """Return what is in an object."""
        return self.emulator.objects.get(BUCKET, f"{self.account}/{key}").decode()

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys of the objects under a prefix."""
        found = self.emulator.objects.list(BUCKET, f"{self.account}/{prefix}")
        return [entry.key.removeprefix(f"{self.account}/") for entry in found]

    def settle(self, arn: str, *, update: bool = False) -> dict[str, Any]:
        """Let time pass until a resource is in a settled state, and describe it."""
        return self._wait(
            lambda: self.describe(arn),
            lambda found: (_update_of(found) if update else found)["status"] in _SETTLED,
        )

    def vanish(self, arn: str) -> None:
        """Let time pass until a resource is gone."""

        def is_there() -> dict[str, Any]:
            try:
                return self.describe(arn)
            except self.personalize.exceptions.ResourceNotFoundException:
                return {}

        self._wait(is_there, lambda found: not found)

    def reach(self, arn: str, status: str) -> dict[str, Any]:
        """Let time pass until a resource has a status that it leaves again."""
        return self._wait(lambda: self.describe(arn), lambda found: found["status"] == status)

    def describe(self, arn: str) -> dict[str, Any]:
        """Describe a resource of whatever kind."""
        kind, *rest = arn.split(":", 5)[5].split("/")
        if kind == "solution" and len(rest) > 1:
            kind = "solution-version"
        words = kind.split("-")
        method = getattr(self.personalize, f"describe_{'_'.join(words)}")
        member = words[0] + "".join(word.capitalize() for word in words[1:])
        found: dict[str, Any] = method(**{f"{member}Arn": arn})[member]
        return found

    def schema(self, dataset_type: DatasetType = DatasetType.INTERACTIONS, name: str = "") -> str:
        """Create a schema."""
        name = name or dataset_type.value
        answer = self.personalize.create_schema(name=name, schema=avro(dataset_type))
        return answer["schemaArn"]

    def group(self, name: str = "shop") -> str:
        """Create a dataset group."""
        arn = self.personalize.create_dataset_group(name=name)["datasetGroupArn"]
        self.settle(arn)
        return arn

    def dataset(
        self,
        group: str,
        dataset_type: DatasetType = DatasetType.INTERACTIONS,
        csv: str | None = None,
    ) -> str:
        """Create a dataset, with its schema and data."""
        arn = self.personalize.create_dataset(
            name=dataset_type.value,
            datasetType=dataset_type.value,
            datasetGroupArn=group,
            schemaArn=self.schema(dataset_type),
        )["datasetArn"]
        self.settle(arn)
        if csv is not None:
            self.import_csv(arn, csv)
        return arn

    def dataset_of_schema(self, group: str, schema: AvroSchema) -> str:
        """Create a dataset with columns of its own."""
        kind = schema.dataset_type.value
        name = f"{group.rpartition('/')[2]}-{kind}"
        made = self.personalize.create_schema(name=name, schema=schema.to_json())
        arn = self.personalize.create_dataset(
            name=name,
            datasetType=kind,
            datasetGroupArn=group,
            schemaArn=made["schemaArn"],
        )["datasetArn"]
        self.settle(arn)
        return arn

    def import_csv(
        self, dataset: str, csv: str, *, name: str = "", mode: str = "FULL"
    ) -> dict[str, Any]:
        """Import data into a dataset and describe the job that did, or did not."""
        name = name or f"import-{time.monotonic_ns()}"
        arn = self.personalize.create_dataset_import_job(
            jobName=name,
            datasetArn=dataset,
            dataSource={"dataLocation": self.put(f"{name}.csv", csv)},
            roleArn=ROLE,
            importMode="FULL" if mode == "FULL" else "INCREMENTAL",
        )["datasetImportJobArn"]
        return self.settle(arn)

    def solution(
        self, group: str, name: str = "for-you", recipe_name: str = USER_PERSONALIZATION
    ) -> str:
        """Create a solution that does not train by itself."""
        arn = self.personalize.create_solution(
            name=name,
            datasetGroupArn=group,
            recipeArn=recipe(recipe_name),
            performAutoTraining=False,
        )["solutionArn"]
        self.settle(arn)
        return arn

    def version(self, solution: str) -> str:
        """Train a solution."""
        answer = self.personalize.create_solution_version(solutionArn=solution)
        assert self.settle(answer["solutionVersionArn"])["status"] == "ACTIVE"
        return answer["solutionVersionArn"]

    def campaign(self, version: str, name: str = "live") -> str:
        """Deploy a version."""
        arn = self.personalize.create_campaign(name=name, solutionVersionArn=version)["campaignArn"]
        assert self.settle(arn)["status"] == "ACTIVE"
        return arn

    def tracker(self, group: str, name: str = "clicks") -> tuple[str, str]:
        """Create an event tracker and return its ARN and its tracking id."""
        answer = self.personalize.create_event_tracker(name=name, datasetGroupArn=group)
        self.settle(answer["eventTrackerArn"])
        return answer["eventTrackerArn"], answer["trackingId"]

    def filter(self, group: str, expression: str, name: str = "some") -> str:
        """Create a filter."""
        arn = self.personalize.create_filter(
            name=name, datasetGroupArn=group, filterExpression=expression
        )["filterArn"]
        self.settle(arn)
        return arn

    def _wait(
        self,
        look: Callable[[], dict[str, Any]],
        is_over: Callable[[dict[str, Any]], bool],
    ) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE
        while not is_over(found := look()):
            assert time.monotonic() < deadline, f"waited in vain: {found}"
            self.emulator.skip_to_next()
        return found


def _update_of(found: dict[str, Any]) -> dict[str, Any]:
    update: dict[str, Any] = next(
        value for name, value in found.items() if name.startswith("latest") and "Update" in name
    )
    return update
