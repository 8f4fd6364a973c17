"""The state machines of the pipeline: what local AWS lets pass and AWS does not."""

import re
from collections.abc import Iterator
from typing import Any

import botocore.loaders
import botocore.model
import pytest

from cdk_personalize.patterns._pipeline_steps import FILES_A_ROUND
from cdk_personalize.patterns._pipeline_tasks import (
    FIRST_POLL_SECONDS,
    LAST_POLL_SECONDS,
    POLL_BACKOFF,
    pascal_case,
)
from tests.unit.patterns.pipeline_machines import States, states_of

# An import job may take 36 hours (the timeout of CloudFormation's own Dataset handler).
LONGEST_JOB_SECONDS = 36 * 3600
HISTORY_LIMIT = 20_000  # Step Functions ends an execution at 25,000 events


def personalize_calls(states: States) -> Iterator[tuple[str, str, Any]]:
    for name, state in states.items():
        if match := re.search(r":aws-sdk:personalize:(\w+)$", state.get("Resource", "")):
            yield name, match[1], state["Arguments"]


def service_model(service: str) -> botocore.model.ServiceModel:
    loader = botocore.loaders.Loader()
    return botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service)


def test_every_state_can_be_reached(definitions: dict[str, dict[str, Any]]) -> None:
    for definition in definitions.values():
        for machine in [definition, *_inner(definition)]:
            reached, waiting = set(), [machine["StartAt"]]
            while waiting:
                name = waiting.pop()
                if name in reached:
                    continue
                reached.add(name)
                waiting += _next_of(machine["States"][name])
            assert reached == set(machine["States"])


def _inner(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in definition["States"].values():
        for inner in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]:
            yield inner
            yield from _inner(inner)


def _next_of(state: dict[str, Any]) -> list[str]:
    ways = [state.get("Next"), state.get("Default")]
    ways += [way["Next"] for way in [*state.get("Choices", []), *state.get("Catch", [])]]
    return [way for way in ways if way]


def test_calls_only_operations_and_members_that_personalize_has(all_states: States) -> None:
    model = service_model("personalize")
    calls = list(personalize_calls(all_states))
    assert {operation for _, operation, _ in calls} >= {
        "createDatasetImportJob",
        "createSolutionVersion",
        "createCampaign",
        "updateCampaign",
        "createSolution",
    }
    for name, operation, arguments in calls:
        shape = model.operation_model(operation[0].upper() + operation[1:]).input_shape
        assert shape is not None
        if isinstance(arguments, dict):
            # Step Functions takes the members of the API with a capital; AWS takes no others.
            members = {member[0].upper() + member[1:] for member in shape.members}
            assert set(arguments) <= members, name
            assert {each[0].upper() + each[1:] for each in shape.required_members} <= set(
                arguments
            ), name


def test_arguments_of_sdk_integrations_are_in_pascal_case(all_states: States) -> None:
    for name, state in all_states.items():
        arguments = state.get("Arguments")
        if ":aws-sdk:" in state.get("Resource", "") and isinstance(arguments, dict):
            assert all(member[0].isupper() for member in arguments), name


def test_a_request_is_put_into_pascal_case_but_not_the_users_own_keys() -> None:
    request = {
        "name": "for-you",
        "solutionConfig": {
            "algorithmHyperParameters": {"apply_recency_bias": "true"},
            "eventsConfig": {"eventParametersList": [{"eventType": "View", "weight": 0.5}]},
        },
        "performAutoTraining": False,
    }

    assert pascal_case(request) == {
        "Name": "for-you",
        "SolutionConfig": {
            "AlgorithmHyperParameters": {"apply_recency_bias": "true"},
            "EventsConfig": {"EventParametersList": [{"EventType": "View", "Weight": 0.5}]},
        },
        "PerformAutoTraining": False,
    }


@pytest.mark.parametrize("operation", ["CreateSolution", "CreateCampaign"])
def test_the_keys_of_every_map_of_the_api_stay_as_they_are(operation: str) -> None:
    shape = service_model("personalize").operation_model(operation).input_shape
    assert shape is not None

    def maps(of: botocore.model.Shape, name: str) -> Iterator[str]:
        if isinstance(of, botocore.model.MapShape):
            yield name
        elif isinstance(of, botocore.model.StructureShape):
            for member, inner in of.members.items():
                yield from maps(inner, member)

    found = set(maps(shape, operation))
    assert found
    for name in found:
        assert pascal_case({name: {"as_it_is": "x"}}) == {
            name[0].upper() + name[1:]: {"as_it_is": "x"}
        }


