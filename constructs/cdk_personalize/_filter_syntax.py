"""The grammar of Amazon Personalize's filters.

See the developer guide's page "Filter expression structure and elements"
(creating-filter-expressions) and its example pages. Where the examples differ from the text
(keywords in mixed case, `Action.` for `Actions.`), the expression is accepted with a warning.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NoReturn

from cdk_personalize._columns import DatasetType

MAX_LENGTH = 2500


class FilterSyntaxError(ValueError):
    """The text is no filter expression."""

    def __init__(self, problem: str, position: int) -> None:
        """Say what is wrong at which character, counted from 1."""
        super().__init__(f"{problem}, at character {position}")
        self.position = position


class Action(StrEnum):
    """What happens to the things that match."""

    INCLUDE = "INCLUDE"
    EXCLUDE = "EXCLUDE"


class Target(StrEnum):
    """What an expression filters."""

    ITEM = "ItemID"
    USER = "UserID"
    ACTION = "ActionID"


class Current(StrEnum):
    """The user or the item that a request names, in place of a data set."""

    USER = "CurrentUser"
    ITEM = "CurrentItem"

    @property
    def dataset_type(self) -> DatasetType:
        """The data set that describes it."""
        return DatasetType.USERS if self is Current.USER else DatasetType.ITEMS


class Operator(StrEnum):
    """How a condition compares."""

    IN = "IN"
    NOT_IN = "NOT IN"
    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a data set, or of the current user or item."""

    source: DatasetType | Current
    name: str

    @property
    def dataset_type(self) -> DatasetType:
        """The data set that has the column."""
        return self.source.dataset_type if isinstance(self.source, Current) else self.source

    def __str__(self) -> str:
        """Return the column as an expression writes it."""
        return f"{self.source}.{self.name}"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value that comes with the request."""

    name: str


@dataclass(frozen=True, slots=True)
class Everything:
    """The asterisk: any value at all."""


Operand = tuple[str, ...] | float | Placeholder | Column | Everything


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison."""

    column: Column
    operator: Operator
    operand: Operand
    position: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Expression:
    """One part of a filter, from INCLUDE or EXCLUDE to the next pipe.

    `alternatives` are the conditions: one of the tuples must hold, with all that it has. (The
    guide does not say which of AND and OR binds closer; as everywhere, AND does here.)
    """

    action: Action
    target: Target
    alternatives: tuple[tuple[Condition, ...], ...]
    current_user: tuple[Condition, ...] = ()
    position: int = field(default=1, compare=False)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions after WHERE, in order."""
        return tuple(condition for group in self.alternatives for condition in group)


@dataclass(frozen=True, slots=True)
class FilterExpression:
    """A filter: the union of its INCLUDEs without the union of its EXCLUDEs."""

    expressions: tuple[Expression, ...]
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def conditions(self) -> Iterator[Condition]:
        """Every condition, those after IF as well."""
        for expression in self.expressions:
            yield from expression.conditions
            yield from expression.current_user

    @property
    def columns(self) -> Iterator[Column]:
        """Every mention of a column, in order."""
        for condition in self.conditions:
            yield condition.column
            if isinstance(condition.operand, Column):
                yield condition.operand

    @property
    def fields(self) -> set[tuple[DatasetType, str]]:
        """The distinct columns of data sets, which count towards the quotas."""
        return {(column.dataset_type, column.name) for column in self.columns}

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The names of the values that come with a request, each once, in order."""
        operands = (condition.operand for condition in self.conditions)
        names = (operand.name for operand in operands if isinstance(operand, Placeholder))
        return tuple(dict.fromkeys(names))

    @property
    def uses_current_item(self) -> bool:
        """Whether only a related-items recipe can apply the filter."""
        return any(column.source is Current.ITEM for column in self.columns)


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"[^"]*") | (?P<number>-?(?:\d+\.?\d*|\.\d+)) | (?P<placeholder>\$\w+)
      | (?P<word>[A-Za-z_]\w*) | (?P<symbol>!=|<=|>=|[=<>(),.|*])
    )""",
    re.VERBOSE | re.ASCII,
)


# In any case, and in the singular too: an example of the guide has "Action.MEMBERSHIP_LEVEL".
_SOURCES: dict[str, DatasetType | Current] = {
    spelling: source
    for source in (*DatasetType, *Current)
    for spelling in (source.value.upper(), source.value.upper().removesuffix("S"))
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else repr(self.text)


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            unclosed = text[start] == '"'
            problem = "a string has no closing quote" if unclosed else f"unexpected {text[start]!r}"
            if text[start] in "'\u2018\u2019\u201c\u201d":
                problem = "strings are put in double quotes"
            raise FilterSyntaxError(problem, start + 1)
        yield _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1)
        position = match.end()
    yield _Token("end", "", end + 1)


class _Parser:
    """A parser by recursive descent, one method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0
        self.warnings: list[str] = []

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._token
        self._next += 1
        return token

    def _fail(self, expected: str) -> NoReturn:
        problem = f"expected {expected}, got {self._token}"
        raise FilterSyntaxError(problem, self._token.position)

    def _symbol(self, symbol: str) -> bool:
        """Take `symbol` if it is next."""
        if self._token.kind == "symbol" and self._token.text == symbol:
            self._next += 1
            return True
        return False

    def _keyword(self, *keywords: str) -> str | None:
        """Take one of `keywords` if it is next, in any case."""
        for keyword in keywords:
            if self._token.kind == "word" and self._token.text.upper() == keyword.upper():
                self._documented(keyword)
                self._next += 1
                return keyword
        return None

    def _documented(self, spelling: str) -> None:
        if self._token.text != spelling:
            self.warnings.append(
                f"the guide writes {spelling}, not {self._token.text}, "
                f"at character {self._token.position}"
            )

    def _expect(self, *keywords: str) -> str:
        if (keyword := self._keyword(*keywords)) is None:
            self._fail(" or ".join(keywords))
        return keyword

    def filter(self) -> tuple[Expression, ...]:
        expressions = [self._expression()]
        while self._symbol("|"):
            expressions.append(self._expression())
        if self._token.kind != "end":
            ended = bool(expressions[-1].current_user)
            self._fail("AND, | or the end" if ended else "AND, OR, IF, | or the end")
        return tuple(expressions)

    def _expression(self) -> Expression:
        position = self._token.position
        action = Action(self._expect(*Action))
        target = Target(self._expect(*Target))
        self._expect("WHERE")
        alternatives = [[self._condition()]]
        while connective := self._keyword("AND", "OR"):
            if connective == "OR":
                alternatives.append([])
            alternatives[-1].append(self._condition())
        current_user: list[Condition] = []
        if self._keyword("IF"):
            current_user.append(self._condition())
            while self._keyword("AND"):
                current_user.append(self._condition())
        groups = tuple(map(tuple, alternatives))
        return Expression(action, target, groups, tuple(current_user), position)

    def _condition(self) -> Condition:
        position = self._token.position
        column = self._column()
        if self._keyword("NOT"):
            self._expect("IN")
            return Condition(column, Operator.NOT_IN, self._members(), position)
        if self._keyword("IN"):
            return Condition(column, Operator.IN, self._members(), position)
        if self._token.kind != "symbol" or self._token.text not in set(Operator):
            self._fail(f"IN, NOT IN or one of {' '.join(list(Operator)[2:])}")
        operator = Operator(self._take().text)
        return Condition(column, operator, self._value(), position)

    def _column(self) -> Column:
        source = _SOURCES.get(self._token.text.upper()) if self._token.kind == "word" else None
        if source is None:
            self._fail(f"a column of {', '.join((*DatasetType, *Current))}")
        self._documented(source.value)
        self._next += 1
        if not self._symbol("."):
            self._fail(f"a dot and a column after {source.value}")
        if self._token.kind != "word":
            self._fail(f"the name of a column of {source.value}")
        return Column(source, self._take().text)

    def _members(self) -> Operand:
        """What follows IN: a list in parentheses, or a column of the current item."""
        if self._token.kind == "word":
            return self._column()
        if not self._symbol("("):
            self._fail('a list such as ("click", "view") or ($EVENT_TYPE)')
        members: Operand
        if self._symbol("*"):
            members = Everything()
        elif self._token.kind == "placeholder":
            members = Placeholder(self._take().text[1:])
            if self._token.text == ",":
                self._fail(") after the placeholder, which stands for the whole list")
        elif self._token.kind == "word":
            members = self._column()
        else:
            members = self._strings()
        self._close()
        return members

    def _strings(self) -> tuple[str, ...]:
        strings: list[str] = []
        while True:
            if self._token.kind != "string":
                self._fail("a string in double quotes")
            strings.append(self._take().text[1:-1])
            if not self._symbol(","):
                return tuple(strings)

    def _value(self) -> Operand:
        """What follows a comparison: a number, a placeholder, a column of the current item."""
        opened = self._symbol("(")
        value: Operand
        if self._token.kind == "number":
            value = float(self._take().text)
        elif self._token.kind == "placeholder":
            value = Placeholder(self._take().text[1:])
        elif self._token.kind == "word":
            value = self._column()
        elif self._token.kind == "string":
            self._fail("a number or a placeholder (strings are compared with IN)")
        else:
            self._fail("a number, a placeholder or a column of CurrentItem")
        if opened:
            self._close()
        return value

    def _close(self) -> None:
        if not self._symbol(")"):
            self._fail(")")


def parse(text: str) -> FilterExpression:
    """Read a filter expression.

    Raises:
        FilterSyntaxError: If it is none; the message has the place, what is there, what may be.
    """
    if not text.strip():
        msg = "a filter expression must not be empty"
        raise FilterSyntaxError(msg, 1)
    if len(text) > MAX_LENGTH:
        msg = f"a filter expression has at most {MAX_LENGTH} characters, got {len(text)}"
        raise FilterSyntaxError(msg, MAX_LENGTH + 1)
    parser = _Parser(text)
    return FilterExpression(parser.filter(), tuple(parser.warnings))
