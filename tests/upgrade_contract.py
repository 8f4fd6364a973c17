"""What no release of the library may change in the stacks of its users.

Another logical id, or another value of a property that cannot be changed, is another resource:
CloudFormation makes that and deletes the one that the user has, with what it holds.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.readable import readable

Entry = dict[str, Any]
Contract = dict[str, Entry]

_NATIVE = "AWS::Personalize::"
_MANAGED = "Custom::Personalize"
# What else holds data, or an address that others know.
_STATEFUL = (
    "AWS::ApiGatewayV2::Api",
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::Kinesis::Stream",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
)
# What the ARN of a managed resource is made of, and what the service refuses to change in it. The
# name of a solution ends in a hash of all the rest.
_IDENTITY = ("name", "datasetGroupArn", "datasetType", "recipeArn", "domain")
_REGION = "us-east-1"


def contract_of(template: Mapping[str, Any]) -> Contract:
    """Return the resources of a template that must stay what they are."""
    return {
        logical_id: _entry(resource["Type"], resource.get("Properties", {}))
        for logical_id, resource in template["Resources"].items()
        if resource["Type"].startswith((_NATIVE, _MANAGED)) or resource["Type"] in _STATEFUL
    }


def breaches(committed: Contract, now: Contract) -> Iterator[str]:
    """Tell what an upgrade would do to the stack of a user."""
    for logical_id, before in sorted(committed.items()):
        what = f"{before['Type']} {logical_id}"
        after = now.get(logical_id)
        if after is None:
            yield f"{what} would be deleted: there is no such logical id any more"
        elif changed := sorted(
            name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
        ):
            yield f"{what} would be replaced: " + ", ".join(
                f"{name} changes from {_shown(before, name)} to {_shown(after, name)}"
                for name in changed
            )


def additions(committed: Contract, now: Contract) -> Contract:
    """Return what is new, which harms nobody."""
    return {name: entry for name, entry in now.items() if name not in committed}


def _entry(resource_type: str, properties: Mapping[str, Any]) -> Entry:
    if resource_type.startswith(_MANAGED):
        request = readable(properties.get("Request", {}))
        identity = {name: request[name] for name in _IDENTITY if name in request}
        if "recipeArn" in identity:  # whose partition is written in two ways
            identity["recipeArn"] = identity["recipeArn"].partition(":recipe/")[2]
        # CloudFormation refuses to change the function of a custom resource.
        identity["ServiceToken"] = readable(properties["ServiceToken"])
    else:
        identity = {
            # Texts are kept to the letter, as CloudFormation compares them.
            name: value if isinstance(value := properties[name], str) else readable(value)
            for name in _create_only(resource_type)
            if name in properties
        }
    return {"Type": resource_type, **identity}


def _create_only(resource_type: str) -> list[str]:
    """Return the properties for which CloudFormation replaces, as its registry says."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, resource_type).schema
    pointers: list[str] = schema.get("createOnlyProperties", [])
    return [pointer.removeprefix("/properties/") for pointer in pointers]


def _shown(entry: Entry, name: str) -> str:
    return repr(entry[name]) if name in entry else "nothing"
