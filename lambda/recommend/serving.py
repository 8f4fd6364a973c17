"""From a request for recommendations to its answer: context, experiment, cache and measures."""

import json
import time
from collections.abc import Callable, Hashable
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from recommend.answers import Answer, recommendation
from recommend.declarations import Model, Route
from recommend.http_caching import CachePolicy
from recommend.http_request import Request
from recommend.list_cache import ExpiringCache
from recommend.problems import ProblemError
from recommend.recommendations import Recommender, Served
from recommend.requests import Query, Values

if TYPE_CHECKING:
    from recommend.experiments import Experiment, Exposures, Weights
    from recommend.item_table import ItemTable
    from recommend.request_context import RequestContext

_MOST_KEPT = 1000
"""The answers that a process keeps: some kilobytes each."""
_STALE_SECONDS = 3600.0
# What is not the answer itself must not hold it up for long.
_MOST_FOR_METADATA = _MOST_FOR_EXPOSURE = 0.5
_SHARE_FOR_WEIGHTS = 0.25
# Those whose recipes know contextual metadata.
_CONTEXTUAL = frozenset({Route.RECOMMENDATIONS, Route.RANKING})


class Told(NamedTuple):
    """What is measured of an answer.

    Attributes:
        served: What answered.
        seconds: How long it took.
        cached: Whether it was kept from another request.
        user_id: The user of the request, if the log may name users.
    """

    served: Served
    seconds: float
    cached: bool
    user_id: str | None = None


class Serving:
    """Serves one route."""

    def __init__(
        self,
        route: Route,
        recommender: Recommender,
        *,
        context: "RequestContext | None",
        weights: "Weights | None",
        exposures: "Exposures | None",
        item_table: "ItemTable | None",
        user_claim: str | None,
        names_users: bool,
        told: Callable[[Route, Told], None],
    ) -> None:
        """Serve a route.

        Args:
            route: The route.
            recommender: What answers.
            context: What the headers of a request tell, if the stack lets them.
            weights: The experiment of the route, if there is one.
            exposures: Where it is told who was shown what, if the stack has a stream.
            item_table: What the items are like, if the stack has a table of them.
            user_claim: The claim of a token that names its user, where users are bound to it.
            names_users: Whether the log may name users.
            told: Takes what is measured of each answer.
        """
        self._route = route
        self._recommender = recommender
        self._settings = recommender.declarations.settings[route]
        self._cache_control = {
            kind: CachePolicy.of(settings).cache_control
            for kind, settings in self._settings.cache.items()
        }
        models = recommender.declarations.models_of(route)
        self._needs_user = any(model.needs_user for model in models)
        self._context = context
        self._weights = weights
        self._exposures = exposures
        self._item_table = item_table
        self._user_claim = user_claim
        self._names_users = names_users
        self._told = told
        self._kept: ExpiringCache[Served] = ExpiringCache(
            most=_MOST_KEPT if self._settings.keep else 0,
            seconds=self._settings.keep,
            stale_seconds=_STALE_SECONDS,
        )

    def answer(self, request: Request, *, within: float) -> Answer:
        """Answer a request.

        Raises:
            ProblemError: If the request is at fault, or nothing can answer it.
        """
        started = time.monotonic()
        until = started + min(within, self._settings.limit)
        query = Query.of(
            request, self._route, user_claim=self._user_claim, needs_user=self._needs_user
        )
        query = self._with_context(query, request)
        model, experiment = self._model(query)
        served, cached = self._served(query, model, until - time.monotonic())
        user_id = query.user_id if self._names_users else None
        self._told(self._route, Told(served, time.monotonic() - started, cached, user_id))
        served = self._with_metadata(query, served, until)
        source = None
        if experiment is not None and query.user_id is not None and not served.is_fallback:
            source = experiment.source(served.asked)
            self._expose(source, query.user_id, served, until)
        return recommendation(self._route, query, served, self._cache_control, source=source)

    def _with_context(self, query: Query, request: Request) -> Query:
        """Add what the headers tell; what the request says itself counts."""
        if self._context is None or self._route not in _CONTEXTUAL:
            return query
        told = self._context.of(request.headers, time.time())
        return query._replace(context={**told, **query.context}) if told else query

    def _model(self, query: Query) -> tuple[Model | None, "Experiment | None"]:
        """Return the model that the experiment gives a user, unless the request names one."""
        if self._weights is None or query.user_id is None or query.model is not None:
            return None, None
        limit = self._settings.limit
        experiment = self._weights.experiment(within=_SHARE_FOR_WEIGHTS * limit)
        name = experiment.variant(query.user_id)
        return self._recommender.declarations.model(self._route, name), experiment

    def _served(self, query: Query, model: Model | None, within: float) -> tuple[Served, bool]:
        """Return what answers a query: what is kept, if it is nobody's."""
        # What a user is shown is the user's, and so is what the context says of him.
        key = None if query.user_id is not None or not self._settings.keep else _key_of(query)
        kept = None if key is None else self._kept.fresh(key)
        if kept is not None:
            return kept, True
        try:
            served = self._recommender.recommend(self._route, query, within=within, model=model)
        except ProblemError as problem:
            stale = None if key is None else self._kept.stale(key)
            if stale is None or problem.status < HTTPStatus.TOO_MANY_REQUESTS:
                raise
            return stale, True
        if key is not None and not served.is_fallback:
            self._kept.put(key, served)
        return served, False

    def _with_metadata(self, query: Query, served: Served, until: float) -> Served:
        """Add what the table says of the items; without it the answer is an answer still."""
        if self._item_table is None or not query.columns or self._route is Route.ACTIONS:
            return served
        from personalize_runtime.retries import Deadline  # noqa: PLC0415, as few APIs have a table

        until = min(until, time.monotonic() + _MOST_FOR_METADATA)
        deadline = Deadline(lambda: until - time.monotonic(), reserve=0, call=0)
        ids = [entry["itemId"] for entry in served.entries]
        items = self._item_table.metadata(ids, query.columns, deadline).items
        entries = [{**entry, "metadata": items.get(entry["itemId"])} for entry in served.entries]
        return served._replace(entries=entries)

    def _expose(self, source: str, user_id: str, served: Served, until: float) -> None:
        if self._exposures is None or self._route is Route.ACTIONS:
            return
        self._exposures.expose(
            source,
            user_id=user_id,
            item_ids=[entry["itemId"] for entry in served.entries],
            recommendation_id=served.recommendation_id,
            within=min(until - time.monotonic(), _MOST_FOR_EXPOSURE),
        )


def _key_of(query: Query) -> Hashable:
    return (
        query.model,
        query.item_id,
        query.num_results,
        query.filter,
        _values_key(query.filter_values),
        query.promotion,
        _values_key(query.promotion_values),
        tuple(sorted(query.context.items())),
        None if query.fields is None else tuple(query.fields),
    )


def _values_key(values: Values) -> Hashable:
    return json.dumps(dict(values), sort_keys=True)
