"""The recommendation API as a REST API."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_route53 as route53
from aws_cdk.assertions import Match, Template

from cdk_personalize.patterns import (
    ApiAccess,
    Cors,
    CustomDomain,
    RestEndpoint,
    Throttle,
    WebAcl,
)
from tests.refusals import at_synth, whole
from tests.unit.patterns.declared_apis import (
    ROUTE,
    define_api,
    environment,
    only,
    properties,
    rest_methods,
)

NAME = "recommendations.shop.example"
LIMIT = Throttle(rate_limit=5, burst_limit=10)


@pytest.fixture
def certificate(stack: cdk.Stack) -> acm.ICertificate:
    arn = "arn:aws:acm:us-east-1:111111111111:certificate/mine"
    return acm.Certificate.from_certificate_arn(stack, "Certificate", arn)


@pytest.fixture
def existing(stack: cdk.Stack) -> ec2.IInterfaceVpcEndpoint:
    return ec2.InterfaceVpcEndpoint.from_interface_vpc_endpoint_attributes(
        stack, "Existing", port=443, vpc_endpoint_id="vpce-1"
    )


@pytest.fixture
def stream(stack: cdk.Stack) -> kinesis.Stream:
    return kinesis.Stream(stack, "Stream")


def policy(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the statements of the API's own policy."""
    statements: list[dict[str, Any]] = only(stack, "AWS::ApiGateway::RestApi")["Policy"][
        "Statement"
    ]
    return statements


def settings(stack: cdk.Stack) -> dict[str, tuple[float, int]]:
    """Return the limits of a stage, by method and path."""
    return {
        f"{each['HttpMethod']} {each['ResourcePath']}": (
            each["ThrottlingRateLimit"],
            each["ThrottlingBurstLimit"],
        )
        for each in only(stack, "AWS::ApiGateway::Stage")["MethodSettings"]
    }


def test_the_function_answers_what_is_no_route(stack: cdk.Stack) -> None:
    """API Gateway itself would say that an authentication token is missing."""
    define_api(stack, endpoint=RestEndpoint())

    assert set(rest_methods(stack)) == {
        "ANY /",
        "ANY /{proxy+}",
        f"ANY /{ROUTE}",
        f"GET /{ROUTE}",
    }


def test_may_call_its_function_by_one_permission(stack: cdk.Stack) -> None:
    api = define_api(stack, endpoint=RestEndpoint())

    permission = only(stack, "AWS::Lambda::Permission")
    assert permission["SourceArn"] == stack.resolve(api.api.arn_for_execute_api())


def test_tells_its_url(stack: cdk.Stack) -> None:
    api = define_api(stack, endpoint=RestEndpoint(stage_name="shop"))

    assert stack.resolve(api.url)["Fn::Join"][1][-1].endswith("/shop/")


def test_grants_to_ask_it(stack: cdk.Stack, role: iam.Role) -> None:
    api = define_api(stack, endpoint=RestEndpoint())

    api.grant_invoke(role)

    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": stack.resolve(api.api.arn_for_execute_api(stage="live")),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {"PolicyDocument": {"Statement": [statement]}, "Roles": [stack.resolve(role.role_name)]},
    )


def test_lets_through_what_a_campaign_takes(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint())

    assert settings(stack) == {"* /*": (500, 1000)}


def test_limits_a_route(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint(throttle_by_route={ROUTE: LIMIT}))

    assert settings(stack) == {"* /*": (500, 1000), f"GET /~1{ROUTE}": (5, 10)}


def test_refuses_to_limit_a_route_that_nothing_answers(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint(throttle_by_route={"events": LIMIT}))

    with pytest.raises(
        RuntimeError,
        match=at_synth(
            "Shop/Api",
            "throttle_by_route must name routes of the API, which are recommendations;"
            " got 'events'",
        ),
    ):
        Template.from_stack(stack)


