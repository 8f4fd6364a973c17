"""Which model answers a user in an experiment, and from where its weights come."""

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personalize_runtime.aws_client import AwsClient
from recommend.experiments import Experiment, Weights
from tests.handlers.upstream import Answer, Call, Upstream, refused

SOME_USERS = [f"user-{number}" for number in range(20_000)]
A_MILLION = 1_000_000
PARAMETER = "/shop/weights"

names = st.text("abcdefgh-.", min_size=1, max_size=6)
weights = st.dictionaries(
    names, st.floats(min_value=0.01, max_value=1000) | st.integers(1, 100), min_size=1, max_size=5
)


def split(experiment: Experiment) -> list[str]:
    """Return the model of each of some users."""
    return [experiment.variant(user) for user in SOME_USERS]


def moved(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Return the share of users that another model answers, of weights that are shares."""
    first, second = split(Experiment.of("x", before)), split(Experiment.of("x", after))
    return sum(map(str.__ne__, first, second)) / len(SOME_USERS)


def distance(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Return the share of users that have to move, whatever the split."""
    models = before.keys() | after.keys()
    return sum(max(0.0, after.get(model, 0) - before.get(model, 0)) for model in models)


def test_a_million_users_are_split_as_the_weights_say() -> None:
    shares = {"a": 0.6, "b": 0.35, "c": 0.05}
    experiment = Experiment.of("launch", shares)

    counts = Counter(experiment.variant(f"user-{number}") for number in range(A_MILLION))

    assert {model: counts[model] / A_MILLION for model in shares} == pytest.approx(shares, abs=0.01)


@settings(deadline=None, max_examples=20)
@given(weights=weights)
def test_any_weights_split_users_as_they_say(weights: dict[str, float]) -> None:
    experiment = Experiment.of("launch", weights)

    counts = Counter(map(experiment.variant, SOME_USERS[:2000]))

    # Five standard errors, or more, of a share of two thousand users.
    assert {model: counts[model] / 2000 for model in weights} == pytest.approx(
        experiment.weights, abs=0.06
    )


def test_the_splits_of_two_experiments_have_nothing_to_do_with_each_other() -> None:
    users = [str(number) for number in range(50_000)]
    shares = {"new": 0.3, "old": 0.7}
    first, second = (
        np.array([experiment.variant(user) == "new" for user in users])
        for experiment in (Experiment.of("spring", shares), Experiment.of("summer", shares))
    )

    # Five standard errors of the correlation of two independent splits.
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / math.sqrt(len(users))


def test_the_split_has_nothing_to_do_with_neighbouring_ids() -> None:
    experiment = Experiment.of("launch", {"new": 1, "old": 1})
    answers = [experiment.variant(str(number)) for number in range(50_000)]

    same = sum(map(str.__eq__, answers, answers[1:])) / len(answers)

    assert same == pytest.approx(0.5, abs=0.015)


@given(weights=weights, user_id=st.text(max_size=10))
def test_a_user_has_the_same_model_each_time_whatever_the_order(
    weights: dict[str, float], user_id: str
) -> None:
    answers = {
        Experiment.of("launch", {model: weights[model] for model in order}).variant(user_id)
        for order in permutations(weights)
    }

    assert len(answers) == 1


def test_a_user_has_the_same_model_in_each_release() -> None:
    experiment = Experiment.of("launch", {"new": 1, "old": 1})

    assert [experiment.variant(user) for user in ("anna", "ben", "chloé", "", "\ud800")] == [
        "old",
        "new",
        "old",
        "new",
        "old",
    ]


@given(weights=weights, factor=st.floats(min_value=0.001, max_value=1000))
def test_weights_count_by_their_proportion(weights: dict[str, float], factor: float) -> None:
    experiment = Experiment.of("x", weights)
    other = Experiment.of("x", {model: weight * factor for model, weight in weights.items()})

    assert sum(experiment.weights.values()) == pytest.approx(1)
    assert experiment.weights == pytest.approx(other.weights)


@settings(deadline=None, max_examples=100)
@given(weights=weights, model=names, weight=st.floats(min_value=0.01, max_value=1000))
def test_users_move_only_to_a_model_that_gets_more(
    weights: dict[str, float], model: str, weight: float
) -> None:
    more = {**weights, model: weights.get(model, 0) + weight}
    before, after = Experiment.of("x", weights), Experiment.of("x", more)

    for user in SOME_USERS[:100]:
        assert after.variant(user) in {before.variant(user), model}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 0.5, "b": 0.5}, {"a": 0.6, "b": 0.4}),
        ({"a": 0.99, "b": 0.01}, {"a": 0.0, "b": 1.0}),
        ({"a": 0.5, "b": 0.25, "c": 0.25}, {"a": 0.8, "b": 0.1, "c": 0.1}),
        ({"a": 0.5, "b": 0.5}, {"a": 0.4, "b": 0.4, "new": 0.2}),
        ({"a": 0.2, "b": 0.4, "c": 0.4}, {"b": 0.5, "c": 0.5}),
    ],
)
def test_no_more_users_move_than_have_to_when_one_weight_changes(
    before: Mapping[str, float], after: Mapping[str, float]
) -> None:
    assert moved(before, after) == pytest.approx(distance(before, after), abs=0.01)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 0.5, "b": 0.3, "c": 0.2}, {"a": 0.6, "b": 0.2, "c": 0.2}),
        ({"a": 0.7, "b": 0.2, "c": 0.1}, {"a": 0.1, "b": 0.2, "c": 0.7}),
        ({"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4}, {"a": 0.4, "b": 0.3, "c": 0.2, "d": 0.1}),
    ],
)
def test_the_users_that_move_are_bounded_when_several_weights_change(
    before: Mapping[str, float], after: Mapping[str, float]
) -> None:
    least = distance(before, after)

    assert least - 0.01 <= moved(before, after) <= 2 * least / (1 + least) + 0.01


