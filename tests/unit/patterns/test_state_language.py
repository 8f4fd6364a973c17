"""The States Language: how states become a definition, and which ones do not."""

from typing import Any

import pytest

from cdk_personalize.patterns._state_language import (
    ALL_ERRORS,
    Choice,
    Fail,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Task,
    Wait,
    chain,
    definition,
    given,
)


def end(name: str) -> Pass:
    return Pass(name, end=True)


def task(name: str, **fields: Any) -> Task:
    return Task(name, resource="arn:aws:states:::dynamodb:getItem", arguments={}, **fields)


def states(definition: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = definition["States"]
    return found


def test_a_definition_begins_with_the_state_that_it_is_given() -> None:
    assert definition(chain(Pass("Begin"), end("Stop")))["StartAt"] == "Begin"


def test_a_definition_speaks_jsonata() -> None:
    assert definition(end("Stop"))["QueryLanguage"] == "JSONata"


def test_a_definition_has_a_timeout_only_if_it_is_given_one() -> None:
    assert definition(end("Stop"), timeout_seconds=60)["TimeoutSeconds"] == 60
    assert "TimeoutSeconds" not in definition(end("Stop"))


def test_states_come_in_the_order_in_which_they_follow() -> None:
    first = chain(Pass("One"), Pass("Two"), end("Three"))

    assert list(states(definition(first))) == ["One", "Two", "Three"]


def test_a_state_that_nothing_leads_to_is_left_out() -> None:
    chain(Pass("Alone"), stop := end("Stop"))

    assert list(states(definition(stop))) == ["Stop"]


def test_a_state_that_several_lead_to_is_there_once() -> None:
    stop = end("Stop")
    chain(other := Pass("Other"), stop)
    first = Choice("Which?").when("$a", stop).otherwise(other)

    assert list(states(definition(first))) == ["Which?", "Stop", "Other"]


def test_states_may_go_round() -> None:
    ask, pause = task("Ask"), Wait("Pause", seconds=20)
    over = Choice("Over?").when("$Over", Succeed("Done")).otherwise(pause)
    first = chain(pause, ask, over)

    assert list(states(definition(first))) == ["Pause", "Ask", "Over?", "Done"]


def test_a_chain_is_its_first_state() -> None:
    first = Pass("One")

    assert chain(first, end("Two")) is first


def test_a_state_goes_on_or_is_an_end() -> None:
    found = states(definition(chain(Pass("One"), end("Two"))))

    assert found == {
        "One": {"Type": "Pass", "Next": "Two"},
        "Two": {"Type": "Pass", "End": True},
    }


def test_a_pass_assigns_variables_and_makes_an_output() -> None:
    state = Pass("Stop", assign={"A": "{% $b %}"}, output={"C": 0}, end=True)

    assert states(definition(state))["Stop"] == {
        "Type": "Pass",
        "Assign": {"A": "{% $b %}"},
        "Output": {"C": 0},
        "End": True,
    }


@pytest.mark.parametrize("seconds", [20, "{% $Wait %}"])
def test_a_wait_waits_for_seconds(seconds: float | str) -> None:
    state = Wait("Pause", seconds=seconds, end=True)

    assert states(definition(state))["Pause"]["Seconds"] == seconds


def test_a_choice_goes_on_by_jsonata_conditions_in_their_order() -> None:
    first = Choice("Which?").when("$a", end("A")).when("$b", end("B")).otherwise(end("C"))

    assert states(definition(first))["Which?"] == {
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $a %}", "Next": "A"},
            {"Condition": "{% $b %}", "Next": "B"},
        ],
        "Default": "C",
    }


def test_the_machine_may_end_well_or_fail() -> None:
    failed = Fail("Failed", error="Broken", cause="{% $Cause %}")
    found = states(definition(Choice("Which?").when("$a", failed).otherwise(Succeed("Done"))))

    assert found["Failed"] == {"Type": "Fail", "Error": "Broken", "Cause": "{% $Cause %}"}
    assert found["Done"] == {"Type": "Succeed"}


def test_a_task_calls_an_integration() -> None:
    assert states(definition(task("Look", end=True)))["Look"] == {
        "Type": "Task",
        "Resource": "arn:aws:states:::dynamodb:getItem",
        "Arguments": {},
        "End": True,
    }


