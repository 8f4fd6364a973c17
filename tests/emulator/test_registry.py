"""The types of local CloudFormation, held against the registry's own schemas."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest

from personalize_emulator.local.registry import TYPES, Property, ResourceType

SCHEMAS = files("cfnlint") / "data" / "schemas"
NAMES = json.loads((SCHEMAS / "providers" / "us-east-1.json").read_text())
BY_NAME = {resource_type.name: resource_type for resource_type in TYPES}


def schema(name: str) -> dict[str, Any]:
    """The registry's schema of a type, as cfn-lint ships it."""
    found: dict[str, Any] = json.loads((SCHEMAS / "resources" / f"{NAMES[name]}.json").read_text())
    return found


def names(pointers: list[str]) -> set[str]:
    return {pointer.removeprefix("/properties/") for pointer in pointers}


def described(node: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """What the registry says of a property, less what the service checks itself."""
    if "$ref" in node:
        node = definitions[node["$ref"].rpartition("/")[2]]
    found: dict[str, Any] = {"type": node["type"]}
    if "properties" in node:
        found["properties"] = {
            name: described(each, definitions) for name, each in node["properties"].items()
        }
        found["required"] = set(node.get("required", ()))
    if "patternProperties" in node:
        (value,) = node["patternProperties"].values()
        found["value"] = described(value, definitions)
    if "items" in node:
        found["item"] = described(node["items"], definitions)
    if "enum" in node:
        found["enum"] = set(node["enum"])
    return found


def ours(node: Property) -> dict[str, Any]:
    found: dict[str, Any] = {"type": node.type}
    if node.properties:
        found["properties"] = {name: ours(each) for name, each in node.properties.items()}
        found["required"] = set(node.required)
    if node.value is not None:
        found["value"] = ours(node.value)
    if node.item is not None:
        found["item"] = ours(node.item)
    if node.enum:
        found["enum"] = set(node.enum)
    return found


def test_all_types_of_the_registry_are_there() -> None:
    assert set(BY_NAME) == {name for name in NAMES if name.startswith("AWS::Personalize::")}


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_type_has_the_properties_of_the_registry(name: str) -> None:
    registered = schema(name)
    definitions = registered.get("definitions", {})
    given = registered["properties"].keys() - names(registered["readOnlyProperties"])

    wanted = {each: described(registered["properties"][each], definitions) for each in given}
    found = ours(BY_NAME[name].shape)
    assert found["properties"] == wanted
    assert found["required"] == set(registered["required"])


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_type_is_replaced_when_the_registry_says_so(name: str) -> None:
    registered, found = schema(name), BY_NAME[name]

    assert found.create_only == names(registered["createOnlyProperties"])
    assert found.deleted_first == (registered.get("replacementStrategy") == "delete_then_create")


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_type_has_the_attributes_of_the_registry(name: str) -> None:
    registered, found = schema(name), BY_NAME[name]

    arn = f"{found.noun}Arn"
    assert found.attributes | {arn} == names(registered["readOnlyProperties"])
    assert registered["primaryIdentifier"] == [f"/properties/{arn}"]


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_what_a_type_can_update_is_in_no_other_way_changed(name: str) -> None:
    found = BY_NAME[name]
    changeable = set(found.shape.properties) - found.create_only - {"Tags", "DatasetImportJob"}

    assert found.updates == changeable


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_type_puts_in_upper_case_what_the_registry_transforms(name: str) -> None:
    transformed = {
        tuple(pointer.removeprefix("/properties/").split("/*/"))
        for pointer in schema(name).get("propertyTransform", {})
    }

    found = {(each, part) for each, parts in BY_NAME[name].upper_case.items() for part in parts}
    assert found == transformed


def test_the_schema_of_a_template_is_shorter_than_that_of_the_api() -> None:
    limit = schema("AWS::Personalize::Schema")["properties"]["Schema"]["maxLength"]

    assert BY_NAME["AWS::Personalize::Schema"].shape.properties["Schema"].max_length == limit


CAMPAIGN: ResourceType = BY_NAME["AWS::Personalize::Campaign"]


def test_strings_of_a_template_become_what_the_api_has() -> None:
    config = {
        "EnableMetadataWithRecommendations": "true",
        "ItemExplorationConfig": {"explorationWeight": 0.3},
        "RankingInfluence": {"POPULARITY": "0.5"},
    }
    found = CAMPAIGN.shape.converted(
        {"Name": "c", "MinProvisionedTPS": "2", "CampaignConfig": config}
    )

    assert found == {
        "name": "c",
        "minProvisionedTPS": 2,
        "campaignConfig": {
            "enableMetadataWithRecommendations": True,
            "itemExplorationConfig": {"explorationWeight": "0.3"},
            "rankingInfluence": {"POPULARITY": 0.5},
        },
    }


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"MinProvisionedTPS": "many"}, "#/MinProvisionedTPS: expected type: Integer, found: str"),
        ({"Name": {"a": 1}}, "#/Name: expected type: String, found: dict"),
        ({"CampaignConfig": "x"}, "#/CampaignConfig: expected type: JSONObject, found: str"),
        (
            {"CampaignConfig": {"RankingInfluence": []}},
            "#/CampaignConfig/RankingInfluence: expected type: JSONObject, found: list",
        ),
        (
            {"CampaignConfig": {"SyncWithLatestSolutionVersion": "perhaps"}},
            "#/CampaignConfig/SyncWithLatestSolutionVersion: expected type: Boolean, found: str",
        ),
        (
            {"CampaignConfig": {"Weight": 1}},
            "#/CampaignConfig: extraneous key [Weight] is not permitted",
        ),
        ({"Tags": [{"Key": "team"}]}, "#/Tags/0: required key [Value] not found"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(change: dict[str, Any], finding: str) -> None:
    given = {"Name": "c", "SolutionVersionArn": "arn", **change}

    assert list(CAMPAIGN.shape.findings(given)) == [finding]
