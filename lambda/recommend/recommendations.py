"""Recommendations: what a model answers, or what answers in its place."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from personalize_runtime.aws_client import AwsClient
from personalize_runtime.observability import logger
from personalize_runtime.service_errors import Trouble, code_of, trouble_of
from recommend.circuit_breaker import CircuitBreaker
from recommend.declarations import UNSET, Declarations, Model, Route, Settings
from recommend.personalize_requests import (
    Answer,
    Entries,
    of_fallback,
    operation_of,
    request_of,
)
from recommend.problems import (
    ProblemError,
    bad_gateway,
    no_model_yet,
    out_of_order,
    throttled,
    timed_out,
)
from recommend.requests import Query
from recommend.retry_budget import RetryBudget

if TYPE_CHECKING:
    from recommend.fallbacks import LastGoodLists

LAST_GOOD_LIST, STATIC_LIST, AS_GIVEN = "last-good-list", "static-list", "as-given"
"""What serves where no model does."""
_LISTS = frozenset({LAST_GOOD_LIST, STATIC_LIST, AS_GIVEN})
# What a fallback needs of the time that the route has, and what all of them may take of it.
_RESERVE_FOR_MODEL, _RESERVE_FOR_LIST = 0.3, 0.1
_SHARE_OF_FALLBACKS = 0.5
_SHORTEST_CALL_SECONDS = 0.02
# More than a page shows; with them the list is some kilobytes.
_KEPT = 100
_PAUSE_SECONDS = 0.02
# How the service words it is not documented: a campaign that is being made "is not active".
_ABSENCE = r"(not( yet)?|must be) (active|found)|does ?n[o']t exist"


class Served(NamedTuple):
    """An answer, and where it is from.

    Attributes:
        served_by: What answered: `campaign`, `recommender`, or a list.
        model: The model that answered, or whose list it is; None for a list of the stack.
        entries: What is recommended, the best before the others.
        recommendation_id: By which events tell that they came of it, if a model answered.
        filtered: Whether the filter of the request was applied.
        asked: The model that was asked first.
    """

    served_by: str
    model: str | None
    entries: Entries
    recommendation_id: str | None
    filtered: bool
    asked: str

    @property
    def is_fallback(self) -> bool:
        """Whether another answered than the one that was asked."""
        return self.served_by in _LISTS or self.model != self.asked


class Recommender:
    """Answers requests by the models that the stack declared, and by what answers for them."""

    def __init__(
        self,
        client: AwsClient,
        declarations: Declarations,
        last_good: "LastGoodLists | None" = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Answer by models.

        Args:
            client: Amazon Personalize's runtime.
            declarations: The models, filters and routes.
            last_good: Where the last good lists are, if the stack keeps them.
            clock: Tells the time in seconds.
            pause: Waits for some seconds.
        """
        self.client = client
        self.declarations = declarations
        self.last_good = last_good
        self.breakers = {model.name: CircuitBreaker(clock=clock) for model in declarations.models}
        self._budget = RetryBudget()
        self._clock = clock
        self._pause = pause

    def recommend(
        self, route: Route, query: Query, *, within: float, model: Model | None = None
    ) -> Served:
        """Return what suits a request, by its model or else by the fallbacks of the route.

        Args:
            route: The route of the request.
            query: What it asks for.
            within: The seconds that there are.
            model: The model to ask first (default: the one that the query names, or the first).

        Raises:
            ProblemError: If the request is at fault, or nothing can answer it.
        """
        settings = self.declarations.settings[route]
        seconds = min(within, settings.limit)
        until = self._clock() + seconds
        asked = model or self.declarations.model(route, query.model)
        reserves = _reserves(settings.fallbacks, seconds)
        try:
            answer = self._ask(asked, query, settings, until - sum(reserves))
        except ProblemError as problem:
            if problem.status < HTTPStatus.TOO_MANY_REQUESTS:
                raise
            served = self._fallback(asked, query, settings, until, reserves)
            if served is None:
                raise
            return served
        return _of_model(asked, asked, answer)

    def refresh(self, name: str, *, within: float) -> int:
        """Keep the list that a model gives now, unfiltered, and return how long it is.

        Args:
            name: The model; it is one that needs to know no user.
            within: The seconds that there are.

        Raises:
            ProblemError: If the model does not answer.
        """
        assert self.last_good is not None
        most = Query(num_results=_KEPT)
        answer = self._ask(self._model(name), most, UNSET, self._clock() + within)
        if answer.entries:
            self.last_good.put(name, answer.entries)
        return len(answer.entries)

    def _model(self, name: str) -> Model:
        return next(model for model in self.declarations.models if model.name == name)

    def _fallback(
        self,
        asked: Model,
        query: Query,
        settings: Settings,
        until: float,
        reserves: Sequence[float],
    ) -> Served | None:
        """Return the first answer of what answers in place of a model, if there is one."""
        for place, fallback in enumerate(settings.fallbacks):
            own_end = until - sum(reserves[place + 1 :])
            if "model" in fallback:
                model = self._model(fallback["model"])
                served = self._of_other(model, asked, query, settings, own_end)
            else:
                served = self._of_list(fallback, asked, query, settings, own_end)
            if served is not None:
                return served
        return None

    def _of_other(
        self, model: Model, asked: Model, query: Query, settings: Settings, until: float
    ) -> Served | None:
        plain = settings._replace(promotion=None)
        try:
            answer = self._ask(model, of_fallback(query, model), plain, until)
        except ProblemError as problem:
            extra = {"model": model.name, "status": problem.status}
            logger.warning("a fallback failed too", extra=extra)
            return None
        return _of_model(model, asked, answer)

    def _of_list(
        self,
        fallback: Mapping[str, Any],
        asked: Model,
        query: Query,
        settings: Settings,
        until: float,
    ) -> Served | None:
        name = fallback.get("lastGood")
        entries: Entries | None
        if name is not None:
            left = max(until - self._clock(), _SHORTEST_CALL_SECONDS)
            entries = self.last_good.get(name, within=left) if self.last_good else None
            served_by = LAST_GOOD_LIST
        elif "ids" in fallback:
            entries = [{operation_of(asked).entry: one} for one in fallback["ids"]]
            served_by = STATIC_LIST
        else:
            entries = [{"itemId": one} for one in dict.fromkeys(query.item_ids)]
            served_by = AS_GIVEN
        if entries is None:
            return None
        # No filter was asked which of these may be shown.
        unfiltered = query.filter is None and settings.filter is None
        return Served(served_by, name, _cut(entries, query), None, unfiltered, asked.name)

    def _ask(self, model: Model, query: Query, settings: Settings, until: float) -> Answer:
        """Ask a model, again if it fails in a way that passes and there is time.

        Raises:
            ProblemError: If it does not answer.
        """
        request = request_of(model, query, settings, self.declarations)
        breaker = self.breakers[model.name]
        if breaker.is_open:
            raise out_of_order(model.name, breaker.seconds_left)
        self._budget.earn()
        try:
            try:
                answer = self._call(model, request, until)
            except Exception as error:
                if not self._may_try_again(error, until):
                    raise
                self._pause(_PAUSE_SECONDS)
                answer = self._call(model, request, until)
        except Exception as error:
            trouble = trouble_of(error)
            if trouble.passes:
                breaker.failed()
            logger.warning(
                "a model does not answer",
                extra={"model": model.name, "trouble": trouble, "cause": code_of(error)},
            )
            raise _problem(model, error) from error
        breaker.succeeded()
        ranked = model.route is Route.RANKING and query.num_results is not None
        return answer._replace(entries=_cut(answer.entries, query)) if ranked else answer

    def _may_try_again(self, error: Exception, until: float) -> bool:
        """Whether to make a call again: at once, and once; what timed out has had its time."""
        trouble = trouble_of(error)
        if not trouble.passes or trouble is Trouble.TIMED_OUT:
            return False
        in_time = until - self._clock() > _PAUSE_SECONDS + _SHORTEST_CALL_SECONDS
        return in_time and self._budget.spend()

    def _call(self, model: Model, request: Mapping[str, Any], until: float) -> Answer:
        operation = operation_of(model)
        within = max(until - self._clock(), _SHORTEST_CALL_SECONDS)
        answer = self.client.rest(operation.name, operation.path, request, within=within)
        return Answer.read(operation, answer)


