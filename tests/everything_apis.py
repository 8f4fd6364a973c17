"""Recommendation APIs of every kind of access and endpoint: a part of the stack of everything."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_route53 as route53
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_personalize import (
    ICampaign,
    Recipe,
)
from cdk_personalize.patterns import (
    ApiAccess,
    ContentDelivery,
    Cors,
    CustomDomain,
    HttpEndpoint,
    RecommendationApi,
    RestEndpoint,
    Throttle,
    WebAcl,
)


class Apis(Construct):
    """An API of every kind, for every kind of caller, and one behind CloudFront."""

    def __init__(self, scope: Construct, construct_id: str, *, campaign: ICampaign) -> None:
        super().__init__(scope, construct_id)
        self.recipe = Recipe.USER_PERSONALIZATION_V2
        self.campaign = campaign
        self.zone = route53.HostedZone.from_hosted_zone_attributes(
            self, "Zone", hosted_zone_id="Z000000000", zone_name="example.com"
        )
        self.certificate = acm.Certificate.from_certificate_arn(
            self,
            "Certificate",
            cdk.Stack.of(self).format_arn(
                service="acm", resource="certificate", resource_name="everything"
            ),
        )
        self.pool = cognito.UserPool.from_user_pool_id(self, "Pool", "us-east-1_everything")
        self._define_private()
        self._define_cognito()
        self._define_custom()
        self._define_delivered(self._define_jwt())

    def _define(
        self, construct_id: str, access: ApiAccess, endpoint: HttpEndpoint | RestEndpoint
    ) -> RecommendationApi:
        api = RecommendationApi(self, construct_id, access=access, endpoint=endpoint)
        api.add_model("for-you", self.campaign, recipe=self.recipe)
        return api

    def _domain(self, name: str) -> CustomDomain:
        return CustomDomain(
            domain_name=f"{name}.example.com",
            certificate=self.certificate,
            hosted_zone=self.zone,
        )

    def _define_private(self) -> None:
        vpc = ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            vpc_id="vpc-00000000",
            vpc_cidr_block="10.0.0.0/16",
            availability_zones=["us-east-1a", "us-east-1b"],
            private_subnet_ids=["subnet-0000000a", "subnet-0000000b"],
        )
        existing = ec2.InterfaceVpcEndpoint.from_interface_vpc_endpoint_attributes(
            self, "VpcEndpoint", port=443, vpc_endpoint_id="vpce-00000000"
        )
        self._define(
            "PrivateApi",
            ApiAccess.api_key(rate_limit=10, burst_limit=20, quota=1_000_000),
            RestEndpoint(
                throttle=Throttle(rate_limit=100, burst_limit=200),
                throttle_by_route={"recommendations": Throttle(rate_limit=50, burst_limit=100)},
                cors=Cors(
                    origins=["https://example.com", "https://example.org"],
                    headers=["X-Api-Key"],
                    exposed_headers=["ETag"],
                    max_age=cdk.Duration.minutes(10),
                ),
                web_acl=WebAcl(managed=True, rate_limit=1000),
                vpc=vpc,
                vpc_endpoints=[existing],
                stage_name="shop",
                account_log_role=True,
            ),
        )

    def _define_cognito(self) -> None:
        self._define(
            "CognitoApi",
            ApiAccess.cognito(self.pool, user_claim="sub"),
            RestEndpoint(domain=self._domain("rest"), web_acl=WebAcl(managed=True)),
        )

    def _define_custom(self) -> None:
        function = lambda_.Function.from_function_arn(
            self,
            "Authorizer",
            cdk.Stack.of(self).format_arn(
                service="lambda",
                resource="function",
                resource_name="authorizer",
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            ),
        )
        access = ApiAccess.custom(function, user_key="user")
        self._define("CustomHttpApi", access, HttpEndpoint())
        self._define("CustomRestApi", access, RestEndpoint(web_acl=WebAcl(managed=True)))

    def _define_jwt(self) -> RecommendationApi:
        return self._define(
            "JwtApi",
            ApiAccess.jwt(
                issuer="https://login.example.com/",
                audience=["shop"],
                user_claim="sub",
                scopes=["recommendations"],
            ),
            HttpEndpoint(
                throttle_by_route={"recommendations": Throttle(rate_limit=50, burst_limit=100)},
                cors=Cors(origins=["https://example.com"]),
                domain=self._domain("http"),
            ),
        )

    def _define_delivered(self, api: RecommendationApi) -> None:
        web_acl = cdk.Stack.of(self).format_arn(
            service="wafv2", resource="global/webacl", resource_name="everything/0000"
        )
        ContentDelivery(
            self,
            "Delivery",
            api=api,
            domain=self._domain("www"),
            cache_key_headers=["CloudFront-Viewer-Country"],
            log_bucket=s3.Bucket(
                self, "Log", encryption=s3.BucketEncryption.S3_MANAGED, enforce_ssl=True
            ),
            web_acl=WebAcl(arn=web_acl),
        )
