"""What CloudFormation does with the types of Amazon Personalize."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from aws_check.finding import Confidence, Finding, Question, Verdict
from aws_check.probe import PERSONALIZE, Probe
from aws_check.probe_stack import ProbeStack
from cdk_personalize.avro_schema import AvroSchema, DatasetType
from demo.progress import DemoError
from resource_provider.control_plane import newest_active_version

_TAGS = {"personalize-aws-check": "question"}


def ref_values(probe: Probe) -> Finding:
    """Deploy every type, and read what `Ref` returns."""
    evidence, failed = [], []
    for make in (_group_of_its_own, _campaign_of_the_demo, _solution_of_the_demo):
        try:
            resources = make(probe)
            refs = ProbeStack(probe, resources).create()
        except (ClientError, DemoError) as error:
            failed.append(str(error))
        else:
            evidence += [f"{resources[name]['Type']}: {ref}" for name, ref in refs.items()]
    if not evidence:
        return Finding.not_answered("no stack could be deployed", failed)
    names = [each for each in evidence if ": arn:" not in each]
    return Finding(
        f"Ref is the ARN of {len(evidence) - len(names)} types of {len(evidence)} deployed"
        + (f"; it is something else for {', '.join(names)}" if names else ""),
        Verdict.CONTRADICTS if names else Verdict.CONFIRMS,
        evidence + failed,
        Confidence.PARTLY if failed else Confidence.OBSERVED,
    )


def tags_of_a_schema(probe: Probe) -> Finding:
    """Deploy a schema with tags."""
    resource = _schema(probe)
    resource["Properties"]["Tags"] = [{"Key": key, "Value": _TAGS[key]} for key in _TAGS]
    try:
        refs = ProbeStack(probe, {"Schema": resource}).create()
    except DemoError as error:
        return Finding("no, the stack fails", Verdict.CONFIRMS, [str(error)])
    arn = refs["Schema"]
    read = probe.refusal(lambda: probe.personalize.list_tags_for_resource(resourceArn=arn))
    kept = read.startswith("accepted") and next(iter(_TAGS)) in read
    return Finding(
        f"yes, the stack deploys, and the schema {'has' if kept else 'does not have'} the tags",
        Verdict.CONTRADICTS if kept else Verdict.CONFIRMS,
        [f"created {arn}", f"ListTagsForResource: {read}"],
    )


def tags_of_a_stack(probe: Probe) -> Finding:
    """Deploy a dataset group, give its stack tags, and look whether it is another one."""
    stack = ProbeStack(probe, {"Group": _dataset_group(probe)})
    arn = stack.create()["Group"]
    before = probe.describe("dataset_group", arn)["creationDateTime"]
    evidence = []
    try:
        changes = stack.change_set(_TAGS)
    except (ClientError, DemoError) as error:
        evidence.append(f"change set: {error}")
    else:
        found = [change["ResourceChange"] for change in changes.get("Changes", [])]
        evidence += [
            f"change set: {each['Action']} {each['LogicalResourceId']}, Replacement"
            f" {each.get('Replacement', 'not said')}, Scope {each.get('Scope', [])}"
            for each in found
        ] or [f"change set: {changes['Status']}, {changes.get('StatusReason', 'no changes')}"]
    try:
        refs = stack.tag(_TAGS)
    except (ClientError, DemoError) as error:
        evidence.append(f"update: {error}")
        replaced = "already exists" in str(error).lower()
    else:
        after = probe.describe("dataset_group", refs["Group"])["creationDateTime"]
        evidence.append(f"update: {arn} of {before} became {refs['Group']} of {after}")
        replaced = (arn, before) != (refs["Group"], after)
    return Finding(
        "yes, CloudFormation replaces the dataset group"
        if replaced
        else "no, the dataset group is still the same",
        Verdict.CONFIRMS if replaced else Verdict.CONTRADICTS,
        evidence,
    )


def automatic_training(probe: Probe) -> Finding:
    """Deploy a solution, and read what it says of automatic training."""
    refs = ProbeStack(probe, _solution_of_the_demo(probe)).create()
    solution = probe.settle("solution", refs["Solution"])
    trains = solution.get("performAutoTraining")
    return Finding(
        f"performAutoTraining is {trains} of a solution that CloudFormation made",
        Verdict.CONFIRMS if trains else Verdict.CONTRADICTS,
        [
            f"DescribeSolution {refs['Solution']}: performAutoTraining {trains},"
            f" solutionConfig {solution.get('solutionConfig')}",
            "that a training begins within the hour was not waited for: it costs money",
        ],
        Confidence.PARTLY,
    )


def _schema(probe: Probe) -> dict[str, Any]:
    document = AvroSchema.of(DatasetType.INTERACTIONS).to_json()
    return _resource("Schema", Name=probe.name("schema"), Schema=document)


def _dataset_group(probe: Probe) -> dict[str, Any]:
    return _resource("DatasetGroup", Name=probe.name("group"))


def _group_of_its_own(probe: Probe) -> dict[str, dict[str, Any]]:
    group = {"Fn::GetAtt": ["Group", "DatasetGroupArn"]}
    dataset = _resource(
        "Dataset",
        Name=probe.name("interactions"),
        DatasetType="Interactions",
        DatasetGroupArn=group,
        SchemaArn={"Fn::GetAtt": ["Schema", "SchemaArn"]},
    )
    tracker = _resource("EventTracker", Name=probe.name("tracker"), DatasetGroupArn=group)
    bought = _resource(
        "Filter",
        Name=probe.name("filter"),
        DatasetGroupArn=group,
        FilterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")',
    )
    after = {"DependsOn": "Dataset"}  # so that they are deleted before it
    return {
        "Schema": _schema(probe),
        "Group": _dataset_group(probe),
        "Dataset": dataset,
        "Tracker": tracker | after,
        "Filter": bought | after,
    }


def _campaign_of_the_demo(probe: Probe) -> dict[str, dict[str, Any]]:
    versions = (newest_active_version(probe.personalize, arn) for arn in probe.solutions())
    role = probe.role({"Service": PERSONALIZE}, put_metric_data())
    return {
        "Campaign": _resource(
            "Campaign", Name=probe.name("campaign"), SolutionVersionArn=next(filter(None, versions))
        ),
        "Attribution": _resource(
            "MetricAttribution",
            Name=probe.name("attribution"),
            DatasetGroupArn=probe.group_arn,
            Metrics=[
                {"EventType": "VIEW", "MetricName": "VIEWS", "Expression": "SAMPLECOUNT()"},
            ],
            MetricsOutputConfig={"RoleArn": role},
        ),
    }


def _solution_of_the_demo(probe: Probe) -> dict[str, dict[str, Any]]:
    return {
        "Solution": _resource(
            "Solution",
            Name=probe.name("solution"),
            DatasetGroupArn=probe.group_arn,
            RecipeArn=probe.recipe("aws-user-personalization-v2"),
        )
    }


def put_metric_data() -> Mapping[str, object]:
    """Return the statement that lets a metric attribution report."""
    return {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"}


def _resource(noun: str, **properties: object) -> dict[str, Any]:
    return {"Type": f"AWS::Personalize::{noun}", "Properties": properties}


REF_VALUES = Question(
    text="What does Ref return for each type of CloudFormation?",
    method="stacks with one resource of each of the eight types, and outputs that are Refs",
    cost="a campaign for some minutes",
    assumed="the library uses GetAtt alone, and the emulator's Ref is the ARN",
    ask=ref_values,
)
SCHEMA_TAGS = Question(
    text="Does AWS::Personalize::Schema accept Tags?",
    method="a stack with a schema that has tags, then ListTagsForResource",
    cost="nothing",
    assumed="Schema bears no tags",
    ask=tags_of_a_schema,
)
STACK_TAGS = Question(
    text="Do stack-level tags replace the types whose Tags are createOnly?",
    method="a stack with a dataset group; a change set with tags, then the update itself",
    cost="nothing",
    assumed="tags on DatasetGroup would replace it, so it bears none",
    ask=tags_of_a_stack,
)
AUTOMATIC_TRAINING = Question(
    text="Does a solution that CloudFormation makes train by itself?",
    method="a stack with a solution on the demo's data, deleted once it has been described",
    cost="a training if the service begins one within these minutes",
    assumed="it does, so Solution is a custom resource that switches automatic training off",
    ask=automatic_training,
)