def test_a_state_goes_on_elsewhere_after_an_error() -> None:
    look = task("Look", end=True)
    look.catch("DynamoDB.Gone", end("Gone"))
    look.catch(ALL_ERRORS, end("Failed"), assign={"Cause": "unknown"})

    found = states(definition(look))

    assert found["Look"]["Catch"] == [
        {"ErrorEquals": ["DynamoDB.Gone"], "Next": "Gone"},
        {"ErrorEquals": ["States.ALL"], "Assign": {"Cause": "unknown"}, "Next": "Failed"},
    ]
    assert {"Gone", "Failed"} < set(found)


def test_a_state_is_tried_again_at_random_times() -> None:
    again = Retry(errors=["Busy"], interval_seconds=1, max_attempts=6)

    assert states(definition(task("Look", end=True, retry=[again])))["Look"]["Retry"] == [
        {
            "ErrorEquals": ["Busy"],
            "IntervalSeconds": 1,
            "MaxAttempts": 6,
            "JitterStrategy": "FULL",
        }
    ]


def test_the_time_between_two_tries_grows_to_a_limit() -> None:
    again = Retry(
        errors=["Busy"], interval_seconds=1, max_attempts=6, backoff_rate=3, max_delay_seconds=60
    )

    (retry,) = states(definition(task("Look", end=True, retry=[again])))["Look"]["Retry"]

    assert (retry["BackoffRate"], retry["MaxDelaySeconds"]) == (3, 60)


def test_a_map_holds_the_states_that_each_item_goes_through() -> None:
    each = Map(
        "For each",
        items="{% $All %}",
        item_selector={"One": "{% $states.context.Map.Item.Value %}"},
        item_processor=chain(Pass("Begin"), end("Stop")),
        max_concurrency=5,
        end=True,
    )

    assert states(definition(each)) == {
        "For each": {
            "Type": "Map",
            "Items": "{% $All %}",
            "ItemSelector": {"One": "{% $states.context.Map.Item.Value %}"},
            "MaxConcurrency": 5,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Begin",
                "States": {
                    "Begin": {"Type": "Pass", "Next": "Stop"},
                    "Stop": {"Type": "Pass", "End": True},
                },
            },
            "End": True,
        }
    }


def test_a_parallel_holds_its_branches() -> None:
    both = Parallel("Both", branches=[end("One"), end("Other")], end=True)

    assert states(definition(both))["Both"]["Branches"] == [
        {"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}}
        for name in ("One", "Other")
    ]


def test_refuses_two_states_of_one_name() -> None:
    first = chain(Pass("Stop"), end("Stop"))

    with pytest.raises(ValueError, match="must have a name of its own, got 'Stop' twice"):
        definition(first)


def test_refuses_a_name_that_a_state_within_another_has_too() -> None:
    each = Map("For each", items="{% $All %}", item_processor=end("Stop"))
    first = chain(each, end("Stop"))

    with pytest.raises(ValueError, match="got 'Stop' twice"):
        definition(first)


def test_refuses_a_way_out_of_a_branch() -> None:
    after = end("After")
    first = chain(Parallel("Both", branches=[chain(Pass("Out"), after)]), after)

    with pytest.raises(ValueError, match="got 'After' twice"):
        definition(first)


def test_refuses_a_state_without_a_way_on() -> None:
    first = chain(Pass("One"), Pass("Two"))

    with pytest.raises(ValueError, match="next state or be an end, got neither for 'Two'"):
        definition(first)


def test_refuses_an_end_that_goes_on() -> None:
    first = chain(end("One"), end("Two"))

    with pytest.raises(ValueError, match="next state or be an end, got both for 'One'"):
        definition(first)


def test_refuses_a_choice_without_a_default() -> None:
    with pytest.raises(ValueError, match="must have a default, got none for 'Which\\?'"):
        definition(Choice("Which?").when("$a", end("Stop")))


def test_refuses_two_next_states() -> None:
    chain(first := Pass("One"), end("Two"))

    with pytest.raises(ValueError, match="one next state, got 'Two' and 'Three' for 'One'"):
        chain(first, end("Three"))


def test_what_is_given_is_all_but_none() -> None:
    assert given(A=None, B=False, C=0, D="", E=[]) == {"B": False, "C": 0, "D": "", "E": []}