def test_logs_access_without_the_query(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")

    define_api(stack, endpoint=RestEndpoint(), encryption_key=key)

    template = Template.from_stack(stack)
    (log_id,) = template.find_resources(
        "AWS::Logs::LogGroup",
        {
            "Properties": {
                "LogGroupName": Match.string_like_regexp("^/aws/vendedlogs/"),
                "KmsKeyId": stack.resolve(key.key_arn),
            }
        },
    )
    log = only(stack, "AWS::ApiGateway::Stage")["AccessLogSetting"]
    assert log["DestinationArn"] == {"Fn::GetAtt": [log_id, "Arn"]}
    fields = json.loads(log["Format"]).values()
    assert "$context.status" in fields
    assert "$context.path" not in fields


def test_logs_no_steps_which_would_name_the_query(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint(throttle_by_route={ROUTE: LIMIT}))

    for each in only(stack, "AWS::ApiGateway::Stage")["MethodSettings"]:
        assert (each["LoggingLevel"], each["DataTraceEnabled"]) == ("OFF", False)


def test_leaves_the_settings_of_the_account_alone(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint())

    assert properties(stack, "AWS::ApiGateway::Account") == []


def test_gives_the_account_a_role_for_logs_that_outlives_it(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint(account_log_role=True))

    template = Template.from_stack(stack)
    ((role_id, role),) = template.find_resources(
        "AWS::IAM::Role",
        {"Properties": {"ManagedPolicyArns": Match.any_value()}},
    ).items()
    assert role["DeletionPolicy"] == "Retain"
    template.has_resource(
        "AWS::ApiGateway::Account",
        {
            "Properties": {"CloudWatchRoleArn": {"Fn::GetAtt": [role_id, "Arn"]}},
            "DeletionPolicy": "Retain",
        },
    )


def test_speaks_no_old_tls(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint())

    api = only(stack, "AWS::ApiGateway::RestApi")
    assert api["SecurityPolicy"] == "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"
    assert api["EndpointAccessMode"] == "STRICT"


def test_what_api_gateway_refuses_is_a_problem_document(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint())

    answers = properties(stack, "AWS::ApiGateway::GatewayResponse")
    assert {each["ResponseType"] for each in answers} == {"DEFAULT_4XX", "DEFAULT_5XX"}
    for answer in answers:
        (template,) = answer["ResponseTemplates"].values()
        filled = template.replace("$context.error.messageString", '"no"')
        assert json.loads(filled) == {
            "type": "about:blank",
            "title": "$context.error.responseType",
            "detail": "no",
        }
        assert answer["ResponseParameters"] == {
            "gatewayresponse.header.Content-Type": "'application/problem+json'"
        }


# CORS


def test_lets_a_browser_ask_before_it_has_credentials(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint(cors=Cors(origins=["https://shop.example"])))

    methods = rest_methods(stack)
    for path in ("/", "/{proxy+}", f"/{ROUTE}"):
        assert methods[f"OPTIONS {path}"]["AuthorizationType"] == "NONE"


def test_tells_the_function_whose_pages_may_read_an_answer(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint(cors=Cors(origins=["https://shop.example"])))

    assert json.loads(environment(stack)["CORS_ORIGINS"]) == ["https://shop.example"]


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [
        (["https://a.example"], "https://a.example"),
        (["https://a.example", "https://b.example"], "*"),
    ],
)
def test_a_page_may_read_why_it_was_refused(
    stack: cdk.Stack, origins: list[str], allowed: str
) -> None:
    define_api(stack, endpoint=RestEndpoint(cors=Cors(origins=origins)))

    for answer in properties(stack, "AWS::ApiGateway::GatewayResponse"):
        header = "gatewayresponse.header.Access-Control-Allow-Origin"
        assert answer["ResponseParameters"][header] == f"'{allowed}'"


def test_is_asked_by_no_other_origin_by_default(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint())

    assert "CORS_ORIGINS" not in environment(stack)
    assert not [method for method in rest_methods(stack) if method.startswith("OPTIONS")]


# A domain


def test_is_asked_at_a_domain_of_its_own_alone(
    stack: cdk.Stack, certificate: acm.ICertificate
) -> None:
    zone = route53.HostedZone.from_hosted_zone_attributes(
        stack, "Zone", hosted_zone_id="Z1", zone_name="shop.example"
    )
    domain = CustomDomain(domain_name=NAME, certificate=certificate, hosted_zone=zone)

    api = define_api(stack, endpoint=RestEndpoint(domain=domain))

    assert api.url == f"https://{NAME}/"
    assert only(stack, "AWS::ApiGateway::RestApi")["DisableExecuteApiEndpoint"] is True
    assert only(stack, "AWS::ApiGateway::DomainName")["SecurityPolicy"] == "TLS_1_2"
    assert only(stack, "AWS::Route53::RecordSet")["Name"] == f"{NAME}."


# AWS WAF


def test_is_behind_a_web_acl_that_is_there_already(stack: cdk.Stack) -> None:
    arn = "arn:aws:wafv2:us-east-1:111111111111:regional/webacl/mine/1"

    stage = define_api(stack, endpoint=RestEndpoint(web_acl=WebAcl(arn=arn))).stage

    assert isinstance(stage, apigateway.Stage)
    assert only(stack, "AWS::WAFv2::WebACLAssociation") == {
        "ResourceArn": stack.resolve(stage.stage_arn),
        "WebACLArn": arn,
    }
    assert properties(stack, "AWS::WAFv2::WebACL") == []


