"""Small resources that a question needs, which are gone when it is answered."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from aws_check.account import client_of
from aws_check.names import PROBE_PREFIX
from aws_check.pace import Pace
from cdk_personalize.avro_schema import AvroSchema, DatasetType
from demo.cloud import Cloud
from demo.progress import DemoError
from demo.stack import DeployedStack
from resource_provider.control_plane import code_of, is_busy, is_failed

PERSONALIZE = "personalize.amazonaws.com"


class Probe:
    """What one question may use: the deployed demo, clients, and resources of its own.

    A resource is deleted at the end of the `with` block, the latest first, however it ends.
    """

    def __init__(
        self, cloud: Cloud, stack: DeployedStack, pace: Pace, say: Callable[[str], None]
    ) -> None:
        """Begin with no resources.

        Args:
            cloud: Where to ask.
            stack: The demo, with models that serve.
            pace: How long to wait.
            say: Told what is under way.
        """
        self.cloud = cloud
        self.stack = stack
        self.pace = pace
        self.say = say
        self.left: list[str] = []
        self._run = secrets.token_hex(4)
        self._count = 0
        self._removals: list[tuple[str, Callable[[], bool]]] = []
        self.personalize = self.client("personalize")

    def __enter__(self) -> Probe:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what was made; what cannot be removed is named in `left`."""
        while self._removals:
            name, remove = self._removals.pop()
            self.say(f"removing {name}")
            try:
                self.wait_for(remove, f"the removal of {name}")
            except (BotoCoreError, ClientError, DemoError) as error:
                self.left.append(f"{name}: {error}")

    @property
    def partition(self) -> str:
        """The partition of AWS, `aws` say."""
        return self.stack.output("DatasetGroupArn").split(":")[1]

    @property
    def group_arn(self) -> str:
        """The dataset group of the demo, which holds data."""
        return self.stack.output("DatasetGroupArn")

    def client(self, service: str, **more: object) -> Any:  # noqa: ANN401 - made at run time
        """Return a client; `more` is what `boto3.client` takes beyond the cloud's options."""
        return client_of(self.cloud, service, **more)

    def unchecked(self, service: str) -> Any:  # noqa: ANN401
        """Return a client that sends what its model would refuse."""
        return client_of(self.cloud, service, config=Config(parameter_validation=False))

    def arn(self, resource: str) -> str:
        """Return an ARN of Amazon Personalize in this account and region."""
        where = f"{self.cloud.region}:{self.cloud.account}"
        return f"arn:{self.partition}:personalize:{where}:{resource}"

    def recipe(self, name: str) -> str:
        """Return the ARN of a recipe."""
        return f"arn:{self.partition}:personalize:::recipe/{name}"

    def name(self, what: str) -> str:
        """Return a name that nothing else has."""
        self._count += 1
        return f"{PROBE_PREFIX}{self._run}-{self._count}-{what}"

    def solutions(self) -> list[str]:
        """Return the ARNs of the solutions of the demo."""
        pages = self.personalize.get_paginator("list_solutions")
        found = pages.paginate(datasetGroupArn=self.group_arn)
        return [each["solutionArn"] for page in found for each in page["solutions"]]

    def remove_later(self, name: str, remove: Callable[[], bool]) -> None:
        """Remove something at the end.

        Args:
            name: What it is, for people.
            remove: Goes on with the removal, and tells whether it is done.
        """
        self._removals.append((name, remove))

    def wait_for(
        self, done: Callable[[], bool], what: str, limit: float = 0, poll: float = 0
    ) -> None:
        """Wait until something is done.

        Raises:
            DemoError: It takes too long.
        """
        limit, poll = limit or self.pace.limit, poll or self.pace.poll
        deadline = time.monotonic() + limit
        while not done():
            if time.monotonic() > deadline:
                msg = f"{what} did not come about within {limit:.0f} s"
                raise DemoError(msg)
            time.sleep(poll)

    # Resources of Amazon Personalize

    def schema(self, dataset_type: DatasetType = DatasetType.INTERACTIONS) -> str:
        """Create a schema with the columns that such a dataset has by default."""
        document = AvroSchema.of(dataset_type).to_json()
        return self.create("schema", name=self.name("schema"), schema=document)

    def dataset_group(self) -> str:
        """Create a dataset group."""
        return self.create("dataset_group", name=self.name("group"))

    def interactions(self, group_arn: str) -> str:
        """Create a dataset of interactions without data."""
        schema = self.schema()
        return self.create(
            "dataset",
            name=self.name("interactions"),
            datasetGroupArn=group_arn,
            schemaArn=schema,
            datasetType="Interactions",
        )

    def create(self, noun: str, **request: object) -> str:
        """Create a resource, and wait until it is active.

        Args:
            noun: Its type, `dataset_group` say.
            request: What the service is asked for.

        Returns:
            Its ARN.

        Raises:
            ClientError: The service refuses it.
            DemoError: It failed, or takes too long.
        """
        arn = self.begin(noun, **request)
        self.settle(noun, arn)
        return arn

    def begin(self, noun: str, **request: object) -> str:
        """Create a resource, and wait for nothing; return its ARN."""
        member = f"{_camel(noun)}Arn"
        self.say(f"creating {request.get('name')}")
        arn: str = getattr(self.personalize, f"create_{noun}")(**request)[member]
        self.remove_later(arn, lambda: self._is_gone(noun, arn))
        return arn

    def describe(self, noun: str, arn: str) -> dict[str, Any]:
        """Describe a resource."""
        member = _camel(noun)
        described = getattr(self.personalize, f"describe_{noun}")(**{f"{member}Arn": arn})
        return dict(described[member])

    def settle(self, noun: str, arn: str) -> dict[str, Any]:
        """Wait until a resource, and its latest update, are no longer under way.

        Returns:
            Its description.

        Raises:
            DemoError: It failed, or takes too long.
        """
        found: dict[str, Any] = {}

        def is_settled() -> bool:
            found.update(self.describe(noun, arn))
            update = found.get(f"latest{_camel(noun)[0].upper()}{_camel(noun)[1:]}Update", {})
            return not is_busy(found.get("status", "")) and not is_busy(update.get("status", ""))

        self.wait_for(is_settled, f"{arn} as ACTIVE")
        if is_failed(found.get("status", "")):
            msg = f"{arn} is {found['status']}: {found.get('failureReason', 'no reason is given')}"
            raise DemoError(msg)
        return found

    def refusal(self, call: Callable[[], Mapping[str, Any]]) -> str:
        """Return how the service refuses a request, word for word, or what it answers instead."""
        try:
            answer = call()
        except ClientError as error:
            return refusal_of(error)
        shown = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
        return f"accepted: {json.dumps(shown, default=str)}"

    def _is_gone(self, noun: str, arn: str) -> bool:
        try:
            getattr(self.personalize, f"delete_{noun}")(**{f"{_camel(noun)}Arn": arn})
        except ClientError as error:
            if code_of(error) == "ResourceNotFoundException":
                return True
            if code_of(error) != "ResourceInUseException":
                raise
            self._stop_training(noun, arn)
        return False

    def _stop_training(self, noun: str, arn: str) -> None:
        """Stop what automatic training began, which keeps a solution from being deleted."""
        if noun == "solution":
            for version in self.personalize.list_solution_versions(solutionArn=arn)[
                "solutionVersions"
            ]:
                if is_busy(version["status"]) and "STOPPING" not in version["status"]:
                    self.personalize.stop_solution_version_creation(
                        solutionVersionArn=version["solutionVersionArn"]
                    )

    # Resources of other services

    def role(self, principal: Mapping[str, str], *statements: Mapping[str, object]) -> str:
        """Create a role, and wait until it is known everywhere.

        Args:
            principal: Who may assume it.
            statements: What it may do; nothing without them.

        Returns:
            Its ARN.
        """
        iam, name = self.client("iam"), self.name("role")
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]
        self.remove_later(name, lambda: _remove_role(iam, name))
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=policy(*statements))
        time.sleep(self.pace.new_role)
        arn: str = role["Arn"]
        return arn

    def bucket(self) -> str:
        """Create a bucket; return its name."""
        s3, name = self.client("s3"), self.name("bucket")
        where = {"CreateBucketConfiguration": {"LocationConstraint": self.cloud.region}}
        s3.create_bucket(Bucket=name, **({} if self.cloud.region == "us-east-1" else where))
        self.remove_later(name, lambda: _remove_bucket(s3, name))
        return name

    @contextmanager
    def assumed(self, role_arn: str, service: str) -> Iterator[Any]:
        """Give a client with the credentials of a role; they are kept nowhere."""
        sts = self.client("sts")
        given = sts.assume_role(RoleArn=role_arn, RoleSessionName="aws-check")["Credentials"]
        client = client_of(
            self.cloud,
            service,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given["SessionToken"],
        )
        try:
            yield client
        finally:
            client.close()


def policy(*statements: Mapping[str, object]) -> str:
    """Return a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refusal_of(error: ClientError) -> str:
    """Return what an error says, word for word."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "?")
    message = error.response.get("Error", {}).get("Message", "")
    return f"{error.operation_name}: HTTP {status} {code_of(error)}: {message}"


def dimensions_of(metrics: Sequence[Mapping[str, Any]]) -> str:
    """Return the names of the dimensions of a metric, without what they are about."""
    sets = {", ".join(sorted(each["Name"] for each in m["Dimensions"])) for m in metrics}
    return " | ".join(sorted(sets))


def _camel(noun: str) -> str:
    first, *rest = noun.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _remove_role(iam: Any, name: str) -> bool:  # noqa: ANN401
    try:
        for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
        iam.delete_role(RoleName=name)
    except ClientError as error:
        if code_of(error) != "NoSuchEntity":
            raise
    return True


def _remove_bucket(s3: Any, name: str) -> bool:  # noqa: ANN401
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for found in page.get("Contents", []):
            s3.delete_object(Bucket=name, Key=found["Key"])
    s3.delete_bucket(Bucket=name)
    return True