def test_the_longest_job_stays_within_the_history_of_an_execution(
    definitions: dict[str, dict[str, Any]],
) -> None:
    polls, waited, wait = 0, 0.0, float(FIRST_POLL_SECONDS)
    while waited < LONGEST_JOB_SECONDS:
        waited += wait
        polls += 1
        wait = min(LAST_POLL_SECONDS, wait * POLL_BACKOFF)
    # Entered and exited for the wait and the choice; five events for the task, and four more for
    # each of its retries.
    retries = max(
        sum(retry["MaxAttempts"] for retry in state.get("Retry", []))
        for _, state in states_of(definitions["jobs"])
    )
    events_of_a_poll = 2 + 5 + 2

    assert polls * events_of_a_poll + retries * 4 + 100 < HISTORY_LIMIT


def test_the_fullest_round_stays_within_the_history_of_an_execution(
    definitions: dict[str, dict[str, Any]],
) -> None:
    """As many of everything as a dataset group holds, or ten times what is sensible."""
    numbers = {
        "For each dataset": 5,
        "For each newer file": FILES_A_ROUND,
        "For each list of users": 5,
        "For each model": 10,
        "For each campaign": 5,
        "For each batch job": 50,
        "For each recommender": 5,
        "For each export": 15,
        "For each undeclared solution": 10,
    }
    pages = 10  # of 200 files each, in every folder

    def events_of(definition: dict[str, Any]) -> int:
        return sum(events_of_state(name, state) for name, state in definition["States"].items())

    def events_of_state(name: str, state: dict[str, Any]) -> int:
        if state["Type"] == "Map":
            return 4 + numbers[name] * (2 + events_of(state["ItemProcessor"]))
        inner = sum(events_of(branch) for branch in state.get("Branches", []))
        task = 4 if state["Type"] == "Task" else 0
        times = pages if name.startswith("List the") else 1
        return times * (2 + task) + inner

    assert events_of(definitions["rounds"]) < HISTORY_LIMIT


def test_a_poll_never_asks_more_often_than_every_twenty_seconds(all_states: States) -> None:
    waits = [state for state in all_states.values() if state["Type"] == "Wait"]

    assert len(waits) == 11
    for state in waits:
        assert state["Seconds"] == "{% $Wait %}" or state["Seconds"] >= 20


def test_names_of_jobs_fit_however_long_the_execution_is_called(all_states: States) -> None:
    """What a name begins with has 42 characters at most; a hyphen and 20 digits make 63."""
    names = [
        state["Assign"][variable]
        for state in all_states.values()
        for variable in ("JobName", "VersionName")
        if variable in state.get("Assign", {})
    ]

    assert (
        names
        == [
            "{% $states.input.Name & '-' &"
            " $substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 20) %}"
        ]
        * 6
    )


def test_no_variable_of_an_inner_scope_has_the_name_of_an_outer_one(
    definitions: dict[str, dict[str, Any]],
) -> None:
    """AWS refuses such a state machine: an inner scope cannot assign an outer variable."""

    def assigned(state: dict[str, Any]) -> set[str]:
        ways = [state, *state.get("Catch", []), *state.get("Choices", [])]
        return {name for way in ways for name in way.get("Assign", {})}

    def check(definition: dict[str, Any], outer: set[str]) -> None:
        here = set().union(*(assigned(state) for state in definition["States"].values()))
        assert not here & outer
        for state in definition["States"].values():
            for inner in [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]:
                check(inner, outer | here)

    for definition in definitions.values():
        check(definition, set())


def test_the_lock_is_given_back_after_any_error(definitions: dict[str, dict[str, Any]]) -> None:
    states = definitions["rounds"]["States"]

    assert states["Round"]["Catch"][0]["ErrorEquals"] == ["States.ALL"]
    assert states["Round"]["Catch"][0]["Next"] == "Give the lock back"
    assert states["Round"]["Next"] == "What came of it"
    assert states["What came of it"]["Next"] == "Give the lock back"


def test_a_lock_that_turned_dirty_is_given_back_to_another_run(
    definitions: dict[str, dict[str, Any]],
) -> None:
    """It does not go round itself: it would keep the plan of before the last deployment."""
    states = definitions["rounds"]["States"]
    release = states["Give the lock back"]

    assert release["Arguments"]["ConditionExpression"] == (
        "Holder = :me AND attribute_not_exists(Dirty)"
    )
    assert release["Catch"] == [
        {
            "ErrorEquals": ["DynamoDB.ConditionalCheckFailedException"],
            "Next": "Give the dirty lock back",
        }
    ]
    assert states["Give the dirty lock back"]["Next"] == "Start the next run"
    assert states["Start the next run"]["Arguments"]["StateMachineArn"].endswith("stateMachine:p")


