"""The demo app: what it deploys, and that it is clean."""

import re
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from tests.synthesis import DEMO, Assembly, Synthesised


@pytest.fixture(scope="module")
def assembly(synthesised: Synthesised) -> Assembly:
    return synthesised(DEMO)


@pytest.fixture(scope="module")
def template(assembly: Assembly) -> dict[str, Any]:
    return assembly.template


def test_stays_within_the_number_of_functions_and_resources_that_it_promises(
    template: dict[str, Any],
) -> None:
    types = [resource["Type"] for resource in template["Resources"].values()]
    ours = [
        resource
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
        and resource["Properties"]["Runtime"].startswith("python")
    ]

    assert len(ours) <= 5
    assert types.count("AWS::Lambda::Function") <= 10
    assert len(types) <= 130


def test_every_key_and_bucket_that_holds_data_is_encrypted_with_the_one_key(
    template: dict[str, Any],
) -> None:
    keys = [
        logical_id
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::KMS::Key"
    ]

    assert len(keys) == 1
    key_arn = {"Fn::GetAtt": [keys[0], "Arn"]}
    encrypted = {
        "AWS::Kinesis::Stream": lambda p: p["StreamEncryption"]["KeyId"],
        "AWS::SQS::Queue": lambda p: p["KmsMasterKeyId"],
        "AWS::DynamoDB::Table": lambda p: p["SSESpecification"]["KMSMasterKeyId"],
        "AWS::Personalize::DatasetGroup": lambda p: p["KmsKeyArn"],
        "AWS::StepFunctions::StateMachine": lambda p: p["EncryptionConfiguration"]["KmsKeyId"],
    }
    seen = set()
    for logical_id, resource in template["Resources"].items():
        # The waiter of the CDK's provider framework takes no key, and holds no data.
        if resource["Type"] in encrypted and "waiterstatemachine" not in logical_id:
            seen.add(resource["Type"])
            assert encrypted[resource["Type"]](resource["Properties"]) == key_arn
    assert seen == set(encrypted)


def test_no_environment_variable_holds_a_secret(template: dict[str, Any]) -> None:
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            variables = resource["Properties"].get("Environment", {}).get("Variables", {})
            assert not [name for name in variables if re.search("SECRET|PASSWORD|TOKEN", name)]


@pytest.mark.parametrize(
    ("function", "kilobytes"),
    [("event_ingest", 50), ("recommend", 100), ("resource_provider", 100)],
)
def test_the_package_of_a_function_stays_small(
    assembly: Assembly, function: str, kilobytes: int
) -> None:
    assets = [folder for folder in assembly.folder.iterdir() if (folder / function).is_dir()]

    assert len(assets) == 1
    files = [file for file in assets[0].rglob("*") if file.is_file()]
    assert not [file for file in files if file.suffix == ".pyc"]
    package = BytesIO()
    with ZipFile(package, "w", ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(assets[0]))
    assert len(package.getvalue()) < kilobytes * 1000
