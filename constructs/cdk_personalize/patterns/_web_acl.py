"""A web ACL with AWS's managed rules and a limit for each address.

It is imported where there is one to be: to load the module of AWS WAF takes a tenth of a second.
"""

from __future__ import annotations

from typing import Literal

from aws_cdk import Names
from aws_cdk import aws_wafv2 as wafv2
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
    defined = wafv2.CfnWebACL(
        scope,
        "WebAcl",
        scope=waf_scope,
        default_action=wafv2.CfnWebACL.DefaultActionProperty(allow={}),
        visibility_config=_visibility(name),
        rules=[
            wafv2.CfnWebACL.RuleProperty(
                name="RateOfAnAddress",
                priority=0,
                action=wafv2.CfnWebACL.RuleActionProperty(block={}),
                statement=wafv2.CfnWebACL.StatementProperty(
                    rate_based_statement=wafv2.CfnWebACL.RateBasedStatementProperty(
                        aggregate_key_type="IP",
                        evaluation_window_sec=_WINDOW_SECONDS,
                        limit=web_acl.rate_limit,
                    )
                ),
                visibility_config=_visibility("RateOfAnAddress"),
            ),
            _managed(1, _KNOWN_BAD_INPUTS),
            _managed(2, _COMMON, counted=[_SIZE_OF_BODIES]),
        ],
    )
    return defined.attr_arn


def associate_web_acl(scope: Construct, web_acl: WebAcl, stage_arn: str) -> None:
    """Put a web ACL before a stage of API Gateway.

    Args:
        scope: The construct to define it in.
        web_acl: What is asked for.
        stage_arn: The ARN of the stage.
    """
    wafv2.CfnWebACLAssociation(
        scope,
        "WebAclAssociation",
        resource_arn=stage_arn,
        web_acl_arn=web_acl_arn(scope, web_acl, "REGIONAL"),
    )


def _managed(
    priority: int, rules: str, counted: list[str] | None = None
) -> wafv2.CfnWebACL.RuleProperty:
    return wafv2.CfnWebACL.RuleProperty(
        name=rules,
        priority=priority,
        override_action=wafv2.CfnWebACL.OverrideActionProperty(none={}),
        statement=wafv2.CfnWebACL.StatementProperty(
            managed_rule_group_statement=wafv2.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=rules,
                rule_action_overrides=[
                    wafv2.CfnWebACL.RuleActionOverrideProperty(
                        name=rule,
                        action_to_use=wafv2.CfnWebACL.RuleActionProperty(count={}),
                    )
                    for rule in counted or ()
                ]
                or None,
            )
        ),
        visibility_config=_visibility(rules),
    )


def _visibility(name: str) -> wafv2.CfnWebACL.VisibilityConfigProperty:
    # No samples: they show the queries, where the ids of users are.
    return wafv2.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
