"""What a destroyed stack left behind: every service that it used is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
from botocore.exceptions import ClientError

from demo.cloud import Cloud

# The CDK's own bootstrap stack, which stays for the next deployment.
_BOOTSTRAP = ("cdk-hnb659fds", "CDKToolkit", "/cdk-bootstrap/hnb659fds")

# service, operation, key of the list, key of the name (empty: the entry is the name)
_LISTINGS = (
    ("personalize", "list_campaigns", "campaigns", "campaignArn"),
    ("personalize", "list_recommenders", "recommenders", "recommenderArn"),
    ("personalize", "list_solutions", "solutions", "solutionArn"),
    ("personalize", "list_event_trackers", "eventTrackers", "eventTrackerArn"),
    ("personalize", "list_metric_attributions", "metricAttributions", "metricAttributionArn"),
    ("personalize", "list_filters", "Filters", "filterArn"),
    ("personalize", "list_datasets", "datasets", "datasetArn"),
    ("personalize", "list_dataset_groups", "datasetGroups", "datasetGroupArn"),
    ("personalize", "list_schemas", "schemas", "schemaArn"),
    ("cloudformation", "list_stacks", "StackSummaries", "StackName"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    ("kinesis", "list_streams", "StreamNames", ""),
    ("firehose", "list_delivery_streams", "DeliveryStreamNames", ""),
    ("glue", "get_databases", "DatabaseList", "Name"),
    ("sqs", "list_queues", "QueueUrls", ""),
    ("dynamodb", "list_tables", "TableNames", ""),
    ("stepfunctions", "list_state_machines", "stateMachines", "stateMachineArn"),
    ("events", "list_rules", "Rules", "Arn"),
    ("apigatewayv2", "get_apis", "Items", "ApiId"),
    ("apigateway", "get_rest_apis", "items", "name"),
    ("apigateway", "get_usage_plans", "items", "id"),
    ("apigateway", "get_api_keys", "items", "id"),
    ("wafv2", "list_web_acls", "WebACLs", "Name"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("iam", "list_policies", "Policies", "PolicyName"),
    ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("ssm", "describe_parameters", "Parameters", "Name"),
)
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "list_policies": {"Scope": "Local"},
    "list_web_acls": {"Scope": "REGIONAL"},
    "list_stacks": {
        "StackStatusFilter": [
            f"{action}_{result}"
            for action in ("CREATE", "UPDATE", "DELETE", "ROLLBACK")
            for result in ("COMPLETE", "FAILED")
            if (action, result) != ("DELETE", "COMPLETE")
        ]
    },
}


def leftovers(
    aws: Cloud,
    belongs: Callable[[str], bool] | None = None,
    unseen: Callable[[str], None] | None = None,
) -> list[str]:
    """Return what is left, as `service: name`; keys that wait for their deletion do not count.

    Args:
        aws: Where the stack was.
        belongs: Tells by its name whether a resource counts (default: everything does, since a
            local AWS holds nothing else).
        unseen: Told of each service that refuses to be asked (default: its refusal is raised).
    """
    session: Any = boto3.Session()  # its types know no service by a variable name
    counts = belongs or (lambda _: True)
    found: list[str] = []
    for service, operation, listed, key in _LISTINGS:
        client = session.client(service, **aws.client_options)
        try:
            names = [name for name in _names(client, operation, listed, key) if counts(name)]
        except ClientError as error:
            if unseen is None:
                raise
            unseen(f"{service}: {error}")
            continue
        found += [f"{service}: {name}" for name in names]
    keys = _live_keys(session.client("kms", **aws.client_options), counts)
    return found + [f"kms: {key}" for key in keys]


def _names(client: Any, operation: str, listed: str, key: str) -> Iterator[str]:  # noqa: ANN401
    arguments = _ARGUMENTS.get(operation, {})
    if client.can_paginate(operation):
        pages = client.get_paginator(operation).paginate(**arguments)
    else:
        pages = [getattr(client, operation)(**arguments)]
    for page in pages:
        for entry in page.get(listed, []):
            name = entry[key] if key else entry
            if not any(part in name for part in _BOOTSTRAP):
                yield name


def _live_keys(kms: Any, counts: Callable[[str], bool]) -> Iterator[str]:  # noqa: ANN401
    for page in kms.get_paginator("list_keys").paginate():
        for entry in filter(lambda entry: counts(entry["KeyId"]), page["Keys"]):
            key = kms.describe_key(KeyId=entry["KeyId"])["KeyMetadata"]
            if key["KeyManager"] == "CUSTOMER" and key["KeyState"] != "PendingDeletion":
                yield key["KeyId"]
