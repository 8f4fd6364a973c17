"""An API for each kind of access, before one campaign that is declared and never trained."""

import aws_cdk as cdk
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_personalize import Campaign, Recipe
from cdk_personalize.patterns import (
    ApiAccess,
    Cors,
    HttpEndpoint,
    RecommendationApi,
    RestEndpoint,
    WebAcl,
)

NAME = "Access"
AUDIENCE = "shop"
SCOPE = "recommendations"
ORIGIN = "https://shop.example"
QUOTA = 6
USER_NAME_CLAIM = "cognito:username"

# What a Lambda authorizer of a shop does: it knows its sessions, and whose they are.
_AUTHORIZER = """
SESSIONS = {"session-of-anna": "anna", "session-of-ben": "ben"}

def handler(event, context):
    headers = {name.lower(): value for name, value in event["headers"].items()}
    session = headers["x-session"]
    if session == "broken":
        raise Exception("Unauthorized")
    api = "/".join(event["methodArn"].split("/")[:2])
    return {
        "principalId": session,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow" if session in SESSIONS else "Deny",
                    "Resource": api + "/*",
                }
            ],
        },
        "context": {"user": SESSIONS.get(session, "")},
    }
"""


class AccessStack(cdk.Stack):
    """The stack."""

    def __init__(self, scope: Construct, *, issuer: str) -> None:
        """Define the stack.

        Args:
            scope: The app.
            issuer: The address of who issues tokens. It is on this machine and has no TLS, which
                a token of the CDK hides from the check.
        """
        super().__init__(scope, NAME)
        self._campaign = Campaign.from_campaign_name(self, "Campaign", "never-trained")
        self._stream = kinesis.Stream(
            self, "Events", shard_count=1, removal_policy=cdk.RemovalPolicy.DESTROY
        )
        pool = cognito.UserPool(self, "Pool", removal_policy=cdk.RemovalPolicy.DESTROY)
        flows = cognito.AuthFlow(user_password=True)
        client = pool.add_client("Client", auth_flows=flows)
        function = lambda_.Function(
            self,
            "Authorizer",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline(_AUTHORIZER),
            log_group=logs.LogGroup(
                self, "AuthorizerLog", removal_policy=cdk.RemovalPolicy.DESTROY
            ),
        )
        self._output("PoolId", pool.user_pool_id)
        self._output("ClientId", client.user_pool_client_id)
        jwt = ApiAccess.jwt(
            issuer=cdk.Fn.join("", [issuer]),
            audience=[AUDIENCE],
            scopes=[SCOPE],
            user_claim="sub",
        )
        custom = ApiAccess.custom(function, user_key="user", headers=["X-Session"])
        users_of_pool = ApiAccess.cognito(pool, user_claim=USER_NAME_CLAIM)
        for construct_id, access, endpoint in (
            ("HttpIam", ApiAccess.iam(), HttpEndpoint()),
            ("HttpJwt", jwt, HttpEndpoint()),
            (
                "HttpCognito",
                ApiAccess.cognito(pool, [client], user_claim=USER_NAME_CLAIM),
                HttpEndpoint(),
            ),
            ("HttpCustom", custom, HttpEndpoint()),
            ("HttpPublic", ApiAccess.public(), HttpEndpoint()),
            ("RestIam", ApiAccess.iam(), RestEndpoint()),
            ("RestCognito", users_of_pool, RestEndpoint(cors=Cors(origins=[ORIGIN]))),
            ("RestCustom", custom, RestEndpoint()),
            (
                "RestKey",
                ApiAccess.api_key(quota=QUOTA),
                RestEndpoint(web_acl=WebAcl(managed=True), account_log_role=True),
            ),
            ("RestPrivate", ApiAccess.public(), RestEndpoint(vpc_endpoints=[self._there()])),
        ):
            self._define(construct_id, access, endpoint)

    def _define(
        self, construct_id: str, access: ApiAccess, endpoint: HttpEndpoint | RestEndpoint
    ) -> None:
        is_open = construct_id == "RestCustom"
        api = RecommendationApi(
            self,
            construct_id,
            access=access,
            endpoint=endpoint,
            event_stream=self._stream if is_open or construct_id == "HttpJwt" else None,
            event_access=ApiAccess.public() if is_open else None,
        )
        api.add_model("for-you", self._campaign, recipe=Recipe.USER_PERSONALIZATION_V2)
        self._output(f"{construct_id}Url", api.url)
        if construct_id.endswith("Iam"):
            user = iam.User(self, f"{construct_id}User")
            api.grant_invoke(user)
            self._output(f"{construct_id}UserName", user.user_name)

    def _there(self) -> ec2.IInterfaceVpcEndpoint:
        return ec2.InterfaceVpcEndpoint.from_interface_vpc_endpoint_attributes(
            self, "VpcEndpoint", port=443, vpc_endpoint_id="vpce-00000000"
        )

    def _output(self, name: str, value: str) -> None:
        cdk.CfnOutput(self, name, value=value)
