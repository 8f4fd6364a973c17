"""Which items, users or actions a filter lets through, for one request.

The developer guide does not say how a missing value compares. Here it equals nothing: NOT IN and
!= hold for it, every other condition fails. Nor does it say what an INCLUDE is worth whose IF does
not hold; here it is as if the expression were not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

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
from personalize_emulator.data.record_index import (
    Catalogue,
    Mask,
    RecordIndex,
    catalogue_of,
    categories_of,
    number_of,
)
from personalize_emulator.data.records import IDENTIFIERS

_COMPARISONS: Mapping[Operator, np.ufunc] = {
    Operator.LESS: np.less,
    Operator.LESS_OR_EQUAL: np.less_equal,
    Operator.GREATER: np.greater,
    Operator.GREATER_OR_EQUAL: np.greater_equal,
}
_NEGATIVE = (Operator.NOT_IN, Operator.NOT_EQUAL)
_QUOTED = re.compile(r'\s*"([^"]*)"\s*(?:,|$)')

_EVENTS = frozenset({DatasetType.INTERACTIONS, DatasetType.ACTION_INTERACTIONS})
DESCRIBED_BY: Mapping[Target, DatasetType] = {
    Target.ITEM: DatasetType.ITEMS,
    Target.USER: DatasetType.USERS,
    Target.ACTION: DatasetType.ACTIONS,
}
"""The dataset that describes what a filter filters."""


class _Ids:
    """Holds for some ids alone, or for all others."""

    def __init__(self, ids: Collection[str], *, negated: bool) -> None:
        self._ids = ids if isinstance(ids, AbstractSet) else frozenset(ids)
        self._negated = negated

    def __call__(self, entry_id: str) -> bool:
        return (entry_id in self._ids) is not self._negated

    def over(self, catalogue: Catalogue) -> Mask:
        truths = np.full(len(catalogue), self._negated)
        truths[catalogue.positions(self._ids)] = not self._negated
        return truths


class _Rows:
    """Holds for some records."""

    def __init__(self, masks: Sequence[tuple[RecordIndex, Mask]]) -> None:
        """Take the truths of the records of each index, those of the newest records first."""
        self._masks = masks

    def __call__(self, entry_id: str) -> bool:
        for index, mask in self._masks:
            row = index.rows.get(entry_id)
            if row is not None:
                return bool(mask[row])
        return bool(self._masks[-1][1][-1])

    def over(self, catalogue: Catalogue) -> Mask:
        *newer, (index, mask) = self._masks
        truths = catalogue.spread(index, mask)
        for index, mask in reversed(newer):
            catalogue.amend(truths, index, mask)
        return truths


_Test = _Ids | _Rows
_Part = Sequence[Sequence[_Test]]  # one of them must hold, with all that it has


class LeftOut:
    """Lets through what another filter does, but for some ids."""

    def __init__(self, ids: Collection[str], rest: FilterEvaluator | None) -> None:
        """Leave these ids out, and what `rest` does, if there is one."""
        self._others = _Ids(ids, negated=True)
        self._rest = rest

    def __call__(self, entry_id: str) -> bool:
        """Whether it may be in the answer."""
        return self._others(entry_id) and (self._rest is None or self._rest(entry_id))

    def mask(self, ids: Sequence[str]) -> Mask:
        """Which of a model's ids may be in the answer."""
        truths = self._others.over(catalogue_of(ids))
        return truths if self._rest is None else truths & self._rest.mask(ids)


