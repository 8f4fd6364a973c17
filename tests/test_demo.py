"""The demo app: what it deploys, that it is clean, and that it is always the same."""

import contextlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SNAPSHOT = ROOT / "tests" / "snapshots" / "shop.template.json"
_HASH = re.compile(r"[0-9a-f]{64}")


def synthesise(folder: Path) -> Path:
    """Run app.py as the CDK CLI does; return the cloud assembly."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    return folder


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthesise(tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="session")
def template(assembly: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((assembly / "Shop.template.json").read_text())
    return read


def readable(value: Any) -> Any:
    """Return a part of a template for a diff.

    No asset hashes; references as `${Name.Attribute}`; joined texts as one text; and JSON within a
    text (a state machine, a request) as what it says.
    """
    if isinstance(value, list):
        return [readable(each) for each in value]
    if isinstance(value, dict):
        return readable_intrinsic(value)
    if isinstance(value, str):
        if value.startswith("{") and value.endswith("}"):
            with contextlib.suppress(ValueError):
                return readable(json.loads(value))
        return _HASH.sub("<asset hash>", value)
    return value


def readable_intrinsic(value: dict[str, Any]) -> Any:
    match value:
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Join": ["", list(parts)]}:
            joined = [readable(part) for part in parts]
            if all(isinstance(part, str) for part in joined):
                return readable("".join(joined))
    return {key: readable(each) for key, each in value.items()}


def test_the_template_is_the_one_of_the_snapshot(template: dict[str, Any]) -> None:
    now = json.dumps(readable(template), indent=1, sort_keys=True) + "\n"
    if os.environ.get("SNAPSHOT") == "update":
        SNAPSHOT.write_text(now)

    assert now == SNAPSHOT.read_text(), "renew it with SNAPSHOT=update, and read the diff"


def test_two_synths_are_byte_identical(assembly: Path, tmp_path: Path) -> None:
    again = synthesise(tmp_path / "again")

    files = {file.relative_to(assembly) for file in assembly.rglob("*") if file.is_file()}
    assert files == {file.relative_to(again) for file in again.rglob("*") if file.is_file()}
    for file in files:
        assert (assembly / file).read_bytes() == (again / file).read_bytes(), file


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
    [("event_ingest", 100), ("recommend", 100), ("resource_provider", 200)],
)
def test_a_function_stays_small(assembly: Path, function: str, kilobytes: int) -> None:
    assets = [folder for folder in assembly.iterdir() if (folder / function).is_dir()]

    assert len(assets) == 1
    files = [file for file in assets[0].rglob("*") if file.is_file()]
    assert not [file for file in files if file.suffix == ".pyc"]
    assert sum(file.stat().st_size for file in files) < kilobytes * 1000
