"""What a function is allowed that reads a topic of Amazon MSK."""

from collections.abc import Mapping

from aws_cdk import ArnFormat
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from cdk_personalize._tree import stack_of
from cdk_personalize.patterns.event_source import KafkaTopic

# Lambda's guide, "Configuring cluster access and network permissions" for Amazon MSK.
_CLUSTER = ("kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers")
_NETWORK = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
_CLIENT: Mapping[str, tuple[str, ...]] = {
    "cluster": ("kafka-cluster:Connect", "kafka-cluster:DescribeClusterDynamicConfiguration"),
    "topic": ("kafka-cluster:DescribeTopic", "kafka-cluster:ReadData"),
    "group": ("kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"),
}


def allow_topic(function: lambda_.Function, topic: KafkaTopic) -> None:
    """Let a function read a topic, in the network of its cluster."""
    # arn:aws:kafka:<region>:<account>:cluster/<name>/<uuid>
    cluster = stack_of(function).split_arn(topic.cluster_arn, ArnFormat.SLASH_RESOURCE_NAME)
    base = f"arn:{cluster.partition}:kafka:{cluster.region}:{cluster.account}"
    resources = {
        "cluster": topic.cluster_arn,
        "topic": f"{base}:topic/{cluster.resource_name}/{topic.topic}",
        "group": f"{base}:group/{cluster.resource_name}/{topic.consumer_group_id or '*'}",
    }
    for what, resource in resources.items():
        _allow(function, _CLIENT[what], resource)
    _allow(function, _CLUSTER, topic.cluster_arn)
    # IAM knows no resource for most of them, and Lambda's guide asks for all.
    _allow(function, _NETWORK, "*")


def _allow(function: lambda_.Function, actions: tuple[str, ...], resource: str) -> None:
    iam.Grant.add_to_principal(grantee=function, actions=list(actions), resource_arns=[resource])
