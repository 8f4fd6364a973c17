"""A web ACL with AWS's managed rules and a limit for each address.

It is written as CloudFormation has it: to load the module of AWS WAF takes an app a tenth of a
second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from aws_cdk import CfnResource, Names
from constructs import Construct

from cdk_personalize.patterns.api_endpoint import WebAcl

Scope = Literal["REGIONAL", "CLOUDFRONT"]

_MOST_NAME_CHARACTERS = 128
_WINDOW_SECONDS = 300
_COMMON = "AWSManagedRulesCommonRuleSet"
_KNOWN_BAD_INPUTS = "AWSManagedRulesKnownBadInputsRuleSet"
# It blocks bodies of over 8 KB (AWS WAF developer guide, baseline rule groups).
_SIZE_OF_BODIES = "SizeRestrictions_BODY"


def web_acl_arn(scope: Construct, web_acl: WebAcl, waf_scope: Scope) -> str:
    """Return the ARN of the web ACL that is there already, or of the one defined now.

    Args:
        scope: The construct to define it in.
        web_acl: What is asked for.
        waf_scope: Whether it stands before an API of this Region or before CloudFront.
    """
    if web_acl.arn is not None:
        return web_acl.arn
    name = Names.unique_resource_name(scope, max_length=_MOST_NAME_CHARACTERS, separator="-")
    defined = CfnResource(
        scope,
        "WebAcl",
        type="AWS::WAFv2::WebACL",
        properties={
            "Scope": waf_scope,
            "DefaultAction": {"Allow": {}},
            "VisibilityConfig": _visibility(name),
            "Rules": [
                {
                    "Name": "RateOfAnAddress",
                    "Priority": 0,
                    "Action": {"Block": {}},
                    "Statement": {
                        "RateBasedStatement": {
                            "AggregateKeyType": "IP",
                            "EvaluationWindowSec": _WINDOW_SECONDS,
                            "Limit": web_acl.rate_limit,
                        }
                    },
                    "VisibilityConfig": _visibility("RateOfAnAddress"),
                },
                _managed(1, _KNOWN_BAD_INPUTS),
                _managed(2, _COMMON, counted=[_SIZE_OF_BODIES]),
            ],
        },
    )
    return defined.get_att("Arn").to_string()


def associate_web_acl(scope: Construct, web_acl: WebAcl, stage_arn: str) -> None:
    """Put a web ACL before a stage of API Gateway.

    Args:
        scope: The construct to define it in.
        web_acl: What is asked for.
        stage_arn: The ARN of the stage.
    """
    CfnResource(
        scope,
        "WebAclAssociation",
        type="AWS::WAFv2::WebACLAssociation",
        properties={
            "ResourceArn": stage_arn,
            "WebACLArn": web_acl_arn(scope, web_acl, "REGIONAL"),
        },
    )


def _managed(priority: int, rules: str, counted: Sequence[str] = ()) -> dict[str, object]:
    group: dict[str, object] = {"VendorName": "AWS", "Name": rules}
    if counted:
        group["RuleActionOverrides"] = [
            {"Name": rule, "ActionToUse": {"Count": {}}} for rule in counted
        ]
    return {
        "Name": rules,
        "Priority": priority,
        "OverrideAction": {"None": {}},
        "Statement": {"ManagedRuleGroupStatement": group},
        "VisibilityConfig": _visibility(rules),
    }


def _visibility(name: str) -> dict[str, object]:
    # No samples: they show the queries, where the ids of users are.
    return {
        "CloudWatchMetricsEnabled": True,
        "MetricName": name,
        "SampledRequestsEnabled": False,
    }
