"""Experiments: which model answers a user, by weights that may change, and who was shown what."""

import base64
import json
import math
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from personalize_runtime.aws_client import AwsClient
from personalize_runtime.envelope import Entry
from personalize_runtime.service_errors import code_of
from personalize_runtime.strict_json import json_of

EXPOSURES_SENT = "ExposuresSent"
EXPOSURES_LOST = "ExposuresLost"

# What PutEvents takes (Events API): the longest source and recommendation id, the most items.
_MAX_SOURCE_LENGTH = 1024
_MAX_RECOMMENDATION_ID_LENGTH = 40
_MAX_IMPRESSION = 25
_SECONDS_BETWEEN_READS = 60.0
_EXPOSURE_SECONDS = 3600
_PAUSE_SECONDS = 10.0
_SHORTEST_CALL_SECONDS = 0.02
_DIGEST_BYTES = 8
_UNUSED_BITS = 11  # a float holds 53 of 64
_STEPS = 2.0**53


class Experiment(NamedTuple):
    """A split of users over models that stays the same for a user as long as it can.

    Each model draws a number from the hash of the experiment, itself and the user, and the smallest
    of -ln(number) / weight wins (weighted rendezvous hashing). So nothing has to be remembered, the
    order in which weights are written says nothing, and a model that gets more weight only takes
    users from others, while what goes on between the others stays as it is. Where one weight is
    changed, or one model is added or taken away, no split can move fewer users; where several are
    changed at once, at most 2d / (1 + d) of the users move, d being the share that has to. No split
    that knows the weights alone can promise less (Angel and Spinka, "Pairwise optimal coupling of
    multiple random variables", 2019). Ranges one after the other in [0, 1) would move users between
    models that nobody touched.

    Attributes:
        name: Its name.
        weights: The share of users of each model; they add up to 1.
        parameter: The SSM parameter that may hold other weights (default: none).
    """

    name: str
    weights: Mapping[str, float]
    parameter: str | None = None

    @classmethod
    def of(
        cls, name: str, weights: Mapping[str, float], parameter: str | None = None
    ) -> "Experiment":
        """Return an experiment.

        Args:
            name: Its name. Another name is another split, which knows nothing of this one.
            weights: The weight of each model, in any measure; a model of weight 0 gets nobody.
            parameter: The SSM parameter that may hold other weights, as JSON: an object of weights
                by model. A model that it does not name gets nobody.

        Raises:
            ValueError: If the names are none for an attribution source, or the weights no weights.
        """
        if "/" in name:
            msg = f"the name of an experiment must be without a slash, got {name!r}"
            raise ValueError(msg)
        for model in weights:
            source = f"{name}/{model}"
            if not (name and model and source.isascii() and source.isprintable()):
                msg = f"experiment and model must have names of printable ASCII, got {source!r}"
                raise ValueError(msg)
            if len(source) > _MAX_SOURCE_LENGTH:
                msg = f"an attribution source must be {_MAX_SOURCE_LENGTH} characters, got {source}"
                raise ValueError(msg)
        return cls(name, _shares(weights), parameter)

    def reweighted(self, text: str) -> "Experiment":
        """Return this experiment with other weights.

        Args:
            text: The weights by model, as JSON; of models that this experiment has.

        Raises:
            ValueError: If it is no JSON, or the weights are none.
        """
        weights = json.loads(text)
        if not isinstance(weights, dict):
            msg = "the weights must be an object of numbers by model"
            raise ValueError(msg)
        if unknown := sorted(weights.keys() - self.weights.keys()):
            msg = f"the weights must be of {', '.join(self.weights)}, got {unknown[0]!r}"
            raise ValueError(msg)
        return self._replace(weights=_shares({**dict.fromkeys(self.weights, 0), **weights}))

    def variant(self, user_id: str) -> str:
        """Return the model that answers a user."""
        return min(
            (self._draw(model, user_id) / share, model)
            for model, share in self.weights.items()
            if share
        )[1]

    def source(self, model: str) -> str:
        """Return what the events of a user who saw a model's answer are attributed to."""
        return f"{self.name}/{model}"

    def _draw(self, model: str, user_id: str) -> float:
        """Return a number of the exponential distribution, the same each time."""
        # No name has a NUL, so that the parts cannot be taken for others.
        text = f"{self.name}\0{model}\0{user_id}".encode(errors="surrogatepass")
        number = int.from_bytes(blake2b(text, digest_size=_DIGEST_BYTES).digest())
        return -math.log(((number >> _UNUSED_BITS) + 0.5) / _STEPS)


