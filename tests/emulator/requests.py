"""Requests that nobody would write: drawn from the service models, valid, nearly so, or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from random import Random

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

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

# One of them stands where something else is wanted.
_JUNK: Sequence[Callable[[Random], object]] = (
    lambda random: None,
    lambda random: random.random() < 0.5,
    lambda random: random.randint(-(2**70), 2**70),
    lambda random: random.choice((0, -1, 2**31, 2**63, -(2**63) - 1)),
    lambda random: _real(random, -1.8e308, 1.8e308),
    lambda random: _text(random, random.randint(0, 40)),
    lambda random: "x" * 40_000,
    lambda random: [],
    lambda random: {},
    lambda random: [random.randint(-9, 9) for _ in range(3)],
    lambda random: {_text(random, 5): random.randint(-9, 9) for _ in range(3)},
    lambda random: [[[[[[{"deep": [{}]}]]]]]],
)

# The first and the last characters of what UTF-8, JSON and SQL write in one way.
_BORDERS = (
    "\x00\x1f !\"$%'*+./:;<>[]\\^_`{|}~\x7f\x80\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"
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
        self._arns = arns

    def of(self, operation: Operation, random: Random) -> bytes:
        """Make a body for an operation: most are sound, some hold a wrong value, a few are none."""
        shape = operation.input_shape
        luck = random.randrange(10)
        if luck == 0 or (shape is None and luck < 5):
            return _json(_junk(random))
        if shape is None:
            return _json({})
        wanted = _WANTED.get(operation.name, ())
        return _json(self._structure(random, shape, 8 if luck < 4 else 0, wanted))

    def _value(self, random: Random, shape: Shape, member: str, wrong: int) -> object:
        """Make a value of a shape, one in so many of them something else; none with 0."""
        if wrong and random.randrange(wrong) == 0:
            return _junk(random)
        if isinstance(shape, StructureShape):
            return self._structure(random, shape, wrong)
        if isinstance(shape, ListShape):
            least = int(shape.metadata.get("min", 0))
            most = max(min(int(shape.metadata.get("max", 3)), 10), least)
            name = member.removesuffix("s")
            length = random.randint(least, most + bool(wrong))
            return [self._value(random, shape.member, name, wrong) for _ in range(length)]
        if isinstance(shape, MapShape):
            return {
                str(self._value(random, shape.key, "key", 0)): self._value(
                    random, shape.value, "value", wrong
                )
                for _ in range(random.randint(0, 3))
            }
        return self._scalar(random, shape, member)

    def _structure(
        self, random: Random, shape: StructureShape, wrong: int, wanted: Sequence[str] = ()
    ) -> dict[str, object]:
        needed = [*shape.required_members, *wanted]
        others = sorted(shape.members.keys() - set(needed))
        # A few at a time: with all of them, one is always in the way of the others.
        some = random.sample(others, random.randint(0, min(3, len(others))))
        return {
            name: self._value(random, shape.members[name], name, wrong) for name in needed + some
        }

    def _scalar(self, random: Random, shape: Shape, member: str) -> object:
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 2**31 - 1)
        match shape.type_name:
            case "string":
                return self._string(random, shape, member)
            case "boolean":
                return random.random() < 0.5
            case "integer" | "long":
                low, high = int(least), int(most)
                return random.choice((random.randint(low, min(high, 30)), low, high))
            case "timestamp":
                return random.choice((1_700_000_000, 1.5e9, 0, 1_700_000_000_000, -5, 1e300))
            case _:
                return _real(random, float(least), float(most))

    def _string(self, random: Random, shape: Shape, member: str) -> str:
        if isinstance(shape, StringShape) and shape.enum:
            return str(random.choice(shape.enum))
        if member in self._likely:
            return random.choice(self._likely[member] if random.randrange(10) else self._arns)
        if member.lower().endswith("arn"):
            return random.choice(self._arns)
        if member in {"name", "jobName", "key", "tagKey", "tagValue"}:
            return "n" + "".join(random.choices("abcXYZ059-_", k=random.randint(1, 12)))
        return random.choice((random.choice(_TEXTS), _text(random, random.randint(1, 20))))


def _junk(random: Random) -> object:
    return random.choice(_JUNK)(random)


def _text(random: Random, length: int) -> str:
    """Make a text of plain characters, of those at borders, or of any."""
    plane = random.choice((0x7F, 0xFF, 0xD7FF, 0x10FFFF))
    return "".join(
        random.choice(_BORDERS) if random.randrange(4) == 0 else chr(random.randint(0, plane))
        for _ in range(length)
    )


def _real(random: Random, least: float, most: float) -> float:
    """Make a number between two others, often one of them or next to nothing."""
    borders = [edge for edge in (least, most, 0.0, 5e-324, 1.0) if least <= edge <= most]
    return random.choice((random.uniform(least / 2, most / 2) * 2, random.choice(borders)))


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


def request_of(operation: Operation, body: bytes) -> HttpRequest:
    """Return the HTTP request that calls an operation."""
    if operation.protocol == "json":
        headers = {"X-Amz-Target": f"AmazonPersonalize.{operation.name}"}
        return HttpRequest("POST", "/", headers, body)
    http = operation.model.http
    return HttpRequest(http["method"], http["requestUri"], {}, body)
