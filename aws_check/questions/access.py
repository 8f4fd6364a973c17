"""What IAM, the policies of buckets and CloudWatch see of Amazon Personalize."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from botocore.exceptions import ClientError

from aws_check.finding import Confidence, Finding, Question, Verdict
from aws_check.probe import PERSONALIZE, Probe, dimensions_of, policy, refusal_of
from cdk_personalize._service_role import BUCKET_READ, SOURCE_CONDITION_CONTEXT
from resource_provider.control_plane import code_of, is_busy

_NOBODY = "000000000000"
_INTERACTIONS = 1000  # at least, in one import job (DG:limits)


def recommender_in_policies(probe: Probe) -> Finding:
    """Ask a recommender that does not exist, with roles that may ask it, or campaigns alone.

    IAM is asked before the service looks for the recommender, so the errors tell them apart.
    """
    arn = probe.arn("recommender/personalize-aws-check-none")
    evidence = []
    codes = []
    for resource in (arn, probe.arn("campaign/*")):
        role = probe.role(
            {"AWS": f"arn:{probe.partition}:iam::{probe.cloud.account}:root"},
            {
                "Effect": "Allow",
                "Action": "personalize:GetRecommendations",
                "Resource": resource,
            },
        )
        with probe.assumed(role, "personalize-runtime") as runtime:
            try:
                runtime.get_recommendations(recommenderArn=arn, userId="1")
            except ClientError as error:
                codes.append(code_of(error))
                evidence.append(f"allowed on {resource}: {refusal_of(error)}")
    dimensions = _dimensions(probe)
    evidence += dimensions
    allowed, denied = ("AccessDenied" not in code for code in codes)
    return Finding(
        f"as the IAM resource the recommender's ARN is {'enough' if allowed else 'not enough'},"
        f" that of campaigns is {'enough too' if denied else 'not'}; CloudWatch has the dimension"
        f" RecommenderArn: {_has_recommender(dimensions)}",
        Verdict.CONFIRMS if allowed else Verdict.CONTRADICTS,
        evidence,
        Confidence.PARTLY,
    )


def _dimensions(probe: Probe) -> list[str]:
    """Return the dimensions of the metrics of the account; what they are of is not told."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    pages = probe.client("cloudwatch").get_paginator("list_metrics")
    try:
        for page in pages.paginate(Namespace="AWS/Personalize"):
            for metric in page["Metrics"]:
                found[metric["MetricName"]].append(metric)
    except ClientError as error:
        return [refusal_of(error)]
    return [f"AWS/Personalize {name}: {dimensions_of(found[name])}" for name in sorted(found)]


def _has_recommender(dimensions: list[str]) -> str:
    if any("RecommenderArn" in each for each in dimensions):
        return "yes"
    return "not seen; it would take a recommender that serves, which a check does not pay for"


def source_account_in_policies(probe: Probe) -> Finding:
    """Import from a bucket that lets the service in for another account, then for this one."""
    bucket = probe.bucket()
    s3 = probe.client("s3")
    rows = [f"{n % 50},{n % 40},{1_700_000_000 + n},View,1" for n in range(_INTERACTIONS)]
    header = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE"
    s3.put_object(
        Bucket=bucket, Key="interactions.csv", Body="\n".join([header, *rows, ""]).encode()
    )
    resources = [f"arn:{probe.partition}:s3:::{bucket}{part}" for part in ("", "/*")]
    read: dict[str, object] = {
        "Effect": "Allow",
        "Action": list(BUCKET_READ),
        "Resource": resources,
    }
    role = probe.role({"Service": PERSONALIZE}, read)
    dataset = probe.interactions(probe.dataset_group())
    outcomes = {}
    for account in (_NOBODY, probe.cloud.account):
        condition = {"StringEquals": {"aws:SourceAccount": account}}
        statement = {**read, "Principal": {"Service": PERSONALIZE}, "Condition": condition}
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(statement))
        outcomes[account] = _import(probe, dataset, f"s3://{bucket}/interactions.csv", role)
    evidence = [f"aws:SourceAccount {account}: {text}" for account, text in outcomes.items()]
    evidence += _conditions_of_the_demo(probe)
    wrong, right = (text.startswith("ACTIVE") for text in outcomes.values())
    if not right:
        answer = "the import fails with the condition, although it names this account"
    elif wrong:
        answer = "the import works whatever the condition: the statement is not needed"
    else:
        answer = "the condition is checked, and holds for this account"
    return Finding(answer, Verdict.CONFIRMS if right else Verdict.CONTRADICTS, evidence)


def _import(probe: Probe, dataset: str, location: str, role: str) -> str:
    name = probe.name("import")
    try:
        arn = probe.personalize.create_dataset_import_job(
            jobName=name,
            datasetArn=dataset,
            dataSource={"dataLocation": location},
            roleArn=role,
            importMode="FULL",
        )["datasetImportJobArn"]
    except ClientError as error:
        return refusal_of(error)
    probe.say(f"importing as {name}")
    probe.wait_for(lambda: not is_busy(probe.describe("dataset_import_job", arn)["status"]), name)
    job = probe.describe("dataset_import_job", arn)
    return f"{job['status']} {job.get('failureReason', '')} ({arn})".replace("  ", " ")


def _conditions_of_the_demo(probe: Probe) -> list[str]:
    """Tell that the demo, which has learnt, has the condition in its bucket's policy."""
    bucket = probe.stack.output("BucketName")
    try:
        read = json.loads(probe.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    except ClientError as error:
        return [refusal_of(error)]
    return [
        f"the demo has imported with {json.dumps(each.get('Condition', 'no condition'))}"
        f" for {PERSONALIZE} in the policy of its bucket"
        for each in read["Statement"]
        if isinstance(each["Principal"], dict) and each["Principal"].get("Service") == PERSONALIZE
    ]


RECOMMENDER_IN_POLICIES = Question(
    text="Is the ARN of a recommender an IAM resource, and a dimension of CloudWatch?",
    method="GetRecommendations of a recommender that does not exist, with roles that may ask it or"
    " campaigns alone: IAM is asked before the service; then ListMetrics",
    cost="nothing",
    assumed="a grant on the recommender's ARN is enough for GetRecommendations",
    ask=recommender_in_policies,
)
SOURCE_ACCOUNT = Question(
    text="Do conditions on aws:SourceAccount hold in the statements for the service principal?",
    method="imports of 1,000 rows from a bucket whose policy names another account, then this one",
    cost="less than a cent",
    assumed="the condition holds: the policies of bucket and key have it unless the context"
    f" {SOURCE_CONDITION_CONTEXT} is false",
    ask=source_account_in_policies,
)