class FilterEvaluator:
    """A filter with its values, the user and the current item filled in.

    Calling it with an id tells whether it may be in the answer: it matches an INCLUDE, if there is
    any, and no EXCLUDE. `mask` tells it of all that a model knows, at once.
    """

    def __init__(
        self,
        expression: FilterExpression,
        values: Mapping[str, str],
        *,
        target: Target = Target.ITEM,
        records: Sequence[RecordIndex],
        met: Callable[[DatasetType, str | None], Collection[str]],
        user: Mapping[str, object] | None = None,
        current_item: Mapping[str, object] | None = None,
    ) -> None:
        """Fill in what the request says.

        Args:
            expression: The filter.
            values: The request's filterValues; strings in double quotes, separated by commas.
            target: What the answer is made of.
            records: The Items, Users or Actions dataset: all of it, after what was put since.
            met: The items or actions that the user had an event of a type with, or the users who
                had one, in a dataset of interactions; None stands for every type. Types match in
                any case.
            user: The columns of the user in the Users dataset (default: the request names none).
            current_item: The columns of the item that the request names (default: it names none).

        Raises:
            ValueError: If an INCLUDE lacks a value, there is a value for nothing, a value is not
                written as it must be, or the filter is not one for this target.
        """
        self._values = values
        self._target = target
        self._records = records
        self._met = met
        self._user = user
        self._current_item = current_item
        self._known: tuple[Catalogue, Mask] | None = None
        self._includes: list[_Part] = []
        self._excludes: list[_Part] = []
        for expressed in expression.expressions:
            part = self._part(expressed)
            if part is not None:
                is_include = expressed.action is Action.INCLUDE
                (self._includes if is_include else self._excludes).append(part)
        for name in values:
            if name not in expression.placeholders:
                # Not documented; it can only be a mistake, of case say.
                msg = f"filterValues names {name}, and the filter has no ${name}"
                raise ValueError(msg)

    def __call__(self, entry_id: str) -> bool:
        """Whether the item, user or action may be in the answer."""
        if self._known is not None:
            catalogue, truths = self._known
            for position in catalogue.positions((entry_id,)):
                return bool(truths[position])
        if self._includes and not any(_holds(part, entry_id) for part in self._includes):
            return False
        return not any(_holds(part, entry_id) for part in self._excludes)

    def mask(self, ids: Sequence[str]) -> Mask:
        """Which of a model's ids may be in the answer.

        Args:
            ids: All ids that the model knows; it asks with the same list each time.
        """
        if self._known is not None and self._known[0].ids is ids:
            return self._known[1]
        catalogue = catalogue_of(ids)
        truths = np.full(len(ids), not self._includes)
        for part in self._includes:
            truths |= _over(part, catalogue)
        for part in self._excludes:
            truths &= ~_over(part, catalogue)
        self._known = (catalogue, truths)
        return truths

    def _part(self, part: Expression) -> _Part | None:
        """The tests of one INCLUDE or EXCLUDE; None if it does not apply to this request."""
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
        if not all(self._is_so(one) for one in part.current_user):
            return None
        return [[self._test(one) for one in group] for group in part.alternatives]

    def _is_so(self, condition: Condition) -> bool:
        """Whether the current user is as a condition after IF says."""
        if self._user is None:
            msg = f"{condition.column} needs a request with a userId"
            raise ValueError(msg)
        return self._rows(condition, [RecordIndex({"": self._user})])("")

    def _test(self, condition: Condition) -> _Test:
        column = condition.column
        if column.source in _EVENTS:
            met = self._events(column.dataset_type, condition)
            negated = condition.operator is Operator.NOT_IN
            if self._target is Target.ACTION and column.source is DatasetType.INTERACTIONS:
                # The guide's guidelines name such a filter and show none. An item is no action:
                # here it asks whether the user had such an event at all.
                return _Ids(frozenset(), negated=bool(met) is not negated)
            return _Ids(met, negated=negated)
        if column.source is not DESCRIBED_BY[self._target]:
            msg = f"{column} cannot filter {self._target}"
            raise ValueError(msg)
        if column.name == IDENTIFIERS[column.dataset_type] and (
            condition.operator not in _COMPARISONS
        ):
            negated = condition.operator in _NEGATIVE
            return _Ids(frozenset(self._strings(condition)), negated=negated)
        return self._rows(condition, self._records)

    def _events(self, dataset_type: DatasetType, condition: Condition) -> Collection[str]:
        """What there is an event with, or of whom, that is of one of some types."""
        if isinstance(condition.operand, Everything):
            return self._met(dataset_type, None)
        return set().union(*(self._met(dataset_type, name) for name in self._strings(condition)))

    def _rows(self, condition: Condition, records: Sequence[RecordIndex]) -> _Rows:
        """Which records are as a condition says."""
        name, kind = condition.column.name, condition.operator
        if kind in _COMPARISONS:
            bound, compare = self._number(condition), _COMPARISONS[kind]
            if bound is None:
                bound = np.nan  # nothing compares with it
            return _Rows([(index, compare(index.numbers(name), bound)) for index in records])
        wanted = frozenset(self._strings(condition))
        masks = [(index, index.with_category(name, wanted)) for index in records]
        return _Rows([(index, ~mask) for index, mask in masks] if kind in _NEGATIVE else masks)

    def _strings(self, condition: Condition) -> Iterable[str]:
        operand = condition.operand
        if isinstance(operand, Placeholder):
            text = self._values[operand.name]
            is_list = condition.operator in (Operator.IN, Operator.NOT_IN)
            return _quoted(operand.name, text) if is_list else _one(operand.name, text)
        if isinstance(operand, Column):
            return categories_of(self._current(operand))
        if isinstance(operand, Everything):
            msg = f"* stands for event types alone, not for {condition.column}"
            raise ValueError(msg)
        return categories_of(operand) if isinstance(operand, float) else operand

    def _number(self, condition: Condition) -> float | None:
        operand = condition.operand
        if isinstance(operand, Placeholder):
            number = number_of(self._values[operand.name].strip().strip('"'))
            if number is None:
                msg = f"${operand.name} must be a number, got {self._values[operand.name]}"
                raise ValueError(msg)
            return number
        return number_of(self._current(operand) if isinstance(operand, Column) else operand)

    def _current(self, column: Column) -> object:
        if column.source is not Current.ITEM:
            msg = f"a column is compared with one of CurrentItem, got {column}"
            raise ValueError(msg)
        if self._current_item is None:
            msg = f"{column} needs a request with an itemId"
            raise ValueError(msg)
        return self._current_item.get(column.name)


def _holds(part: _Part, entry_id: str) -> bool:
    return any(all(test(entry_id) for test in group) for group in part)


def _over(part: _Part, catalogue: Catalogue) -> Mask:
    truths = np.zeros(len(catalogue), dtype=bool)
    for first, *others in part:
        group = first.over(catalogue)
        for test in others:
            group = group & test.over(catalogue)
        truths |= group
    return truths


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
    number = number_of(text)
    return _quoted(name, text) if number is None else categories_of(number)
