"""What items are like, from a table of DynamoDB that is filled by whoever knows them."""

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from personalize_runtime.aws_client import AwsClient
from personalize_runtime.retries import Deadline, GivenUpError, OutOfTimeError
from personalize_runtime.service_errors import client_error, code_of
from recommend.circuit_breaker import CircuitBreaker
from recommend.list_cache import ExpiringCache

MAX_KEYS = 100
"""The items that BatchGetItem reads in one call (DynamoDB API reference)."""

_GET = "BatchGetItem"
_MAX_KEY_BYTES = 2048  # of a partition key (DynamoDB developer guide, "Quotas")
_DEFAULT_SECONDS = 300.0
_DEFAULT_MOST = 10_000
# How long an item that is too old will do while the table cannot be read.
_STALE_SECONDS = 3600.0
_SHORTEST_CALL_SECONDS = 0.02

Item = dict[str, Any]


class Metadata(NamedTuple):
    """What was found out about items.

    Attributes:
        items: The attributes of each item that is in the table, by its id.
        is_complete: Whether what is not in `items` is not in the table either; if not, some could
            not be read.
    """

    items: dict[str, Item]
    is_complete: bool


class _Known(NamedTuple):
    """An item as the table had it; None if it was not there."""

    item: Item | None


class ItemTable:
    """A table of items by their id, which is a text, and its only key.

    Attributes:
        client: Amazon DynamoDB.
        attributes: The attributes that can be asked for.
    """

    def __init__(
        self,
        client: AwsClient,
        *,
        name: str,
        key: str,
        attributes: Sequence[str],
        told: Callable[[str], None],
        seconds: float = _DEFAULT_SECONDS,
        most: int = _DEFAULT_MOST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare for reading.

        Args:
            client: Amazon DynamoDB.
            name: The name or the ARN of the table.
            key: The attribute that holds the id.
            attributes: The attributes to read.
            told: Takes why items could not be read, each time that they are; it holds no id.
            seconds: How long it is remembered what an item is like, and that there is none.
            most: Of how many items it is remembered.
            clock: Tells the time in seconds.

        Raises:
            ValueError: If there are no names, or a bound is negative.
        """
        if not name or not key or not attributes or not all(attributes):
            msg = (
                "an item table must have a name, a key and attributes that are not empty,"
                f" got {name!r}, {key!r} and {list(attributes)!r}"
            )
            raise ValueError(msg)
        self.attributes = tuple(dict.fromkeys(attributes))
        self.client = client
        self._name = name
        self._key = key
        self._told = told
        self._cache = ExpiringCache[_Known](
            most=most, seconds=seconds, stale_seconds=_STALE_SECONDS, clock=clock
        )
        # A table that does not answer would hold up each request.
        self._breaker = CircuitBreaker(clock=clock)
        # Numbered, since a name may be a reserved word of DynamoDB, or have a dot in it.
        names = {
            f"#{place}": attribute
            for place, attribute in enumerate(dict.fromkeys([key, *self.attributes]))
        }
        self._projection = {
            "ProjectionExpression": ",".join(names),
            "ExpressionAttributeNames": names,
        }

    @classmethod
    def read(cls, text: str, client: AwsClient, *, told: Callable[[str], None]) -> "ItemTable":
        """Return the table of the environment: an object in JSON.

        Args:
            text: Its members are `name`, `key` and `attributes`, and perhaps `seconds` and `most`.
            client: Amazon DynamoDB.
            told: Takes why items could not be read.

        Raises:
            ValueError: If it is none.
        """
        settings = json.loads(text)
        allowed = {"name", "key", "attributes", "seconds", "most"}
        if not isinstance(settings, dict) or not settings.keys() <= allowed:
            msg = f"an item table must be an object of {', '.join(sorted(allowed))}, got {text}"
            raise ValueError(msg)
        if missing := {"name", "key", "attributes"} - settings.keys():
            msg = f"an item table must have {', '.join(sorted(missing))}, got {text}"
            raise ValueError(msg)
        return cls(client, told=told, **settings)

    def metadata(
        self, ids: Iterable[str], fields: Sequence[str] | None, deadline: Deadline
    ) -> Metadata:
        """Return what items are like, as far as it can be told in time; it never raises.

        Args:
            ids: The items; each is read once.
            fields: The attributes to tell (default: all that the table is read for).
            deadline: The time that there is for it. What the table does not give at first is asked
                for again as long as it lasts.
        """
        known: dict[str, _Known] = {}
        unknown: list[str] = []
        for item_id in dict.fromkeys(ids):
            remembered = self._cache.fresh(item_id)
            if remembered is not None:
                known[item_id] = remembered
            elif _is_key(item_id):
                unknown.append(item_id)
        for start in range(0, len(unknown), MAX_KEYS):
            if self._breaker.is_open:
                break
            batch = unknown[start : start + MAX_KEYS]
            found = self._read(batch, deadline)
            known |= found
            if len(found) < len(batch):  # nor would the next ones be read
                break
        for item_id in unknown:
            if item_id not in known and (old := self._cache.stale(item_id)) is not None:
                known[item_id] = old
        asked = self.attributes if fields is None else fields
        items = {
            item_id: {name: one.item[name] for name in asked if name in one.item}
            for item_id, one in known.items()
            if one.item is not None
        }
        return Metadata(items, all(item_id in known for item_id in unknown))

    def _read(self, ids: Sequence[str], deadline: Deadline) -> dict[str, _Known]:
        """Return what the table says of items; those of which it says nothing are left out."""
        found: dict[str, _Known] = {}
        waiting = list(ids)

        def ask() -> None:
            nonlocal waiting
            keys = [{self._key: {"S": item_id}} for item_id in waiting]
            body = {"RequestItems": {self._name: {"Keys": keys, **self._projection}}}
            answer = self.client.rpc(
                f"DynamoDB_20120810.{_GET}",
                body,
                json_version="1.0",
                within=max(deadline.remaining(), _SHORTEST_CALL_SECONDS),
            )
            here, left = self._answered(answer)
            for item_id in waiting:
                if item_id in here or item_id not in left:
                    found[item_id] = _Known(here.get(item_id))
                    self._cache.put(item_id, found[item_id])
            waiting = [item_id for item_id in waiting if item_id not in found]
            if waiting:
                code = "ProvisionedThroughputExceededException"
                raise client_error(_GET, code, "there are unprocessed keys", 400)

        try:
            deadline.retry(ask)
        except (GivenUpError, OutOfTimeError) as error:
            if error.__cause__ is not None:  # else there was no time to ask at all
                self._breaker.failed()
            self._told(f"items cannot be read: {code_of(error.__cause__ or error)}")
        else:
            self._breaker.succeeded()
        return found

    def _answered(self, answer: Mapping[str, Any]) -> tuple[dict[str, Item], set[str]]:
        """Return the items of an answer by their id, and the ids that it leaves for later."""
        here = {}
        for typed in _of_the_table(answer.get("Responses") or {}) or []:
            item_id = typed[self._key]["S"]
            here[item_id] = _plain_map(
                {name: typed[name] for name in self.attributes if name in typed}
            )
        later = _of_the_table(answer.get("UnprocessedKeys") or {}) or {}
        return here, {key[self._key]["S"] for key in later.get("Keys", [])}


def _of_the_table(by_table: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the service has it
    """Return what an answer has of the only table, by whichever name it calls it."""
    return next(iter(by_table.values()), None)


def _is_key(item_id: str) -> bool:
    """Whether the table could have an item of this id: another would fail the whole call."""
    try:
        return 0 < len(item_id.encode()) <= _MAX_KEY_BYTES
    except UnicodeEncodeError:
        return False


def _number(text: str) -> float:
    """Return a number; one that is not whole loses what a float does not hold."""
    try:
        return int(text)
    except ValueError:
        number = float(text)
    if not math.isfinite(number):
        msg = f"an attribute must be a number that JSON knows, got {text}"
        raise ValueError(msg)
    return number


def _plain_map(typed: Mapping[str, Mapping[str, Any]]) -> Item:
    return {
        name: _READERS[kind](value)
        for name, attribute in typed.items()
        for kind, value in attribute.items()  # there is one
        if kind in _READERS
    }


def _plain_list(typed: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [
        _READERS[kind](value)
        for element in typed
        for kind, value in element.items()
        if kind in _READERS
    ]


# By the type of an attribute; bytes (B, BS) have no JSON, and are left out. A set has no order, but
# an answer that is asked for twice should be the same.
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "S": str,
    "N": _number,
    "BOOL": bool,
    "NULL": lambda _: None,
    "M": _plain_map,
    "L": _plain_list,
    "SS": sorted,
    "NS": lambda numbers: sorted(map(_number, numbers)),
}
