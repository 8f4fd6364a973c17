"""No release replaces or deletes what a stack of its users holds.

`SNAPSHOT=update` adds what is new. What is changed or gone is taken out of the contract by
`UPGRADE_CONTRACT=break` alone: that is a major version, and a word in the changelog.
"""

import json
import os
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from tests.everything import Everything
from tests.readable import as_lines
from tests.synthesis import EVERYTHING, STACKS, Synthesised
from tests.upgrade_contract import Contract, additions, breaches, contract_of

COMMITTED = Path(__file__).parent / "snapshots" / "upgrade_contract.json"


def committed() -> dict[str, Contract]:
    read: dict[str, Contract] = json.loads(COMMITTED.read_text()) if COMMITTED.exists() else {}
    return read


@pytest.fixture(scope="module")
def contracts(synthesised: Synthesised) -> dict[str, Contract]:
    return {stack: contract_of(synthesised(stack).template) for stack in STACKS}


@pytest.mark.parametrize("stack", STACKS)
def test_no_resource_of_a_user_is_replaced_or_deleted(
    contracts: dict[str, Contract], stack: str
) -> None:
    if os.environ.get("UPGRADE_CONTRACT") == "break":
        COMMITTED.write_text(as_lines(committed() | {stack: contracts[stack]}))
    broken = list(breaches(committed().get(stack, {}), contracts[stack]))

    assert not broken, (
        f"an upgrade would harm the stack {stack} of a user; if it has to be, renew the contract"
        " with UPGRADE_CONTRACT=break and say so in the changelog:\n" + "\n".join(broken)
    )


@pytest.mark.parametrize("stack", STACKS)
def test_the_contract_lists_every_resource(contracts: dict[str, Contract], stack: str) -> None:
    if os.environ.get("SNAPSHOT") == "update":
        before = committed()
        mine = before.get(stack, {})
        COMMITTED.write_text(as_lines({**before, stack: mine | additions(mine, contracts[stack])}))

    new = additions(committed().get(stack, {}), contracts[stack])
    assert not new, f"new in {stack}, renew with SNAPSHOT=update: {', '.join(sorted(new))}"


def test_a_tag_of_the_whole_stack_replaces_nothing(contracts: dict[str, Contract]) -> None:
    app = cdk.App(context={"aws:cdk:disable-stack-trace": True})
    stack = Everything(app, EVERYTHING)
    cdk.Tags.of(stack).add("team", "a")

    tagged = app.synth().get_stack_by_name(EVERYTHING).template
    assert list(breaches(contracts[EVERYTHING], contract_of(tagged))) == []
    assert "team" in json.dumps(tagged["Resources"])


def template(**resources: Any) -> dict[str, Any]:
    return {"Resources": resources}


GROUP = {"Type": "AWS::Personalize::DatasetGroup", "Properties": {"Name": "shop"}}
DATASET = {
    "Type": "Custom::PersonalizeDataset",
    "Properties": {
        "ServiceToken": {"Fn::GetAtt": ["Framework", "Arn"]},
        "Request": json.dumps({"name": "items", "datasetType": "Items", "schemaArn": "old"}),
    },
}


def changed(resource: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {**resource, "Properties": {**resource["Properties"], **properties}}


def told(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return list(breaches(contract_of(before), contract_of(after)))


def test_says_which_dataset_group_another_name_would_replace() -> None:
    renamed = changed(GROUP, Name="store")

    assert told(template(Group=GROUP), template(Group=renamed)) == [
        "AWS::Personalize::DatasetGroup Group would be replaced:"
        " Name changes from 'shop' to 'store'"
    ]


def test_a_tag_would_replace_a_dataset_group() -> None:
    tagged = changed(GROUP, Tags=["a"])

    assert told(template(Group=GROUP), template(Group=tagged)) == [
        "AWS::Personalize::DatasetGroup Group would be replaced: Tags changes from nothing to ['a']"
    ]


def test_says_what_another_logical_id_would_delete() -> None:
    bucket = {"Type": "AWS::S3::Bucket"}

    assert told(template(Bucket=bucket), template(Data=bucket)) == [
        "AWS::S3::Bucket Bucket would be deleted: there is no such logical id any more"
    ]


def test_another_schema_replaces_no_dataset_and_another_type_does() -> None:
    request = {"name": "items", "datasetType": "Items", "schemaArn": "new"}
    updated = changed(DATASET, Request=json.dumps(request))
    replaced = changed(DATASET, Request=json.dumps({**request, "datasetType": "Users"}))

    assert told(template(Items=DATASET), template(Items=updated)) == []
    assert told(template(Items=DATASET), template(Items=replaced)) == [
        "Custom::PersonalizeDataset Items would be replaced:"
        " datasetType changes from 'Items' to 'Users'"
    ]


def test_what_is_new_breaks_nothing() -> None:
    assert told(template(Group=GROUP), template(Group=GROUP, Items=DATASET)) == []
