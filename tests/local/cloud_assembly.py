"""A cloud assembly deployed by CloudFormation itself, as `cdk deploy` does, without the CDK CLI.

The CLI takes seconds of a processor to start and to print how a stack is getting on. What it does
for its users is proved with the shop, by `test_shop.py` and `test_aws_check.py`.
"""

import json
import time
import zipfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3

from demo.cdk_cli import ROOT
from personalize_emulator.local import LocalAws

_TEMPLATES = ROOT / "node_modules" / "aws-cdk" / "lib" / "api" / "bootstrap"
_BOOTSTRAP_STACK = "CDKToolkit"
_POLL_SECONDS = 0.5
_CAPABILITIES: Any = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]


class DeploymentError(Exception):
    """CloudFormation could not do it; the message has its reasons."""


class CloudAssembly:
    """What the CDK has synthesised, and where it is deployed.

    Args:
        aws: Where it is deployed.
        folder: The folder of the assembly.
    """

    def __init__(self, aws: LocalAws, folder: Path) -> None:
        self.folder = folder
        self._places = {"${AWS::AccountId}": aws.account, "${AWS::Region}": aws.region}
        self._cloudformation = boto3.client("cloudformation", **aws.client_options)
        self._s3 = boto3.client("s3", **aws.client_options)

    def bootstrap(self) -> None:
        """Put the CDK's own stack into the account, from the template of the CLI."""
        self._cloudformation.create_stack(
            StackName=_BOOTSTRAP_STACK,
            TemplateBody=(_TEMPLATES / "bootstrap-template.yaml").read_text(encoding="utf-8"),
            Capabilities=_CAPABILITIES,
            Parameters=[
                {
                    "ParameterKey": "CloudFormationExecutionPolicies",
                    "ParameterValue": "arn:aws:iam::aws:policy/AdministratorAccess",
                },
                {
                    "ParameterKey": "FileAssetsBucketKmsKeyId",
                    "ParameterValue": "AWS_MANAGED_KEY",
                },
            ],
        )
        self._wait(_BOOTSTRAP_STACK, "CREATE_COMPLETE")

    def deploy(self, stack: str, tags: Mapping[str, str] | None = None) -> dict[str, str]:
        """Create a stack, or update it, and return its outputs.

        Args:
            stack: Its name.
            tags: Its tags (default: those that it was synthesised with).

        Raises:
            DeploymentError: It failed, and was taken back.
        """
        manifest = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        properties = manifest["artifacts"][stack]["properties"]
        tags = properties.get("tags", {}) if tags is None else tags
        self._publish(stack)
        request: dict[str, Any] = {
            "StackName": stack,
            "TemplateURL": self._url(properties["stackTemplateAssetObjectUrl"]),
            "Capabilities": _CAPABILITIES,
            "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        }
        if self._exists(stack):
            self._cloudformation.update_stack(**request)
            return self._wait(stack, "UPDATE_COMPLETE")
        self._cloudformation.create_stack(**request)
        return self._wait(stack, "CREATE_COMPLETE")

    def destroy(self, stack: str) -> None:
        """Delete a stack.

        Raises:
            DeploymentError: Something of it could not be deleted.
        """
        arn = self._describe(stack)["StackId"]
        self._cloudformation.delete_stack(StackName=arn)
        self._wait(arn, "DELETE_COMPLETE")

    def _publish(self, stack: str) -> None:
        """Put the assets of a stack where its template looks for them, those that are not there."""
        assets = json.loads((self.folder / f"{stack}.assets.json").read_text(encoding="utf-8"))
        for asset in assets["files"].values():
            for destination in asset["destinations"].values():
                bucket, key = self._placed(destination["bucketName"]), destination["objectKey"]
                there = self._s3.list_objects_v2(Bucket=bucket, Prefix=key)
                if not there["KeyCount"]:
                    self._s3.put_object(Bucket=bucket, Key=key, Body=self._content(asset["source"]))

    def _content(self, source: Mapping[str, str]) -> bytes:
        path = self.folder / source["path"]
        if source["packaging"] == "file":
            return path.read_bytes()
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for file in sorted(each for each in path.rglob("*") if each.is_file()):
                archive.write(file, file.relative_to(path))
        return packed.getvalue()

    def _placed(self, text: str) -> str:
        for placeholder, value in self._places.items():
            text = text.replace(placeholder, value)
        return text

    def _url(self, location: str) -> str:
        path = self._placed(location).removeprefix("s3://")
        return f"{self._s3.meta.endpoint_url}/{path}"

    def _exists(self, stack: str) -> bool:
        pages = self._cloudformation.get_paginator("list_stacks").paginate()
        return any(
            each["StackName"] == stack and each["StackStatus"] != "DELETE_COMPLETE"
            for page in pages
            for each in page["StackSummaries"]
        )

    def _describe(self, stack: str) -> Any:
        return self._cloudformation.describe_stacks(StackName=stack)["Stacks"][0]

    def _wait(self, stack: str, status: str) -> dict[str, str]:
        """Wait until CloudFormation is done with a stack, and return its outputs."""
        while (found := self._describe(stack))["StackStatus"].endswith("_IN_PROGRESS"):
            time.sleep(_POLL_SECONDS)
        if found["StackStatus"] != status:
            reasons = "\n".join(self._failures(found["StackId"]))
            message = f"{stack} is {found['StackStatus']} instead of {status}:\n{reasons}"
            raise DeploymentError(message)
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}

    def _failures(self, stack: str) -> Iterator[str]:
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate
        for page in pages(StackName=stack):
            for event in page["StackEvents"]:
                if event["ResourceStatus"].endswith("_FAILED"):
                    yield f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
