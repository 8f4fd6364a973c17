"""The API: which route answers a request, made of what the stack declared."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from personalize_runtime.aws_client import AwsClient
from personalize_runtime.observability import logger
from personalize_runtime.service_errors import code_of
from recommend import problems
from recommend.answers import Answer, settled
from recommend.declarations import Declarations, Route
from recommend.http_request import Request
from recommend.measures import Measures
from recommend.recommendations import Recommender
from recommend.serving import Serving

if TYPE_CHECKING:
    from recommend.event_intake import EventIntake
    from recommend.experiments import Exposures, Weights
    from recommend.fallbacks import LastGoodLists
    from recommend.item_table import ItemTable
    from recommend.request_context import RequestContext

_EVENTS_PATH, _HEALTH_PATH, _OPENAPI_PATH = "/events", "/health", "/openapi.json"
# A page sends events as text by sendBeacon: as JSON the browser would ask for permission first.
_EVENTS_CONTENT = ["application/json", "text/plain"]
_CONNECT_SECONDS, _READ_SECONDS = 1.0, 3.0
_SHORTEST_CALL_SECONDS = 0.02
# What is not the answer itself must not hold it up for long.
_ASIDE_CONNECT_SECONDS, _ASIDE_READ_SECONDS = 0.3, 0.5
_RESERVE_FOR_ANSWER = 0.5
# More than a function passes on (Lambda quotas: 6 MB), and than DynamoDB reads at once (16 MB).
_MAX_ANSWER_BYTES, _MAX_ASIDE_BYTES = 8 * 1024**2, 32 * 1024**2

Handler = Callable[[Request, Callable[[], float]], Answer]


class Api:
    """Answers requests.

    Attributes:
        recommender: What answers requests for recommendations.
        item_table: What the items are like, if the stack has a table of them.
        exposures: Where each experiment tells who was shown what.
        cors_origins: The origins whose pages may read answers, where API Gateway does not say so.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        measures: Measures,
        recommender: Recommender | None = None,
    ) -> None:
        """Prepare to answer.

        Args:
            environment: What the stack declared.
            measures: What is told of the answers.
            recommender: What answers requests for recommendations (default: what was declared).
        """
        self._environment = environment
        self._measures = measures
        self._user_claim = environment.get("USER_CLAIM")
        # Events may be sent by another rule; it is empty where they are bound to nobody.
        self._event_user_claim = environment.get("EVENT_USER_CLAIM", self._user_claim) or None
        self.cors_origins: Sequence[str] = json.loads(environment.get("CORS_ORIGINS", "[]"))
        self.recommender = recommender or Recommender(
            _client("personalize-runtime", "personalize"),
            Declarations.read(environment),
            _last_good(environment),
        )
        self._intake: EventIntake | None = None
        self.item_table = _item_table(environment)
        self.exposures: dict[Route, Exposures] = {}
        self._routes: Mapping[str, tuple[str, Handler]] = self._declared_routes()

    @property
    def _takes_events(self) -> bool:
        return "STREAM_NAME" in self._environment

    @property
    def intake(self) -> "EventIntake":
        """The way of events to the stream; made when the first of them comes."""
        if self._intake is None:
            # A page does not wait for its events, and a user waits for recommendations.
            from recommend.event_intake import EventIntake  # noqa: PLC0415

            stream_name = self._environment["STREAM_NAME"]
            self._intake = EventIntake(_client("kinesis", "kinesis"), stream_name, time.time)
        return self._intake

    def answer(self, request: Request, remaining: Callable[[], float]) -> Answer:
        """Answer a request.

        Args:
            request: The request.
            remaining: Tells the seconds that there are for it.

        Raises:
            ProblemError: If the request is at fault, or nothing can answer it.
        """
        if request.method == "OPTIONS":
            # API Gateway replaces this by the CORS configuration of the API.
            return Answer(HTTPStatus.NO_CONTENT, None)
        if request.path not in self._routes:
            known = [f"{method} {path}" for path, (method, _) in self._routes.items()]
            raise problems.no_such_route(request.path, known)
        method, answer = self._routes[request.path]
        if request.method != method:
            raise problems.wrong_method(request.method, request.path, method)
        return settled(answer(request, remaining), request)

    def refresh(self, models: Sequence[str], remaining: Callable[[], float]) -> dict[str, int]:
        """Keep the lists that models give now, for the time when they give none.

        Args:
            models: The names of the models.
            remaining: Tells the seconds that there are for it.

        Returns:
            The lengths of the lists that are kept.
        """
        lengths: dict[str, int] = {}
        for place, name in enumerate(models):
            try:
                # Each has a share: a model that is slow must not take the time of the others.
                left = (remaining() - _RESERVE_FOR_ANSWER) / (len(models) - place)
                lengths[name] = self.recommender.refresh(name, within=left)
            except Exception as error:
                # The last list is still there.
                extra = {"model": name, "cause": code_of(error)}
                logger.warning("a list could not be refreshed", extra=extra)
        self._measures.count("ListsKept", len(lengths))
        return lengths

    def _declared_routes(self) -> dict[str, tuple[str, Handler]]:
        """Return what this API answers, by path: the method, and what answers it."""
        context = self._context()
        routes: dict[str, tuple[str, Handler]] = {}
        for route in self.recommender.declarations.routes:
            weights, exposures = self._experiment(route)
            if exposures is not None:
                self.exposures[route] = exposures
            serving = Serving(
                route,
                self.recommender,
                context=context,
                weights=weights,
                exposures=exposures,
                item_table=self.item_table,
                user_claim=self._user_claim,
                names_users="LOG_USER_IDS" in self._environment,
                told=self._measures.told,
            )
            routes[route.path] = (route.method, _recommending(serving))
        if self._takes_events:
            routes[_EVENTS_PATH] = ("POST", self._events)
        return routes | {
            _HEALTH_PATH: ("GET", self._health),
            _OPENAPI_PATH: ("GET", self._openapi),
        }

    def _context(self) -> "RequestContext | None":
        """Return what headers tell, if the stack lets them."""
        text = self._environment.get("CONTEXT")
        if text is None:
            return None
        from recommend.request_context import RequestContext  # noqa: PLC0415, as few APIs have it

        return RequestContext.read(text)

    def _experiment(self, route: Route) -> tuple["Weights | None", "Exposures | None"]:
        """Return the experiment of a route, if there is one, and where it tells who saw what."""
        declared = self.recommender.declarations.settings[route].experiment
        if declared is None:
            return None, None
        # Few APIs have one, and loading it takes time.
        from recommend.experiments import Experiment, Exposures, Weights  # noqa: PLC0415

        experiment = Experiment.of(declared["name"], declared["weights"], declared.get("parameter"))
        weights = Weights(experiment, _aside("ssm"), told=logger.warning)
        stream_name = self._environment.get("STREAM_NAME")
        if stream_name is None:
            return weights, None
        return weights, Exposures(_aside("kinesis"), stream_name, counted=self._measures.count)

    def _events(self, request: Request, remaining: Callable[[], float]) -> Answer:
        """Put events on the stream."""
        if request.content_type and request.content_type not in _EVENTS_CONTENT:
            raise problems.unsupported_media_type(_EVENTS_CONTENT, request.content_type)
        # So that there is time for two calls, whatever there is.
        left = (remaining() - _RESERVE_FOR_ANSWER) / 2
        taken = self.intake.take(
            request,
            remaining,
            reserve=_RESERVE_FOR_ANSWER,
            call=min(_CONNECT_SECONDS + _READ_SECONDS, max(left, _SHORTEST_CALL_SECONDS)),
            user_claim=self._event_user_claim,
        )
        self._measures.count("EventsAccepted", taken)
        return Answer(HTTPStatus.ACCEPTED, {"accepted": taken})

    def _health(self, _: Request, __: Callable[[], float]) -> Answer:
        """Tell which models are left in peace, since they have failed too often."""
        models = {
            name: "out of order" if breaker.is_open else "ok"
            for name, breaker in self.recommender.breakers.items()
        }
        status = "degraded" if "out of order" in models.values() else "ok"
        document = {"status": status, "models": models}
        return Answer(HTTPStatus.OK, document, {"Cache-Control": "no-store"})

    def _openapi(self, _: Request, __: Callable[[], float]) -> Answer:
        """Tell what the API answers."""
        from recommend.openapi import openapi  # noqa: PLC0415, as it is rare and takes time

        document = openapi(
            self.recommender.declarations,
            takes_events=self._takes_events,
            is_bound=self._user_claim is not None,
        )
        return Answer(HTTPStatus.OK, document, {"Cache-Control": "max-age=300"})


