"""Which items, users or actions a filter lets through, for one request.

The developer guide does not say how a missing value compares. Here it equals nothing: NOT IN and
!= hold for it, every other condition fails. Nor does it say what an INCLUDE is worth whose IF does
not hold; here it is as if the expression were not there.
"""

import operator
import re
from collections.abc import Callable, Collection, Iterable, Mapping

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.filter_expression import (
    Action,
    Column,
    Condition,
    Current,
    Everything,
    Expression,
    FilterExpression,
    Operator,
    Placeholder,
    Target,
)
from personalize_emulator.records import IDENTIFIERS

_Test = Callable[[str], bool]

_COMPARISONS: Mapping[Operator, Callable[[float, float], bool]] = {
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
}
_NEGATIVE = {Operator.NOT_IN: Operator.IN, Operator.NOT_EQUAL: Operator.EQUAL}
_QUOTED = re.compile(r'\s*"([^"]*)"\s*(?:,|$)')

_EVENTS = frozenset({DatasetType.INTERACTIONS, DatasetType.ACTION_INTERACTIONS})
DESCRIBED_BY: Mapping[Target, DatasetType] = {
    Target.ITEM: DatasetType.ITEMS,
    Target.USER: DatasetType.USERS,
    Target.ACTION: DatasetType.ACTIONS,
}
"""The dataset that describes what a filter filters."""

_ANSWERS: Mapping[Target, str] = {
    Target.ITEM: "recommendations of items",
    Target.USER: "user segments",
    Target.ACTION: "recommendations of actions",
}


