"""State machines in the Amazon States Language, whose expressions are JSONata.

The CDK has constructs for states, but each of them, and each way from one to the next, is a message
to its process: a pipeline has some hundred and eighty states. These are plain objects, and what the
CDK gets is the definition that they make.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

ALL_ERRORS = "States.ALL"

_Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Retry:
    """How a state is tried again: after a random part of a time, which may grow.

    Attributes:
        errors: The errors after which it is.
        interval_seconds: The first of these times.
        max_attempts: How often it is tried again at most.
        backoff_rate: What the time is multiplied by after each (default: that of the language, 2).
        max_delay_seconds: What it grows to at most (default: it grows without end).
    """

    errors: Sequence[str]
    interval_seconds: int
    max_attempts: int
    backoff_rate: float | None = None
    max_delay_seconds: int | None = None

    def _fields(self) -> _Json:
        return given(
            ErrorEquals=list(self.errors),
            IntervalSeconds=self.interval_seconds,
            MaxAttempts=self.max_attempts,
            BackoffRate=self.backoff_rate,
            MaxDelaySeconds=self.max_delay_seconds,
            JitterStrategy="FULL",
        )


@dataclass(frozen=True)
class _Way:
    """A way on that is taken on a condition: a choice rule, or a catcher."""

    to: "State"
    conditions: _Json

    def _fields(self) -> _Json:
        return {**self.conditions, "Next": self.to.name}


@dataclass(eq=False)  # two states that say the same are still two
class State:
    """A state; its class has the name of its type.

    Attributes:
        name: The name, which no other state of the state machine has.
    """

    name: str

    def _following(self) -> list["State"]:
        """Return the states that may follow this one."""
        return []

    def _fields(self) -> _Json:
        """Return the fields of the state, but for those that hold states."""
        return {"Type": type(self).__name__}

    def _inner(self, scope_of: Callable[["State"], _Json]) -> _Json:
        """Return the fields that hold states, given how those that begin with one are written."""
        return {}


@dataclass(eq=False)
class Succeed(State):
    """A state that ends the state machine well."""


@dataclass(eq=False, kw_only=True)
class Fail(State):
    """A state that fails the state machine.

    Attributes:
        error: The name of the error.
        cause: What a person is told.
    """

    error: str
    cause: str

    def _fields(self) -> _Json:
        return {**super()._fields(), "Error": self.error, "Cause": self.cause}


@dataclass(eq=False)
class Choice(State):
    """A state that goes on by the first rule whose condition is true."""

    _rules: list[_Way] = field(default_factory=list, init=False)
    _default: State | None = field(default=None, init=False)

    def when(self, condition: str, state: State) -> Self:
        """Go on with a state when a JSONata expression is true, and no earlier one was."""
        self._rules.append(_Way(state, {"Condition": f"{{% {condition} %}}"}))
        return self

    def otherwise(self, state: State) -> Self:
        """Go on with a state when no condition is true."""
        self._default = state
        return self

    def _following(self) -> list[State]:
        return [*(rule.to for rule in self._rules), self._otherwise()]

    def _fields(self) -> _Json:
        rules = [rule._fields() for rule in self._rules]
        return {**super()._fields(), "Choices": rules, "Default": self._otherwise().name}

    def _otherwise(self) -> State:
        if self._default is None:
            msg = f"a choice must have a default, got none for {self.name!r}"
            raise ValueError(msg)
        return self._default


@dataclass(eq=False, kw_only=True)
class Step(State):
    """A state that has one state to go on with, or is an end.

    Attributes:
        assign: The variables to set (default: none).
        output: What it hands on (default: what the language says of its type).
        end: Whether it is an end; `chain` says what follows one that is not.
        next: The state that follows.
    """

    assign: Mapping[str, Any] | None = None
    output: Any = None
    end: bool = False
    next: State | None = field(default=None, init=False)

    def _following(self) -> list[State]:
        if (self.next is None) != self.end:
            ways = "neither" if self.next is None else "both"
            msg = f"a state must have a next state or be an end, got {ways} for {self.name!r}"
            raise ValueError(msg)
        return [] if self.next is None else [self.next]

    def _fields(self) -> _Json:
        return super()._fields() | given(
            Assign=self.assign,
            Output=self.output,
            Next=self.next.name if self.next is not None else None,
            End=self.end or None,
        )


@dataclass(eq=False, kw_only=True)
class Pass(Step):
    """A state that does nothing but assign variables and make an output."""


@dataclass(eq=False, kw_only=True)
class Wait(Step):
    """A state that waits.

    Attributes:
        seconds: For how long, or the JSONata that says so.
    """

    seconds: float | str

    def _fields(self) -> _Json:
        return {**super()._fields(), "Seconds": self.seconds}


@dataclass(eq=False, kw_only=True)
class FallibleStep(Step):
    """A state that may fail.

    Attributes:
        retry: How it is tried again (default: it is not).
    """

    retry: Sequence[Retry] = ()
    _catchers: list[_Way] = field(default_factory=list, init=False)

    def catch(self, error: str, state: State, *, assign: Mapping[str, Any] | None = None) -> None:
        """Go on with a state after an error, and set variables."""
        self._catchers.append(_Way(state, given(ErrorEquals=[error], Assign=assign)))

    def _following(self) -> list[State]:
        return [*super()._following(), *(catcher.to for catcher in self._catchers)]

    def _fields(self) -> _Json:
        return super()._fields() | given(
            Retry=[retry._fields() for retry in self.retry] or None,
            Catch=[catcher._fields() for catcher in self._catchers] or None,
        )


@dataclass(eq=False, kw_only=True)
class Task(FallibleStep):
    """A state that has a service do something.

    Attributes:
        resource: The ARN of the integration.
        arguments: What the service is told, or the JSONata of it.
    """

    resource: str
    arguments: Mapping[str, Any] | str

    def _fields(self) -> _Json:
        return {**super()._fields(), "Resource": self.resource, "Arguments": self.arguments}


@dataclass(eq=False, kw_only=True)
class Map(FallibleStep):
    """A state that does the same for each of some items.

    Attributes:
        items: The JSONata of the items.
        item_processor: The first of the states that are gone through for each.
        item_selector: The input of that state (default: the item).
        max_concurrency: How many items are worked on at once (default: all).
    """

    items: str
    item_processor: State
    item_selector: Mapping[str, Any] | None = None
    max_concurrency: int | None = None

    def _fields(self) -> _Json:
        return super()._fields() | given(
            Items=self.items, ItemSelector=self.item_selector, MaxConcurrency=self.max_concurrency
        )

    def _inner(self, scope_of: Callable[[State], _Json]) -> _Json:
        inline = {"ProcessorConfig": {"Mode": "INLINE"}}
        return {"ItemProcessor": {**inline, **scope_of(self.item_processor)}}


@dataclass(eq=False, kw_only=True)
class Parallel(FallibleStep):
    """A state that does several things at once.

    Attributes:
        branches: The first state of each.
    """

    branches: Sequence[State]

    def _inner(self, scope_of: Callable[[State], _Json]) -> _Json:
        return {"Branches": [scope_of(branch) for branch in self.branches]}


def chain(first: Step, *others: *tuple[*tuple[Step, ...], State]) -> Step:
    """Let each state follow the one before it, and return the first."""
    for state, following in zip((first, *others[:-1]), others, strict=True):
        if state.next is not None:
            both = f"{state.next.name!r} and {following.name!r}"
            msg = f"a state must have one next state, got {both} for {state.name!r}"
            raise ValueError(msg)
        state.next = following
    return first


def definition(start: State, *, timeout_seconds: int | None = None) -> _Json:
    """Return the definition of a state machine: a state, and all that it leads to.

    Args:
        start: The state to begin with.
        timeout_seconds: How long an execution may take (default: a year at most).

    Raises:
        ValueError: If two states have one name, or a state has no way on.
    """
    language = {"QueryLanguage": "JSONata"}
    return {**_scope(start, set()), **language, **given(TimeoutSeconds=timeout_seconds)}


def given(**fields: Any) -> _Json:  # noqa: ANN401 - any JSON
    """Return those fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def _scope(start: State, names: set[str]) -> _Json:
    """Return a state and all that it leads to; `names` are those of the whole state machine."""
    states = _reached_from(start)
    for state in states:
        if state.name in names:
            msg = f"each state must have a name of its own, got {state.name!r} twice"
            raise ValueError(msg)
        names.add(state.name)
    return {
        "StartAt": start.name,
        "States": {
            state.name: state._fields() | state._inner(lambda inner: _scope(inner, names))
            for state in states
        },
    }


def _reached_from(start: State) -> list[State]:
    reached: dict[State, None] = {}
    waiting = [start]
    while waiting:
        state = waiting.pop()
        if state not in reached:
            reached[state] = None
            waiting += reversed(state._following())
    return list(reached)
