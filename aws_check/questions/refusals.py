"""How the service, and Step Functions before it, refuse a request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from aws_check.finding import Finding, Question, Verdict
from aws_check.probe import Probe, refusal_of

_FILTER = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")'
_SPELLINGS = ("MinProvisionedTPS", "MinProvisionedTps")
_TOO_LONG = 300
_CODE = re.compile(r"HTTP \d+ (\w+):")
_REFUSED = ("InvalidInputException", "ValidationException", "SerializationException")


def dataset_with_filters(probe: Probe) -> Finding:
    """Delete a dataset while its group has a filter."""
    group = probe.dataset_group()
    dataset = probe.interactions(group)
    probe.create(
        "filter", name=probe.name("filter"), datasetGroupArn=group, filterExpression=_FILTER
    )
    answer = probe.refusal(lambda: probe.personalize.delete_dataset(datasetArn=dataset))
    if answer.startswith("accepted"):
        return Finding("the dataset is deleted all the same", Verdict.CONTRADICTS, [answer])
    in_use = "ResourceInUseException" in answer
    return Finding("it is refused", Verdict.CONFIRMS if in_use else Verdict.CONTRADICTS, [answer])


def broken_constraints(probe: Probe) -> Finding:
    """Break one constraint of each kind, on each of the three endpoints."""
    personalize = probe.unchecked("personalize")
    runtime, events = probe.unchecked("personalize-runtime"), probe.unchecked("personalize-events")
    long_arn = probe.arn(f"campaign/{'x' * _TOO_LONG}")
    # Nothing of this could be made: each request names what does not exist, too.
    none = probe.arn("dataset-group/personalize-aws-check-none")
    attempts: Mapping[str, Callable[[], Mapping[str, Any]]] = {
        "a pattern (name)": lambda: personalize.create_filter(
            name="-no", datasetGroupArn=none, filterExpression=_FILTER
        ),
        "a length (name)": lambda: personalize.create_filter(
            name="x" * 64, datasetGroupArn=none, filterExpression=_FILTER
        ),
        "a missing member (filterExpression)": lambda: personalize.create_filter(
            name="x", datasetGroupArn=none
        ),
        "a type (maxResults)": lambda: personalize.list_filters(maxResults="many"),
        "a range (maxResults)": lambda: personalize.list_filters(maxResults=1000),
        "a length (campaignArn), runtime": lambda: runtime.get_recommendations(
            campaignArn=long_arn, userId="1"
        ),
        "a length (sessionId), events": lambda: events.put_events(
            trackingId="none",
            sessionId="x" * _TOO_LONG,
            eventList=[{"eventType": "View", "sentAt": 1_700_000_000}],
        ),
    }
    evidence = [f"{what}: {probe.refusal(call)}" for what, call in attempts.items()]
    codes = sorted({match[1] for each in evidence if (match := _CODE.search(each))})
    known = all(any(code in each for code in _REFUSED) for each in evidence)
    return Finding(
        f"the codes are {', '.join(codes)}",
        Verdict.CONFIRMS if known else Verdict.CONTRADICTS,
        evidence,
    )


def spelling_in_state_machines(probe: Probe) -> Finding:
    """Test a state that calls CreateCampaign, with a role that may do nothing."""
    role = probe.role({"Service": "states.amazonaws.com"})
    states = probe.client("stepfunctions")
    accepted, evidence = [], []
    for spelling in _SPELLINGS:
        state = {
            "Type": "Task",
            "Resource": f"arn:{probe.partition}:states:::aws-sdk:personalize:createCampaign",
            "Parameters": {
                "Name": probe.name("never-made"),
                "SolutionVersionArn": probe.arn("solution/personalize-aws-check-none/1"),
                spelling: 1,
            },
            "End": True,
        }
        try:
            tested = states.test_state(definition=json.dumps(state), roleArn=role, input="{}")
        except ClientError as error:
            evidence.append(f"{spelling}: {refusal_of(error)}")
            continue
        refused = f"{tested['status']} {tested.get('error')}: {tested.get('cause')}"
        evidence.append(f"{spelling}: {refused}")
        if "not supported by Step Functions" not in refused:
            accepted.append(spelling)
    if not accepted:
        return Finding.not_answered("TestState accepts neither spelling", evidence)
    return Finding(
        f"Step Functions takes {' and '.join(accepted)}",
        Verdict.CONFIRMS if _SPELLINGS[0] in accepted else Verdict.CONTRADICTS,
        evidence,
    )


DATASET_WITH_FILTERS = Question(
    text="What exactly does DeleteDataset answer while the group has filters?",
    method="a dataset and a filter in a group of their own, and DeleteDataset",
    cost="nothing",
    assumed="ResourceInUseException: the emulator answers it, and the provider tries again",
    ask=dataset_with_filters,
)
BROKEN_CONSTRAINTS = Question(
    text="Which code has a request that breaks a constraint of the service's model?",
    method="requests to the three endpoints that break a pattern, a length, a range and a type, and"
    " that name nothing that exists",
    cost="nothing",
    assumed=f"one of {', '.join(_REFUSED)}, which personalize_runtime treats alike",
    ask=broken_constraints,
)
SPELLING_OF_TPS = Question(
    text="How does Step Functions spell minProvisionedTPS?",
    method="TestState of createCampaign in both spellings, with a role that may do nothing",
    cost="nothing",
    assumed="MinProvisionedTPS: the pipeline says it only where it is not 1, and so does local AWS",
    ask=spelling_in_state_machines,
)
