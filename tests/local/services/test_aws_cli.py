"""The AWS CLI's own way, with the real `aws`: a schema, a group, a dataset, and data in it."""

from __future__ import annotations

import json
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from personalize_emulator.local import LocalAws
from tests.local.services.conftest import LOCAL_PYTHON

AWS = Path(sysconfig.get_path("scripts")) / "aws"

PERSONALIZE = "arn:aws:personalize:us-east-1:123456789012"
SCHEMA = {
    "type": "record",
    "name": "Users",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "MEMBERSHIP_STATUS", "type": "string", "categorical": True},
    ],
    "version": "1.0",
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Service": "personalize.amazonaws.com"},
        "Action": "sts:AssumeRole",
    },
}

# As they stand in the documentation of the AWS CLI.
CREATE_DATASET_GROUP = "aws personalize create-dataset-group --name MyRecommenderGroup"
CREATE_DATASET = (
    "aws personalize create-dataset --name MyUsers"
    " --dataset-group-arn"
    " arn:aws:personalize:us-east-1:123456789012:dataset-group/MyRecommenderGroup"
    " --dataset-type USERS"
    " --schema-arn arn:aws:personalize:us-east-1:123456789012:schema/MyUsersSchema"
)
CREATE_IMPORT = (
    "aws personalize create-dataset-import-job --job-name ImportUsersJob"
    " --dataset-arn arn:aws:personalize:us-east-1:123456789012:dataset/MyRecommenderGroup/USERS"
    ' --data-source dataLocation="s3://my-bucket/users.csv"'
    " --role-arn arn:aws:iam::123456789012:role/PersonalizeImportRole"
)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("aws"), python=LOCAL_PYTHON) as running:
        yield running


def run(aws: LocalAws, command: str) -> Any:
    """Run a command in a shell, as it is; return the JSON that it prints, if any."""
    done = subprocess.run(
        ["sh", "-c", command],
        env={**aws.environment, "PATH": f"{AWS.parent}:{aws.environment['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else None


def active(aws: LocalAws, kind: str, member: str, arn: str) -> dict[str, Any]:
    """Describe a resource until it is active."""
    end = time.monotonic() + 60
    while True:
        answer = run(aws, f"aws personalize describe-{kind} --{kind}-arn {arn}")[member]
        if answer["status"] == "ACTIVE":
            return dict(answer)
        assert "FAILED" not in answer["status"], answer
        assert time.monotonic() < end, answer


def test_the_commands_of_the_documentation_import_users(aws: LocalAws) -> None:
    (aws.directory / "users.csv").write_text(
        "USER_ID,MEMBERSHIP_STATUS\n" + "".join(f"u{n},gold\n" for n in range(30))
    )
    bucket = "aws s3api create-bucket --bucket my-bucket"
    upload = f"aws s3api put-object --bucket my-bucket --key users.csv --body {aws.directory}"
    role = "aws iam create-role --role-name PersonalizeImportRole --assume-role-policy-document"
    schema = "aws personalize create-schema --name MyUsersSchema --schema"

    run(aws, bucket)
    run(aws, f"{upload}/users.csv")
    run(aws, f"{role} '{json.dumps(TRUST)}'")
    answer = run(aws, f"{schema} '{json.dumps(SCHEMA)}'")
    assert answer == {"schemaArn": f"{PERSONALIZE}:schema/MyUsersSchema"}

    answer = run(aws, CREATE_DATASET_GROUP)
    group = f"{PERSONALIZE}:dataset-group/MyRecommenderGroup"
    assert answer == {"datasetGroupArn": group}
    active(aws, "dataset-group", "datasetGroup", group)

    answer = run(aws, CREATE_DATASET)
    dataset = f"{PERSONALIZE}:dataset/MyRecommenderGroup/USERS"
    assert answer == {"datasetArn": dataset}
    active(aws, "dataset", "dataset", dataset)

    answer = run(aws, CREATE_IMPORT)
    job = f"{PERSONALIZE}:dataset-import-job/ImportUsersJob"
    assert answer == {"datasetImportJobArn": job}
    described = active(aws, "dataset-import-job", "datasetImportJob", job)
    assert described["dataSource"] == {"dataLocation": "s3://my-bucket/users.csv"}
    assert described["roleArn"] == "arn:aws:iam::123456789012:role/PersonalizeImportRole"
