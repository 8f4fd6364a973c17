"""Web ACLs of REST APIs in local AWS."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.services.cloud import Cloud

STAGE = "arn:aws:apigateway:us-east-1::/restapis/abcdef/stages/live"
METRIC = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "all"}


def web_acl() -> dict[str, Any]:
    return {
        "Type": "AWS::WAFv2::WebACL",
        "Properties": {
            "Scope": "REGIONAL",
            "DefaultAction": {"Allow": {}},
            "VisibilityConfig": METRIC,
        },
    }


def associated_with(name: str) -> dict[str, Any]:
    association = {
        "Type": "AWS::WAFv2::WebACLAssociation",
        "Properties": {"ResourceArn": STAGE, "WebACLArn": {"Fn::GetAtt": [name, "Arn"]}},
    }
    return {"One": web_acl(), "Two": web_acl(), "Association": association}


def test_a_stage_keeps_the_web_acl_that_took_the_place_of_another(cloud: Cloud) -> None:
    cloud.deploy(associated_with("One"), "walls")

    made = cloud.deploy(associated_with("Two"), "walls")

    found = cloud.client("wafv2").get_web_acl_for_resource(ResourceArn=STAGE)["WebACL"]
    assert found["Name"] == made["Two"].split("|")[0]


def test_a_stage_has_no_web_acl_when_its_stack_is_gone(cloud: Cloud) -> None:
    cloud.deploy(associated_with("One"), "wall")

    cloud.delete("wall")

    with pytest.raises(ClientError) as refused:
        cloud.client("wafv2").get_web_acl_for_resource(ResourceArn=STAGE)
    assert refused.value.response["Error"]["Code"] == "WAFNonexistentItemException"
