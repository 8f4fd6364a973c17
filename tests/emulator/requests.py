"""Requests that nobody would write: generated from the service models, valid, nearly so, or not."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from hypothesis import strategies as st

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.recipe import Recipe
from cdk_personalize.use_case import UseCase
from personalize_emulator.service import HttpRequest
from personalize_emulator.service_model import Operation
from tests.emulator.cloud import ROLE, avro

_TEXTS = (
    "rate(1 day)",
    "rate(99 days)",
    "1e400",
    "0.5",
    "-1",
    "nan",
    "CATEGORY",
    "\x00\ud7ff\U0010ffff",
    "A" * 300,
)

# What a member of this name is likely to hold: a request gets further with it.
_LIKELY: Mapping[str, Sequence[str]] = {
    "recipeArn": tuple(recipe.arn() for recipe in (*Recipe.all(), *UseCase.all())),
    "roleArn": (ROLE,),
    "kmsKeyArn": ("arn:aws:kms:us-east-1:123456789012:key/x",),
    "schema": tuple(avro(DatasetType[kind]) for kind in ("ITEMS", "USERS", "INTERACTIONS")),
    "filterExpression": (
        "INCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY)",
        'EXCLUDE ItemID WHERE Items.PRICE > 3 | INCLUDE ItemID WHERE Items.CATEGORY IN ("A")',
        "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)",
        'INCLUDE ItemID WHERE Items.CATEGORY = CurrentItem.CATEGORY IF CurrentUser.COUNTRY = "x"',
        'INCLUDE UserID WHERE Users.COUNTRY NOT IN ("x")',
    ),
    "properties": (
        '{"category": "A"}',
        '{"price": 3.5, "category": "A|B"}',
        '{"price": "cheap"}',
        '{"country": null}',
        '{"userId": "u1"}',
        "[1]",
    ),
    "datasetType": tuple(DatasetType),
    "eventType": ("View", "view", "Purchase", "Taken"),
    "expression": ("SUM(Interactions.EVENT_VALUE)", "SUM(Items.PRICE)", "SAMPLECOUNT()"),
    "schedulingExpression": ("rate(1 day)", "rate(30 days)", "rate(0 days)"),
    "path": ("s3://data/in/", "s3://data/users.json", "s3://data/none", "http://x"),
    "dataLocation": ("s3://data/interactions.csv", "s3://data/in/", "s3://data", "http://x"),
    "userId": ("u1", "u2", "nobody"),
    "itemId": ("a1", "b2", "none"),
}

# Members that the service model does not require, and without which hardly a request makes sense.
_WANTED: Mapping[str, Sequence[str]] = {
    "GetRecommendations": ("campaignArn", "userId", "itemId"),
    "GetActionRecommendations": ("campaignArn", "userId"),
    "PutEvents": ("userId",),
    "CreateSolution": ("recipeArn",),
    "CreateDatasetImportJob": ("roleArn",),
}

_JUNK: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=40),
    st.just("x" * 40_000),
    st.just([]),
    st.just({}),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
    st.just([[[[[[{"deep": [{}]}]]]]]]),
)


class Requests:
    """Makes requests for operations, around resources that are there."""

    def __init__(self, likely: Mapping[str, Sequence[str]], arns: Sequence[str]) -> None:
        """Keep what requests can name.

        Args:
            likely: What a member is likely to hold, by its name.
            arns: ARNs of resources, for the members that are to hold another one.
        """
        self._likely = {**_LIKELY, **likely}
        self._arns = st.sampled_from(arns)
        self._made: dict[str, st.SearchStrategy[bytes]] = {}

    def of(self, operation: Operation) -> st.SearchStrategy[bytes]:
        """Make bodies for an operation: most are sound, some hold a wrong value, a few are none."""
        if operation.name not in self._made:  # to make a strategy takes longer than to draw from it
            self._made[operation.name] = self._bodies(operation)
        return self._made[operation.name]

    def _bodies(self, operation: Operation) -> st.SearchStrategy[bytes]:
        shape = operation.input_shape
        if shape is None:
            return st.one_of(st.just({}), _JUNK).map(_json)
        wanted = _WANTED.get(operation.name, ())
        sound, shaky = (self._structure(shape, wrong, wanted) for wrong in (0, 8))
        # Not st.one_of: it would count each alternative of _JUNK for one.
        bodies = st.sampled_from([sound] * 6 + [shaky] * 3 + [_JUNK]).flatmap(lambda body: body)
        return bodies.map(_json)

    def _value(self, shape: Shape, member: str, wrong: int) -> st.SearchStrategy[Any]:
        """Make values of a shape, one in so many of them something else; none with 0."""
        good = self._good(shape, member, wrong)
        if not wrong:
            return good
        return st.integers(1, wrong).flatmap(lambda number: _JUNK if number == wrong else good)

    def _good(self, shape: Shape, member: str, wrong: int) -> st.SearchStrategy[Any]:
        if isinstance(shape, StructureShape):
            return self._structure(shape, wrong)
        if isinstance(shape, ListShape):
            least = int(shape.metadata.get("min", 0))
            most = max(min(int(shape.metadata.get("max", 3)), 10), least)
            some = self._value(shape.member, member.removesuffix("s"), wrong)
            return st.lists(some, min_size=least, max_size=most + bool(wrong))
        if isinstance(shape, MapShape):
            keys = self._good(shape.key, "key", 0)
            return st.dictionaries(keys, self._value(shape.value, "value", wrong), max_size=3)
        return self._scalar(shape, member)

    def _structure(
        self, shape: StructureShape, wrong: int, wanted: Sequence[str] = ()
    ) -> st.SearchStrategy[Any]:
        members = {name: self._value(each, name, wrong) for name, each in shape.members.items()}
        needed = {name: members.pop(name) for name in [*shape.required_members, *wanted]}
        if not members:
            return st.fixed_dictionaries(needed)
        # A few at a time: with all of them, one is always in the way of the others.
        some = st.lists(st.sampled_from(sorted(members)), max_size=3, unique=True)

        @st.composite
        def structure(draw: st.DrawFn) -> dict[str, Any]:
            wanted = {**needed, **{name: members[name] for name in draw(some)}}
            return {name: draw(value) for name, value in wanted.items()}

        return structure()

    def _scalar(self, shape: Shape, member: str) -> st.SearchStrategy[Any]:
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 2**31 - 1)
        match shape.type_name:
            case "string":
                return self._text(shape, member)
            case "boolean":
                return st.booleans()
            case "integer" | "long":
                return st.one_of(st.integers(int(least), min(int(most), 30)), st.just(int(most)))
            case "timestamp":
                return st.sampled_from([1_700_000_000, 1.5e9, 0, 1_700_000_000_000, -5, 1e300])
            case _:
                return st.floats(float(least), float(most))

    def _text(self, shape: Shape, member: str) -> st.SearchStrategy[str]:
        if isinstance(shape, StringShape) and shape.enum:
            return st.sampled_from(shape.enum)
        if member in self._likely:
            likely = st.sampled_from(self._likely[member])
            return st.integers(0, 9).flatmap(lambda number: likely if number else self._arns)
        if member.lower().endswith("arn"):
            return self._arns
        if member in {"name", "jobName", "key", "tagKey", "tagValue"}:
            return st.text("abcXYZ059-_", min_size=1, max_size=12).map(lambda text: f"n{text}")
        return st.one_of(st.sampled_from(_TEXTS), st.text(min_size=1, max_size=20))


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


def request_of(operation: Operation, body: bytes) -> HttpRequest:
    """Return the HTTP request that calls an operation."""
    if operation.protocol == "json":
        headers = {"X-Amz-Target": f"AmazonPersonalize.{operation.name}"}
        return HttpRequest("POST", "/", headers, body)
    http = operation.model.http
    return HttpRequest(http["method"], http["requestUri"], {}, body)
