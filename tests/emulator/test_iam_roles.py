"""The roles of MiniStack's IAM, as Amazon Personalize finds them when it is handed one.

MiniStack has an environment of its own, so the question is asked there.
"""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.emulator.test_ministack_contract import LOCAL_PYTHON

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/service/import"
OURS = f"arn:aws:personalize:us-east-1:{ACCOUNT}"

SCRIPT = """
import json, sys
from ministack.core import responses
from ministack.services import iam
from personalize_emulator.caller import Caller
from personalize_emulator.local.roles import IamRoles

account, role, asked, document = json.loads(sys.argv[1])
with responses.request_scope(account, "us-east-1"):
    iam._roles["import"] = {"Arn": role, "AssumeRolePolicyDocument": document}
print(json.dumps(IamRoles().finding(asked, Caller(account, "us-east-1"))))
"""


def trust(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def let_in(
    condition: dict[str, Any] | None = None, service: str = "personalize.amazonaws.com"
) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return statement | ({"Condition": condition} if condition else {})


def finding(document: str, asked: str = ROLE) -> str | None:
    given = json.dumps([ACCOUNT, ROLE, asked, document])
    command = [LOCAL_PYTHON, "-c", SCRIPT, given]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found: str | None = json.loads(done.stdout)
    return found


def test_a_role_that_trusts_the_service_is_fine() -> None:
    assert finding(trust(let_in())) is None


def test_the_conditions_against_a_confused_deputy_are_met() -> None:
    condition = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"{OURS}:*"},
    }
    assert finding(trust(let_in(condition))) is None


def test_a_role_for_some_resources_of_the_account_is_fine() -> None:
    condition = {"ArnLike": {"AWS:SourceArn": [f"{OURS}:dataset-import-job/nightly-*"]}}
    assert finding(trust(let_in(condition))) is None


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:SourceAccount": "999999999999"}},
        {"ArnLike": {"aws:SourceArn": f"arn:aws:personalize:eu-west-1:{ACCOUNT}:*"}},
    ],
)
def test_a_role_for_another_account_or_region_is_refused(condition: dict[str, Any]) -> None:
    found = finding(trust(let_in(condition)))

    assert found == f"The role {ROLE} does not let personalize.amazonaws.com assume it"


def test_a_role_of_another_service_is_refused() -> None:
    assert "does not let" in (finding(trust(let_in(service="lambda.amazonaws.com"))) or "")


def test_a_deny_counts() -> None:
    deny = {**let_in(), "Effect": "Deny"}
    assert "does not let" in (finding(trust(let_in(), deny)) or "")


def test_a_role_that_is_not_there_is_named() -> None:
    asked = f"arn:aws:iam::{ACCOUNT}:role/none"
    assert finding(trust(let_in()), asked) == f"The role {asked} does not exist"


def test_a_role_is_looked_for_under_its_path() -> None:
    asked = f"arn:aws:iam::{ACCOUNT}:role/import"
    assert finding(trust(let_in()), asked) == f"The role {asked} does not exist"


def test_a_role_of_another_account_cannot_be_handed_over() -> None:
    asked = "arn:aws:iam::999999999999:role/service/import"
    assert "belongs to another account" in (finding(trust(let_in()), asked) or "")