def _recommending(serving: Serving) -> Handler:
    def answer(request: Request, remaining: Callable[[], float]) -> Answer:
        return serving.answer(request, within=remaining() - _RESERVE_FOR_ANSWER)

    return answer


def _client(endpoint: str, signing_name: str) -> AwsClient:
    return AwsClient.of(
        endpoint,
        signing_name=signing_name,
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        max_connections=1,
        max_answer_bytes=_MAX_ANSWER_BYTES,
    )


def _aside(service: str) -> AwsClient:
    """Return a client for what an answer can do without."""
    return AwsClient.of(
        service,
        signing_name=service,
        connect_timeout=_ASIDE_CONNECT_SECONDS,
        read_timeout=_ASIDE_READ_SECONDS,
        max_connections=1,
        max_answer_bytes=_MAX_ASIDE_BYTES,
    )


def _last_good(environment: Mapping[str, str]) -> "LastGoodLists | None":
    bucket = environment.get("LAST_GOOD_BUCKET")
    if bucket is None:
        return None
    from recommend.fallbacks import LastGoodLists  # noqa: PLC0415, as few APIs have them

    return LastGoodLists(_client("s3", "s3"), bucket, environment["LAST_GOOD_PREFIX"])


def _item_table(environment: Mapping[str, str]) -> "ItemTable | None":
    text = environment.get("ITEM_TABLE")
    if text is None:
        return None
    from recommend.item_table import ItemTable  # noqa: PLC0415, as few APIs have one

    return ItemTable.read(text, _aside("dynamodb"), told=logger.warning)