def test_an_import_is_noted_with_the_dataset_that_it_was_into(all_states: States) -> None:
    """Another dataset in its place, of the same ARN, has nothing of it."""
    found = all_states["rounds: Find the dataset"]
    noted = all_states["rounds: Note what is imported"]["Arguments"]

    assert found["Next"] == "List the files"
    assert found["Assign"] == {
        "Created": "{% $states.result.Dataset.CreationDateTime %}",
        "Last": "{% $substringBefore($Note, ' ') = $states.result.Dataset.CreationDateTime"
        " ? $substringAfter($Note, ' ') : '' %}",
    }
    assert noted["ExpressionAttributeValues"][":newest"]["S"].startswith("{% $Created & ' ' & ")


def test_a_create_whose_answer_was_lost_goes_on_with_what_it_made(all_states: States) -> None:
    for create, made in (
        ("Create the import job", "The import has begun already"),
        ("Create the export job", "The export has begun already"),
        ("Create the deletion job", "The deletion has begun already"),
        ("Create the inference job", "The inference has begun already"),
        ("Create the segmentation job", "The segmentation has begun already"),
        ("Create the solution version", "Find the solution version"),
        ("Create the campaign", "Find the campaign"),
    ):
        (catch,) = all_states[f"jobs: {create}"]["Catch"]
        assert catch["ErrorEquals"] == ["Personalize.ResourceAlreadyExistsException"]
        assert catch["Next"] == made


def test_taking_the_lock_twice_is_taking_it_once(all_states: States) -> None:
    take = all_states["rounds: Take the lock"]["Arguments"]

    assert take["ConditionExpression"] == "attribute_not_exists(Holder) OR Holder = :me"


# A refusal is an answer of this one, and has the error that throttling has.
TRIED_ONCE = "rounds: Was it retired?"


def test_every_call_is_tried_again(all_states: States) -> None:
    calls = {
        name: state
        for name, state in all_states.items()
        # An execution that was started is not started again: it would run beside the first.
        if state["Type"] == "Task"
        and ":states:startExecution" not in state["Resource"]
        and name != TRIED_ONCE
    }

    assert len(calls) > 15
    for name, state in calls.items():
        assert state.get("Retry"), name


def test_retries_what_personalize_throttles(all_states: States) -> None:
    for name in {name for name, _, _ in personalize_calls(all_states)} - {TRIED_ONCE}:
        errors = {error for retry in all_states[name]["Retry"] for error in retry["ErrorEquals"]}
        assert {"Personalize.ThrottlingException", "Personalize.PersonalizeException"} <= errors


def test_what_was_retired_is_deleted_once_nothing_serves_it(all_states: States) -> None:
    """Anything that goes wrong there leaves it to the next run."""
    ours = all_states["rounds: Is it ours to delete?"]
    free = all_states["rounds: Can it go?"]

    assert "cdk-personalize:retired-by" in str(all_states[TRIED_ONCE]["Assign"])
    assert (ours["Choices"][0]["Next"], ours["Default"]) == ("Does it serve?", "Kept")
    assert (free["Choices"][0]["Next"], free["Default"]) == ("Kept", "Delete the old solution")
    for name in ("Was it retired?", "Does it serve?", "Delete the old solution"):
        (catch,) = all_states[f"rounds: {name}"]["Catch"]
        assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], "Kept")


@pytest.mark.parametrize(
    ("job", "failed"),
    [
        ("Import", "Not imported"),
        ("For each newer file", "Not imported"),
        ("Delete", "Not deleted"),
        ("Train", "Not served"),
        ("Deploy", "Not deployed"),
        ("Ask", "Not answered"),
        ("Recommend", "Not recommending"),
        ("Export", "Not exported"),
    ],
)
def test_a_job_that_fails_is_told_and_holds_up_no_other(
    all_states: States, job: str, failed: str
) -> None:
    (catch,) = all_states[f"rounds: {job}"]["Catch"]

    assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], failed)
    assert "Cause" in all_states[f"rounds: {failed}"]["Output"]


def test_the_jobs_at_once_are_as_many_as_the_service_works_on(all_states: States) -> None:
    at_once = {
        name.removeprefix("rounds: "): state.get("MaxConcurrency")
        for name, state in all_states.items()
        if state["Type"] == "Map"
    }

    assert at_once == {
        "For each dataset": 5,
        "For each newer file": 1,
        "For each list of users": 5,
        "For each model": 10,
        "For each campaign": None,
        "For each batch job": 5,
        "For each recommender": 5,
        "For each export": 5,
        "For each undeclared solution": 1,
    }
