"""The permissions that docs/replay.md names: they are enough, and none is too much."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from personalize_emulator.local import LocalAws
from personalize_operations import command_line
from personalize_operations.aws import Services
from tests.operations.conftest import LOCAL_PYTHON, point_at
from tests.operations.shop import Shop

PAGE = (Path(__file__).parents[2] / "docs" / "replay.md").read_text(encoding="utf-8")
_POLICY = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]


def statements() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_POLICY)["Statement"]
    return [
        one | {"Action": [one["Action"]] if isinstance(one["Action"], str) else one["Action"]}
        for one in found
    ]


ACTIONS = [action for statement in statements() for action in statement["Action"]]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS that asks IAM."""
    with LocalAws(tmp_path_factory.mktemp("guarded"), python=LOCAL_PYTHON, auth=True) as aws:
        yield aws


@pytest.fixture(scope="module")
def root(guarded: LocalAws) -> Services:
    """Clients that may do everything."""
    with pytest.MonkeyPatch.context() as patch:
        point_at(guarded, patch)
        return Services.of(profile=None, region=None)


@pytest.fixture
def shop(guarded: LocalAws, root: Services, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop with a letter of each kind, and a message that is none."""
    point_at(guarded, monkeypatch)
    shop = Shop.of(root)
    shop.put(b"poison", b"x" * 500_000)
    shop.run_function()
    shop.give_up(shop.records()[:1])
    shop.send("no letter")
    shop.deploy(StreamName=shop.stream, DeadLetterQueueUrl=shop.queue_url)
    return shop


def act_as_user(shop: Shop, patch: pytest.MonkeyPatch, *, without: str = "") -> None:
    """Go on as a user who has the policy of the page, for this shop."""
    iam: Any = boto3.Session().client("iam")
    name = f"user-{uuid.uuid4().hex[:8]}"
    text = json.dumps({"Version": "2012-10-17", "Statement": statements()})
    for example, own in {
        "sqs:eu-west-1:111122223333:letters": f"sqs:us-east-1:123456789012:{shop.stream}",
        "eu-west-1:111122223333": "us-east-1:123456789012",
        "stream/clicks": f"stream/{shop.stream}",
        "shop-data/dead-letters": f"{shop.bucket}/letters",
        "stack/Shop": f"stack/{shop.stream}",
    }.items():
        text = text.replace(example, own)
    document = json.loads(text)
    for statement in document["Statement"]:
        statement["Action"] = [one for one in statement["Action"] if one != without]
    document["Statement"] = [one for one in document["Statement"] if one["Action"]]
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="replay", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    patch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    patch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])


def test_the_policy_of_the_page_is_enough(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    act_as_user(shop, monkeypatch)

    command_line.main(["replay", "--stack", shop.stream])

    assert capsys.readouterr().out.startswith("      3 replayed\n")
    assert shop.held() == 0


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_that_is_missing_is_named(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    act_as_user(shop, monkeypatch, without=action)

    code = command_line.main(["replay", "--stack", shop.stream])

    lines = capsys.readouterr().err.splitlines()
    (line,) = [line for line in lines if "AccessDenied" in line]
    assert action.partition(":")[2] in line
    assert code == 2 or "is left" in line