class FilterEvaluator:
    """A filter with its values, the user and the current item filled in.

    Calling it with an id tells whether it may be in the answer: it matches an INCLUDE, if there is
    any, and no EXCLUDE.
    """

    def __init__(
        self,
        expression: FilterExpression,
        values: Mapping[str, str],
        *,
        target: Target = Target.ITEM,
        records: Mapping[str, Mapping[str, object]],
        met: Callable[[DatasetType, str | None], Collection[str]],
        user: Mapping[str, object] | None = None,
        current_item: Mapping[str, object] | None = None,
    ) -> None:
        """Fill in what the request says.

        Args:
            expression: The filter.
            values: The request's filterValues; strings in double quotes, separated by commas.
            target: What the answer is made of.
            records: The columns of the Items, Users or Actions dataset, by id.
            met: The items or actions that the user had an event of a type with, or the users who
                had one, in a dataset of interactions; None stands for every type. Types match in
                any case.
            user: The columns of the user in the Users dataset (default: the request names none).
            current_item: The columns of the item that the request names (default: it names none).

        Raises:
            ValueError: If an INCLUDE lacks a value, a value is not written as it must be, or the
                filter is not one for this target.
        """
        self._values = values
        self._target = target
        self._records = records
        self._met = met
        self._user = user
        self._current_item = current_item
        self._includes: list[_Test] = []
        self._excludes: list[_Test] = []
        for part in expression.expressions:
            test = self._part(part)
            if test is not None:
                is_include = part.action is Action.INCLUDE
                (self._includes if is_include else self._excludes).append(test)

    def __call__(self, entry_id: str) -> bool:
        """Whether the item, user or action may be in the answer."""
        if self._includes and not any(test(entry_id) for test in self._includes):
            return False
        return not any(test(entry_id) for test in self._excludes)

    def _part(self, part: Expression) -> _Test | None:
        """The test of one INCLUDE or EXCLUDE; None if it does not apply to this request."""
        if part.target is not self._target:
            msg = f"a filter of {part.target} does not apply to {_ANSWERS[self._target]}"
            raise ValueError(msg)
        conditions = (*part.conditions, *part.current_user)
        missing = [
            condition.operand.name
            for condition in conditions
            if isinstance(condition.operand, Placeholder)
            and condition.operand.name not in self._values
        ]
        if missing and part.action is Action.INCLUDE:
            msg = f"INCLUDE needs a value for ${missing[0]} in filterValues"
            raise ValueError(msg)
        if missing:
            # As documented: without its values, an EXCLUDE is not used.
            return None
        if not all(self._holds(one) for one in part.current_user):
            return None
        groups = [[self._test(one) for one in group] for group in part.alternatives]
        return lambda item: any(all(test(item) for test in group) for group in groups)

    def _holds(self, condition: Condition) -> bool:
        """Whether the current user is as a condition after IF says."""
        if self._user is None:
            msg = f"{condition.column} needs a request with a userId"
            raise ValueError(msg)
        return self._compare(condition)(self._user.get(condition.column.name))

    def _test(self, condition: Condition) -> _Test:
        column = condition.column
        if column.source in _EVENTS:
            return self._event_test(column.dataset_type, condition)
        if column.source is not DESCRIBED_BY[self._target]:
            msg = f"{column} cannot filter {self._target}"
            raise ValueError(msg)
        compare, records, name = self._compare(condition), self._records, column.name
        if name == IDENTIFIERS[column.dataset_type]:
            return compare
        nothing: Mapping[str, object] = {}
        return lambda entry: compare(records.get(entry, nothing).get(name))

    def _event_test(self, dataset_type: DatasetType, condition: Condition) -> _Test:
        """Whether an event of one of some types is there."""
        if isinstance(condition.operand, Everything):
            met = set(self._met(dataset_type, None))
        else:
            met = set().union(*(self._met(dataset_type, name) for name in self._strings(condition)))
        if condition.operator is Operator.NOT_IN:
            return lambda entry: entry not in met
        return lambda entry: entry in met

    def _compare(self, condition: Condition) -> Callable[[object], bool]:
        """The test of a value against what the condition names."""
        kind = condition.operator
        if kind in _NEGATIVE:
            positive = self._matches(condition)
            return lambda value: not positive(value)
        if kind in (Operator.IN, Operator.EQUAL):
            return self._matches(condition)
        bound, compare = self._number(condition), _COMPARISONS[kind]
        if bound is None:
            return lambda _: False

        def holds(value: object) -> bool:
            number = _as_number(value)
            return number is not None and compare(number, bound)

        return holds

    def _matches(self, condition: Condition) -> Callable[[object], bool]:
        """Whether one of the categories of a value is among those that the condition names."""
        wanted = set(self._strings(condition))
        return lambda value: not wanted.isdisjoint(_categories(value))

    def _strings(self, condition: Condition) -> Iterable[str]:
        operand = condition.operand
        if isinstance(operand, Placeholder):
            text = self._values[operand.name]
            is_list = condition.operator in (Operator.IN, Operator.NOT_IN)
            return _quoted(operand.name, text) if is_list else _one(operand.name, text)
        if isinstance(operand, Column):
            return _categories(self._current(operand))
        if isinstance(operand, Everything):
            msg = f"* stands for event types alone, not for {condition.column}"
            raise ValueError(msg)
        return _categories(operand) if isinstance(operand, float) else operand

    def _number(self, condition: Condition) -> float | None:
        operand = condition.operand
        if isinstance(operand, Placeholder):
            number = _as_number(self._values[operand.name].strip().strip('"'))
            if number is None:
                msg = f"${operand.name} must be a number, got {self._values[operand.name]}"
                raise ValueError(msg)
            return number
        return _as_number(self._current(operand) if isinstance(operand, Column) else operand)

    def _current(self, column: Column) -> object:
        if column.source is not Current.ITEM:
            msg = f"a column is compared with one of CurrentItem, got {column}"
            raise ValueError(msg)
        if self._current_item is None:
            msg = f"{column} needs a request with an itemId"
            raise ValueError(msg)
        return self._current_item.get(column.name)


def _categories(value: object) -> Iterable[str]:
    """The categories of a value: parts of a text between pipes, a number as it is written."""
    if isinstance(value, str):
        return value.split("|")
    number = _as_number(value)
    if number is None:
        return ()
    return (str(int(number)) if number.is_integer() else repr(number),)


def _as_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _quoted(name: str, text: str) -> list[str]:
    """The strings of a value such as '"Comedy","Drama"'."""
    strings: list[str] = []
    position = 0
    while position < len(text):
        match = _QUOTED.match(text, position)
        if match is None:
            break
        strings.append(match[1])
        position = match.end()
    if not strings or position < len(text) or text.rstrip().endswith(","):
        msg = f"${name} must be strings in double quotes, separated by commas, got {text}"
        raise ValueError(msg)
    return strings


def _one(name: str, text: str) -> Iterable[str]:
    """The only value of a comparison: a number, or a string in double quotes."""
    number = _as_number(text)
    return _quoted(name, text) if number is None else _categories(number)
