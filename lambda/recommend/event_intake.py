"""Events from the API to the stream: each checked before it is taken, and all taken or none."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from personalize_runtime.aws_client import AwsClient, UnreadableAnswerError
from personalize_runtime.envelope import Entry, Kind
from personalize_runtime.fields import InvalidRecordError, given
from personalize_runtime.retries import Deadline, GivenUpError, OutOfTimeError
from personalize_runtime.service_errors import client_error
from personalize_runtime.strict_json import json_of
from recommend.http_request import Request
from recommend.problems import (
    ProblemError,
    bad_parameter,
    stream_unavailable,
    too_large,
    unknown_parameter,
)
from recommend.requests import json_body, user_of

_PUT = "PutRecords"
MAX_EVENTS = 500
"""The records that PutRecords takes in one call (Kinesis API reference)."""
EVENT_KINDS = (Kind.INTERACTION, Kind.ACTION_INTERACTION)
"""What a request may tell of: whoever tells what a visitor did may not change the catalogue."""
MAX_BODY_BYTES = 1024 * 1024
"""A page sends 64 KiB at most by sendBeacon, and a server can send several requests."""


@dataclass(frozen=True, slots=True)
class EventIntake:
    """Puts the events of requests on a stream.

    Attributes:
        client: Amazon Kinesis.
        stream_name: The stream.
        now: Tells the time in seconds since 1970.
    """

    client: AwsClient
    stream_name: str
    now: Callable[[], float]

    def take(
        self,
        request: Request,
        remaining: Callable[[], float],
        *,
        reserve: float,
        call: float,
        user_claim: str | None = None,
    ) -> int:
        """Put the events of a request on the stream, and return how many they are.

        Events without an id get one here, since a record may lie on the stream twice when a call is
        tried again.

        Args:
            request: Its body is one event, a list of events, or an object whose `events` are such a
                list.
            remaining: Tells the seconds that the request has.
            reserve: The seconds that the answer needs of them.
            call: The seconds that one call may take.
            user_claim: The claim of its token that names the user, where nobody may tell of others.

        Raises:
            ProblemError: If an event is none, or the stream takes nothing.
        """
        events = _events(request.body)
        if user_claim is not None:
            events = [_of_user(request, user_claim, *one) for one in enumerate(events)]
        records = [
            self._record(place, event, f"{request.request_id}:{place}")
            for place, event in enumerate(events)
        ]
        waiting = list(records)

        def put() -> None:
            answer = self.client.rpc(
                f"Kinesis_20131202.{_PUT}",
                {"StreamName": self.stream_name, "Records": waiting},
                within=call,
            )
            results = _results(answer, len(waiting))
            failed = [
                (record, result)
                for record, result in zip(waiting, results, strict=True)
                if not _is_taken(result)
            ]
            waiting[:] = [record for record, _ in failed]
            if failed:
                _, first = failed[0]
                status = 500 if first["ErrorCode"] == "InternalFailure" else 400
                message = str(first.get("ErrorMessage", ""))
                raise client_error(_PUT, first["ErrorCode"], message, status)

        try:
            Deadline(remaining, reserve=reserve, call=call).retry(put)
        except (GivenUpError, OutOfTimeError) as error:
            raise stream_unavailable(len(waiting), len(records)) from error.__cause__ or error
        return len(records)

    def _record(self, place: int, event: object, default_event_id: str) -> dict[str, str]:
        """Check an event, and return it as an entry of PutRecords."""
        parameter = f"events[{place}]"
        if not isinstance(event, dict):
            raise bad_parameter(parameter=parameter, allowed="an object", got=event)
        record = {"sentAt": int(self.now()), **given(event)}
        record.setdefault("eventId", default_event_id)
        try:
            entry = Entry.read(record, default_event_id=default_event_id)
        except InvalidRecordError as error:
            raise ProblemError(
                HTTPStatus.BAD_REQUEST, f"{parameter}: {error}", parameter
            ) from error
        return {
            "PartitionKey": entry.key,
            "Data": base64.b64encode(json_of(record).encode()).decode(),
        }


def _results(answer: Mapping[str, Any], number: int) -> Sequence[Mapping[str, Any]]:
    """Return what PutRecords says of each record.

    Raises:
        UnreadableAnswerError: If it does not say it of each.
    """
    results = answer.get("Records")
    if (
        not isinstance(results, list)
        or len(results) != number
        or not all(
            isinstance(result, dict)
            and (_is_taken(result) or isinstance(result.get("ErrorCode"), str))
            for result in results
        )
    ):
        msg = f"{_PUT} answered without a result for each record"
        raise UnreadableAnswerError(msg)
    return results


def _is_taken(result: Mapping[str, Any]) -> bool:
    """Whether a record is on the stream, and so has a place there."""
    return isinstance(result.get("SequenceNumber"), str)


def _of_user(request: Request, claim: str, place: int, event: object) -> object:
    """Return an event of the user of the token, which it need not name."""
    if not isinstance(event, Mapping):
        return event
    user = user_of(request, claim, event.get("userId"), f"events[{place}].userId")
    return {**event, "userId": user}


def _events(body: bytes) -> Sequence[object]:
    if len(body) > MAX_BODY_BYTES:
        raise too_large(MAX_BODY_BYTES, len(body))
    document = json_body(body)
    events = document
    if isinstance(document, dict):
        if "events" in document:
            if unknown := sorted(document.keys() - {"events"}):
                raise unknown_parameter(unknown[0], allowed=["events"])
            events = document["events"]
        else:
            events = [document]
    if not isinstance(events, list) or not 1 <= len(events) <= MAX_EVENTS:
        raise bad_parameter(
            parameter="events", allowed=f"a list of 1 to {MAX_EVENTS} events", got=events
        )
    for place, event in enumerate(events):
        kind = event.get("kind", Kind.INTERACTION) if isinstance(event, Mapping) else None
        if kind is not None and kind not in EVENT_KINDS:
            raise bad_parameter(
                parameter=f"events[{place}].kind", allowed=" or ".join(EVENT_KINDS), got=kind
            )
    return events