class Weights:
    """An experiment with the weights of now: those of the deploy, or of its SSM parameter.

    The parameter is read on the path of a request, at most once a minute, by one request at a time;
    the others go on with the weights that there are. A process that could never read it has those
    of the deploy.
    """

    def __init__(
        self,
        experiment: Experiment,
        client: AwsClient,
        *,
        told: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with the weights of the deploy.

        Args:
            experiment: The experiment as it was deployed.
            client: AWS Systems Manager; a request waits as long as its timeouts say, at most.
            told: Takes why other weights were not, once until some are; it holds no secret.
            clock: Tells the time in seconds.
        """
        self._deployed = experiment
        self._experiment = experiment
        self._client = client
        self._told = told
        self._clock = clock
        self._next_read = clock()
        self._text: str | None = None
        self._trouble: str | None = None
        self._reading = threading.Lock()

    def experiment(self, *, within: float | None = None) -> Experiment:
        """Return the experiment as it is now; it never raises.

        Args:
            within: The seconds that reading the parameter may take (default: the timeouts of the
                client).
        """
        parameter = self._deployed.parameter
        if parameter is None or self._clock() < self._next_read:
            return self._experiment
        if self._reading.acquire(blocking=False):
            try:
                # Before the call, so that one that fails is not made again at once.
                self._next_read = self._clock() + _SECONDS_BETWEEN_READS
                self._read(parameter, within)
            finally:
                self._reading.release()
        return self._experiment

    def _read(self, parameter: str, within: float | None) -> None:
        try:
            request = {"Name": parameter}
            answer = self._client.rpc("AmazonSSM.GetParameter", request, within=within)
            text = answer["Parameter"]["Value"]
            if text != self._text:
                self._experiment = self._deployed.reweighted(text)
                self._text = text
        except ValueError as error:
            self._tell(f"{parameter} holds no weights: {error}")
        except Exception as error:
            self._tell(f"{parameter} cannot be read: {code_of(error)}")
        else:
            self._trouble = None

    def _tell(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            self._told(trouble)


class Exposures:
    """Puts on the stream which user was shown the answer of which model.

    An exposure is an event with no item of its own, so that nothing is learned from it as from a
    click, and with the items that were shown as its impression. A user has one in an hour for each
    variant: from one process by what it remembers, and from several by the id of the event, which
    is the same.

    Attributes:
        client: Amazon Kinesis.
    """

    def __init__(
        self,
        client: AwsClient,
        stream_name: str,
        *,
        counted: Callable[[str], None],
        event_type: str = "exposure",
        most_remembered: int = 10_000,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Prepare for exposures.

        Args:
            client: Amazon Kinesis; a request waits as long as its timeouts say, at most.
            stream_name: The stream.
            counted: Takes `EXPOSURES_SENT` or `EXPOSURES_LOST` for each exposure.
            event_type: The type of the events.
            most_remembered: How many exposures of an hour are remembered, at most.
            now: Tells the time in seconds since 1970.
        """
        self.client = client
        self._stream_name = stream_name
        self._counted = counted
        self._event_type = event_type
        self._most_remembered = most_remembered
        self._now = now
        self._remembered: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._lock = threading.Lock()
        self._paused_until = -math.inf

    def expose(
        self,
        source: str,
        *,
        user_id: str,
        item_ids: Sequence[str],
        session_id: str | None = None,
        recommendation_id: str | None = None,
        within: float | None = None,
    ) -> None:
        """Tell that a user was shown items, if that was not told in this hour; it never raises.

        After a call that failed there is none for some seconds, so that a stream that does not
        answer holds up few requests. What is not told is counted, and told with the user's next
        answer, if there is one.

        Args:
            source: What the events that follow are attributed to (`Experiment.source`).
            user_id: Who was shown the items.
            item_ids: The items; the first 25 are told.
            session_id: The user's session (default: the id of the user).
            recommendation_id: The id of the answer (default: none, as of a fallback).
            within: The seconds that telling it may take (default: the timeouts of the client).
        """
        now = self._now()
        hour = int(now // _EXPOSURE_SECONDS)
        if not self._is_new(source, user_id, hour):
            return
        if now < self._paused_until or (within is not None and within < _SHORTEST_CALL_SECONDS):
            self._forget(source, user_id)
            self._counted(EXPOSURES_LOST)
            return
        record: dict[str, Any] = {
            "sessionId": session_id or user_id,
            "userId": user_id,
            "eventType": self._event_type,
            "sentAt": int(now),
            "eventId": _exposure_id(source, user_id, hour),
            "metricAttribution": {"eventAttributionSource": source},
        }
        if item_ids:
            record["impression"] = list(item_ids[:_MAX_IMPRESSION])
        if recommendation_id and len(recommendation_id) <= _MAX_RECOMMENDATION_ID_LENGTH:
            record["recommendationId"] = recommendation_id
        self._counted(EXPOSURES_SENT if self._is_put(record, within) else EXPOSURES_LOST)

    def _is_put(self, record: dict[str, Any], within: float | None) -> bool:
        try:
            entry = Entry.read(record, default_event_id=record["eventId"])
            body = {
                "StreamName": self._stream_name,
                "PartitionKey": entry.key,
                "Data": base64.b64encode(json_of(record).encode()).decode(),
            }
        except ValueError:  # an id that is too long, or half a character: it will not get better
            return False
        try:
            answer = self.client.rpc("Kinesis_20131202.PutRecord", body, within=within)
            is_put = "SequenceNumber" in answer
        except Exception:
            is_put = False
        if not is_put:
            self._paused_until = self._now() + _PAUSE_SECONDS
            self._forget(record["metricAttribution"]["eventAttributionSource"], record["userId"])
        return is_put

    def _is_new(self, source: str, user_id: str, hour: int) -> bool:
        """Whether an exposure was not told in this hour; it is remembered as told from now on."""
        key = (source, user_id)
        with self._lock:
            is_new = self._remembered.get(key) != hour
            self._remembered[key] = hour
            self._remembered.move_to_end(key)
            if len(self._remembered) > self._most_remembered:
                self._remembered.popitem(last=False)
        return is_new

    def _forget(self, source: str, user_id: str) -> None:
        with self._lock:
            self._remembered.pop((source, user_id), None)


def _exposure_id(source: str, user_id: str, hour: int) -> str:
    """Return the id of an exposure: repeats, from whichever process, are known by it."""
    text = f"{source}\0{user_id}\0{hour}".encode(errors="surrogatepass")
    return f"exposure-{blake2b(text, digest_size=16).hexdigest()}"


def _shares(weights: Mapping[str, Any]) -> dict[str, float]:
    """Return weights that add up to 1, in the order of their names.

    Raises:
        ValueError: If one is no number, or negative, or all are zero.
    """
    for model, weight in weights.items():
        is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not is_number or not 0 <= weight <= sys.float_info.max:
            msg = f"the weight of {model} must be a number from 0, got {weight!r}"
            raise ValueError(msg)
    largest = max(weights.values(), default=0)
    if not largest:
        msg = f"the weight of a model must be above 0, got {dict(weights)}"
        raise ValueError(msg)
    # By the largest first, as the sum of weights may be too large for a float.
    scaled = {model: weights[model] / largest for model in sorted(weights)}
    total = math.fsum(scaled.values())
    return {model: share / total for model, share in scaled.items()}