def test_a_launch_step_by_step_takes_nobody_back() -> None:
    steps = [{"old": 100 - share, "new": share} for share in (1, 5, 20, 50, 100)]
    seen = [
        {user for user, model in zip(SOME_USERS, split(Experiment.of("x", step)), strict=True)
         if model == "new"}
        for step in steps
    ]  # fmt: skip

    assert all(fewer < more for fewer, more in pairwise(seen))


def test_a_model_of_weight_zero_gets_nobody() -> None:
    experiment = Experiment.of("x", {"new": 0, "old": 3})

    assert set(split(experiment)) == {"old"}


@pytest.mark.parametrize(
    ("given_weights", "told"),
    [
        ({}, "must be above 0, got {}"),
        ({"a": 0, "b": 0.0}, "must be above 0"),
        ({"a": -1, "b": 2}, "the weight of a must be a number from 0, got -1"),
        ({"a": math.nan}, "got nan"),
        ({"a": math.inf}, "got inf"),
        ({"a": 10**400}, "the weight of a must be a number from 0"),
        ({"a": True}, "got True"),
        ({"a": "1"}, "got '1'"),
        ({"": 1}, "must have names of printable ASCII, got 'x/'"),
        ({"größer": 1}, "must have names of printable ASCII"),
        ({"a" * 1024: 1}, "must be 1024 characters"),
    ],
)
def test_what_are_no_weights_is_refused(given_weights: dict[str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Experiment.of("x", given_weights)


@pytest.mark.parametrize("name", ["", "a/b", "a\nb", "é"])
def test_a_name_that_is_none_for_a_source_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Experiment.of(name, {"a": 1})


def test_weights_may_be_as_large_as_floats_are() -> None:
    largest = 1.7e308

    assert Experiment.of("x", {"a": largest, "b": largest}).weights == {"a": 0.5, "b": 0.5}


def test_the_source_names_experiment_and_model() -> None:
    assert Experiment.of("launch", {"new": 1}).source("new") == "launch/new"


# Weights that an SSM parameter holds.


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Ssm:
    """A parameter, and what came of reading it."""

    value: str = '{"new": 1}'
    error: Answer | Exception | None = None
    clock: Clock = field(default_factory=Clock)
    told: list[str] = field(default_factory=list)

    def __call__(self, call: Call) -> Answer | Exception:
        assert call.headers["X-Amz-Target"] == "AmazonSSM.GetParameter"
        assert call.headers["Content-Type"] == "application/x-amz-json-1.1"
        assert call.body == {"Name": PARAMETER}
        return self.error or Answer({"Parameter": {"Value": self.value}})

    def weights(self, client: AwsClient, parameter: str | None = PARAMETER) -> Weights:
        experiment = Experiment.of("launch", {"new": 1, "old": 3}, parameter)
        return Weights(experiment, client, told=self.told.append, clock=self.clock)


@pytest.fixture
def client() -> AwsClient:
    return AwsClient.of(
        "ssm", signing_name="ssm", connect_timeout=1, read_timeout=1, max_connections=1
    )


@pytest.fixture
def ssm() -> Ssm:
    return Ssm()


DEPLOYED = {"new": 0.25, "old": 0.75}


def test_without_a_parameter_the_weights_are_those_of_the_deploy(
    client: AwsClient, ssm: Ssm
) -> None:
    with Upstream(ssm).behind(client) as upstream:
        experiment = ssm.weights(client, parameter=None).experiment()

    assert experiment.weights == DEPLOYED
    assert upstream.calls == []


def test_a_parameter_holds_other_weights(client: AwsClient, ssm: Ssm) -> None:
    ssm.value = '{"new": 3, "old": 1}'
    with Upstream(ssm).behind(client):
        experiment = ssm.weights(client).experiment()

    assert experiment.weights == {"new": 0.75, "old": 0.25}
    assert experiment.name == "launch"
    assert ssm.told == []


def test_a_model_that_the_parameter_does_not_name_gets_nobody(client: AwsClient, ssm: Ssm) -> None:
    with Upstream(ssm).behind(client):
        experiment = ssm.weights(client).experiment()

    assert experiment.weights == {"new": 1, "old": 0}


def test_reading_the_parameter_takes_no_longer_than_a_request_has(
    client: AwsClient, ssm: Ssm
) -> None:
    with Upstream(ssm).behind(client) as upstream:
        ssm.weights(client).experiment(within=0.25)

    assert [call.within for call in upstream.calls] == [0.25]


def test_the_parameter_is_read_at_most_once_a_minute(client: AwsClient, ssm: Ssm) -> None:
    with Upstream(ssm).behind(client) as upstream:
        weights = ssm.weights(client)
        for second in range(121):
            ssm.clock.now = 1000 + second
            weights.experiment()

    assert len(upstream.calls) == 3


def test_it_is_read_no_more_often_when_it_cannot_be_read(client: AwsClient, ssm: Ssm) -> None:
    ssm.error = TimeoutError()
    with Upstream(ssm).behind(client) as upstream:
        weights = ssm.weights(client)
        for second in range(121):
            ssm.clock.now = 1000 + second
            weights.experiment()

    assert len(upstream.calls) == 3


def test_new_weights_count_after_a_minute(client: AwsClient, ssm: Ssm) -> None:
    with Upstream(ssm).behind(client):
        weights = ssm.weights(client)
        weights.experiment()
        ssm.value = '{"old": 1}'
        before = weights.experiment()
        ssm.clock.now += 60

        assert before.weights == {"new": 1, "old": 0}
        assert weights.experiment().weights == {"new": 0, "old": 1}


UNREADABLE = [
    refused("ParameterNotFound"),
    refused("AccessDeniedException"),
    refused("ThrottlingException"),
    refused("InternalServerError", 500),
    TimeoutError(),
    ConnectionResetError(),
    Answer(b"<html>"),
    Answer(b"[]"),
    Answer({}),
    Answer({"Parameter": {"Value": 1}}),
]
NO_WEIGHTS = [
    "",
    "new",
    "[1]",
    "{}",
    '{"new": 0, "old": 0}',
    '{"new": -1, "old": 2}',
    '{"other": 1}',
    '{"new": "1"}',
    '{"new": NaN}',
    '{"new": null}',
    "[" * 5000,
]


@pytest.mark.parametrize("error", UNREADABLE)
def test_the_last_good_weights_stay_when_the_parameter_cannot_be_read(
    client: AwsClient, ssm: Ssm, error: Answer | Exception
) -> None:
    with Upstream(ssm).behind(client):
        weights = ssm.weights(client)
        weights.experiment()
        ssm.error = error
        ssm.clock.now += 60

        assert weights.experiment().weights == {"new": 1, "old": 0}

    assert len(ssm.told) == 1
    assert ssm.told[0].startswith(f"{PARAMETER} ")


@pytest.mark.parametrize("value", NO_WEIGHTS)
def test_the_last_good_weights_stay_when_the_parameter_holds_none(
    client: AwsClient, ssm: Ssm, value: str
) -> None:
    with Upstream(ssm).behind(client):
        weights = ssm.weights(client)
        weights.experiment()
        ssm.value = value
        ssm.clock.now += 60

        assert weights.experiment().weights == {"new": 1, "old": 0}

    assert len(ssm.told) == 1


def test_the_weights_of_the_deploy_count_while_none_could_be_read(
    client: AwsClient, ssm: Ssm
) -> None:
    ssm.error = ConnectionRefusedError()
    with Upstream(ssm).behind(client):
        experiment = ssm.weights(client).experiment()

    assert experiment.weights == DEPLOYED
    assert ssm.told == [f"{PARAMETER} cannot be read: ConnectionRefusedError"]


def test_a_trouble_is_told_once_until_it_is_over(client: AwsClient, ssm: Ssm) -> None:
    states = [TimeoutError(), TimeoutError(), None, TimeoutError()]
    with Upstream(ssm).behind(client):
        weights = ssm.weights(client)
        for ssm.error in states:
            ssm.clock.now += 60
            weights.experiment()

    assert ssm.told == [f"{PARAMETER} cannot be read: TimeoutError"] * 2


def test_it_is_told_what_is_wrong_with_the_weights(client: AwsClient, ssm: Ssm) -> None:
    ssm.value = json.dumps({"newer": 1})
    with Upstream(ssm).behind(client):
        ssm.weights(client).experiment()

    assert ssm.told == [
        f"{PARAMETER} holds no weights: the weights must be of new, old, got 'newer'"
    ]