def _reserves(fallbacks: Sequence[Mapping[str, Any]], seconds: float) -> list[float]:
    """Return the seconds to leave for each fallback, of those that there are for everything."""
    needed = [_needed(fallback) for fallback in fallbacks]
    most = max(seconds, 0.0) * _SHARE_OF_FALLBACKS
    scale = min(1.0, most / sum(needed)) if any(needed) else 1.0
    return [each * scale for each in needed]


def _needed(fallback: Mapping[str, Any]) -> float:
    if "model" in fallback:
        return _RESERVE_FOR_MODEL
    return _RESERVE_FOR_LIST if "lastGood" in fallback else 0.0


def _of_model(model: Model, asked: Model, answer: Answer) -> Served:
    return Served(
        served_by=model.kind,
        model=model.name,
        entries=answer.entries,
        recommendation_id=answer.recommendation_id,
        filtered=True,
        asked=asked.name,
    )


def _cut(entries: Entries, query: Query) -> Entries:
    return entries if query.num_results is None else entries[: query.num_results]


def _problem(model: Model, error: Exception) -> ProblemError:
    match trouble_of(error):
        case Trouble.MISSING:
            return no_model_yet(model.name)
        case Trouble.REFUSED:
            message = _message_of(error)
            if re.search(_ABSENCE, message, re.IGNORECASE):
                return no_model_yet(model.name)
            detail = f"Amazon Personalize refused the request: {message}"
            return ProblemError(HTTPStatus.BAD_REQUEST, detail)
        case Trouble.THROTTLED:
            return throttled()
        case Trouble.TIMED_OUT:
            return timed_out()
        case _:
            return bad_gateway()


def _message_of(error: Exception) -> str:
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Message", ""))