def test_is_behind_a_web_acl_with_the_rules_of_aws(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint(web_acl=WebAcl(managed=True, rate_limit=100)))

    web_acl = only(stack, "AWS::WAFv2::WebACL")
    assert web_acl["Scope"] == "REGIONAL"
    assert [rule["Name"] for rule in web_acl["Rules"]] == [
        "RateOfAnAddress",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesCommonRuleSet",
    ]
    rate = web_acl["Rules"][0]["Statement"]["RateBasedStatement"]
    assert (rate["Limit"], rate["EvaluationWindowSec"]) == (100, 300)


def test_a_batch_of_events_is_no_attack(stack: cdk.Stack) -> None:
    """The common rules block bodies of over 8 KB, and 500 events are more."""
    define_api(stack, endpoint=RestEndpoint(web_acl=WebAcl(managed=True)))

    common = only(stack, "AWS::WAFv2::WebACL")["Rules"][2]["Statement"]
    assert common["ManagedRuleGroupStatement"]["RuleActionOverrides"] == [
        {"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}
    ]


def test_aws_waf_keeps_no_samples_of_queries(stack: cdk.Stack) -> None:
    define_api(stack, endpoint=RestEndpoint(web_acl=WebAcl(managed=True)))

    web_acl = only(stack, "AWS::WAFv2::WebACL")
    for each in (web_acl, *web_acl["Rules"]):
        assert each["VisibilityConfig"]["SampledRequestsEnabled"] is False


# Private


def test_a_private_api_lets_in_its_vpc_endpoints_alone(
    stack: cdk.Stack, existing: ec2.IInterfaceVpcEndpoint
) -> None:
    define_api(
        stack,
        access=ApiAccess.public(),
        endpoint=RestEndpoint(vpc=ec2.Vpc(stack, "Vpc"), vpc_endpoints=[existing]),
    )

    (defined,) = Template.from_stack(stack).find_resources("AWS::EC2::VPCEndpoint")
    through = ["vpce-1", {"Ref": defined}]
    assert only(stack, "AWS::ApiGateway::RestApi")["EndpointConfiguration"] == {
        "Types": ["PRIVATE"],
        "VpcEndpointIds": through,
    }
    deny, allow = policy(stack)
    assert (deny["Effect"], deny["Principal"]) == ("Deny", {"AWS": "*"})
    assert deny["Condition"] == {"StringNotEquals": {"aws:SourceVpce": through}}
    assert (allow["Effect"], allow["Principal"]) == ("Allow", {"AWS": "*"})


def test_a_private_api_leaves_it_to_the_callers_policy_whom_iam_lets_in(
    stack: cdk.Stack, existing: ec2.IInterfaceVpcEndpoint
) -> None:
    """What its own policy allowed everyone, no caller of the account would need to be granted."""
    define_api(stack, endpoint=RestEndpoint(vpc_endpoints=[existing]))

    _, allow = policy(stack)
    assert allow["Principal"] == {"AWS": stack.resolve(iam.AccountRootPrincipal().arn)}


def test_a_private_api_lets_anyone_in_for_events_alone(
    stack: cdk.Stack, existing: ec2.IInterfaceVpcEndpoint, stream: kinesis.Stream
) -> None:
    define_api(
        stack,
        endpoint=RestEndpoint(vpc_endpoints=[existing]),
        event_stream=stream,
        event_access=ApiAccess.public(),
    )

    *_, allow = policy(stack)
    assert allow["Principal"] == {"AWS": "*"}
    assert allow["Resource"] == "execute-api:/*/*/events"


def test_refuses_iam_for_the_events_of_a_private_api_alone(
    stack: cdk.Stack, existing: ec2.IInterfaceVpcEndpoint, stream: kinesis.Stream
) -> None:
    with pytest.raises(
        ValueError,
        match=whole(
            "the events of a private API cannot need IAM where nothing else does, since its policy"
            " lets in everyone in the VPC: give ApiAccess.iam() to all of it"
        ),
    ):
        define_api(
            stack,
            access=ApiAccess.api_key(),
            endpoint=RestEndpoint(vpc_endpoints=[existing]),
            event_stream=stream,
            event_access=ApiAccess.iam(),
        )


def test_a_caller_in_a_vpc_may_name_the_api_in_a_header(
    stack: cdk.Stack, existing: ec2.IInterfaceVpcEndpoint
) -> None:
    """Without private DNS it asks one host and names another, which STRICT refuses."""
    define_api(stack, endpoint=RestEndpoint(vpc_endpoints=[existing]))

    assert only(stack, "AWS::ApiGateway::RestApi")["EndpointAccessMode"] == "BASIC"
