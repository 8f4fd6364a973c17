"""How the routes of a recommendation API answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from aws_cdk import Duration

from cdk_personalize.recipe import Recipe, RecipeType, ServiceRecipe
from cdk_personalize.use_case import UseCase

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_ssm as ssm

MAX_LIMIT_SECONDS = 29
"""An HTTP API waits 30 seconds for a function (API Gateway quotas), a REST API 29."""
MAX_FALLBACK_IDS = 100
_DEFAULT_LIMIT_SECONDS = 3
_KEY_PREFIX = "fallback/"


class ApiRoute(StrEnum):
    """A route that models answer; the value is its path, without the slash."""

    RECOMMENDATIONS = "recommendations"
    RELATED = "related"
    POPULAR = "popular"
    TRENDING = "trending"
    RANKING = "ranking"
    ACTIONS = "actions"

    @property
    def method(self) -> str:
        """The only method of the route."""
        return "POST" if self is ApiRoute.RANKING else "GET"

    @classmethod
    def of(cls, recipe: ServiceRecipe) -> "ApiRoute | None":
        """Return the route that a recipe or a use case answers; None if it answers nobody."""
        if recipe in (Recipe.TRENDING_NOW, UseCase.TRENDING_NOW):
            return cls.TRENDING
        return _ROUTES.get(recipe.type)


_ROUTES: Mapping[RecipeType, ApiRoute] = {
    RecipeType.USER_PERSONALIZATION: ApiRoute.RECOMMENDATIONS,
    RecipeType.RELATED_ITEMS: ApiRoute.RELATED,
    RecipeType.POPULAR_ITEMS: ApiRoute.POPULAR,
    RecipeType.PERSONALIZED_RANKING: ApiRoute.RANKING,
    RecipeType.PERSONALIZED_ACTIONS: ApiRoute.ACTIONS,
}


@dataclass(frozen=True, kw_only=True)
class LastGoodList:
    """Where the last good list of a model is kept.

    Args:
        model: The model, of `GET /popular` or `GET /trending`, and not one that needs a user.
        bucket: The bucket.
        key_prefix: What its key begins with.
        refreshed_every: How often the model is asked for it.
    """

    model: str
    bucket: "s3.IBucket"
    key_prefix: str = _KEY_PREFIX
    refreshed_every: Duration = field(default_factory=lambda: Duration.hours(1))


@dataclass(frozen=True, kw_only=True)
class Fallback:
    """What answers where a model does not: it is down, slow, throttled, or not trained yet.

    Example:
        ```python
        RouteOptions(
            fallbacks=[
                Fallback.to_model("popular"),
                Fallback.to_last_good_list("popular", bucket=bucket),
                Fallback.to_items("tea", "cup"),
            ]
        )
        ```
    """

    model: str | None = None
    last_good_list: LastGoodList | None = None
    ids: Sequence[str] = ()

    @classmethod
    def to_model(cls, name: str) -> "Fallback":
        """Let another model of the API answer.

        Args:
            name: The name of the model.
        """
        return cls(model=name)

    @classmethod
    def to_last_good_list(
        cls,
        model: str,
        *,
        bucket: "s3.IBucket",
        key_prefix: str = _KEY_PREFIX,
        refreshed_every: Duration | None = None,
    ) -> "Fallback":
        """Let a list answer that a model gave when all was well.

        The function asks the model for it and puts it into the bucket, so that it is there when
        neither the model nor any other answers. No filter is applied to it; the answer says so.

        Args:
            model: The model, of `GET /popular` or `GET /trending`, that needs to know no user.
            bucket: Where the list is kept.
            key_prefix: What its key begins with.
            refreshed_every: How often the model is asked (default: once an hour).
        """
        every = refreshed_every or Duration.hours(1)
        kept = LastGoodList(
            model=model, bucket=bucket, key_prefix=key_prefix, refreshed_every=every
        )
        return cls(last_good_list=kept)

    @classmethod
    def to_items(cls, *item_ids: str) -> "Fallback":
        """Let a list of the stack answer; no filter is applied to it, and the answer says so.

        Args:
            item_ids: The items, the best before the others; on `GET /actions` they are actions.

        Raises:
            ValueError: If there are none, or more than 100.
        """
        if not 1 <= len(item_ids) <= MAX_FALLBACK_IDS:
            msg = f"a list must have 1 to {MAX_FALLBACK_IDS} items, got {len(item_ids)}"
            raise ValueError(msg)
        return cls(ids=item_ids)

    @classmethod
    def to_given_order(cls) -> "Fallback":
        """Let a ranking answer with the items in the order in which it was given them."""
        return cls()

    @property
    def is_given_order(self) -> bool:
        """Whether it is the order that a ranking was given."""
        return self.model is None and self.last_good_list is None and not self.ids

    def as_setting(self) -> dict[str, Any]:
        """Return it as the function reads it."""
        if self.model is not None:
            return {"model": self.model}
        if self.last_good_list is not None:
            return {"lastGood": self.last_good_list.model}
        return {"ids": list(self.ids)} if self.ids else {}


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A split of the users of a route over its models.

    A user is always shown the answers of the same model, until weights change; then as few users
    move as can be. Each answer tells what the events that come of it are attributed to, and the API
    puts an event `exposure` on the stream when a user is shown a variant: a `MetricAttribution`
    then compares them in CloudWatch.

    Args:
        name: Its name; another name is another split.
        weights: The weight of each model, in any measure.
        parameter: An SSM parameter with other weights, as JSON; the function reads it at most once
            a minute (default: the weights change by a deployment).
    """

    name: str
    weights: Mapping[str, float]
    parameter: "ssm.IStringParameter | None" = None

    def __post_init__(self) -> None:
        """Check what can be checked without the models."""
        if not self.name or not self.name.isascii() or "/" in self.name:
            msg = f"the name of an experiment must be ASCII without a slash, got {self.name!r}"
            raise ValueError(msg)
        if not self.weights or any(weight < 0 for weight in self.weights.values()):
            msg = f"the weights of an experiment must be 0 or more, got {dict(self.weights)}"
            raise ValueError(msg)
        if not any(self.weights.values()):
            msg = f"one weight of an experiment must be above 0, got {dict(self.weights)}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True)
class Caching:
    """How long answers may be kept: by browsers and CloudFront, and in the memory of the function.

    Args:
        of_user: How long the browser of a user may keep an answer to a request that names a user
            (default: not at all).
        of_anyone: The same of a request that names none (default: not at all).
        is_public: Whether CloudFront may give the answers of `of_anyone` to everybody.
        stale_while_revalidate: How long after that an answer may be shown while it is asked anew.
        stale_if_error: How long after that an answer will do if there is no other.
        in_memory: How long the function keeps an answer to a request that names no user: it has
            a thousand of them at most (default: not at all).
    """

    of_user: Duration | None = None
    of_anyone: Duration | None = None
    is_public: bool = False
    stale_while_revalidate: Duration | None = None
    stale_if_error: Duration | None = None
    in_memory: Duration | None = None

    def as_setting(self) -> dict[str, Any]:
        """Return it as the function reads it."""
        more = {
            "staleWhileRevalidate": self.stale_while_revalidate,
            "staleIfError": self.stale_if_error,
        }
        stale = {name: int(one.to_seconds()) for name, one in more.items() if one is not None}
        cache: dict[str, Any] = {}
        if self.of_user is not None:
            cache["user"] = {"maxAge": int(self.of_user.to_seconds()), **stale}
        if self.of_anyone is not None:
            public = {"public": True} if self.is_public else {}
            cache["anyone"] = {"maxAge": int(self.of_anyone.to_seconds()), **public, **stale}
        keep = {} if self.in_memory is None else {"keep": self.in_memory.to_seconds()}
        return ({"cache": cache} if cache else {}) | keep


@dataclass(frozen=True, kw_only=True)
class RouteOptions:
    """How a route answers.

    Args:
        limit: In how long it answers, one way or another; at most 29 seconds.
        filter: The name of a filter that all its answers go through, so that requests cannot name
            another (default: what the request says).
        filter_values: The values for the placeholders of that filter.
        promotion: The name of what is promoted where a request names nothing (default: nothing).
        fallbacks: What answers where the model does not, in this order (default: an error does).
        experiment: The models that share the route (default: the first one answers).
        caching: How long answers may be kept (default: not at all).
    """

    limit: Duration = field(default_factory=lambda: Duration.seconds(_DEFAULT_LIMIT_SECONDS))
    filter: str | None = None
    filter_values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    promotion: str | None = None
    fallbacks: Sequence[Fallback] = ()
    experiment: Experiment | None = None
    caching: Caching | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without the models."""
        seconds = self.limit.to_seconds()
        if not 0 < seconds <= MAX_LIMIT_SECONDS:
            msg = f"limit must be up to {MAX_LIMIT_SECONDS} seconds, got {seconds:g}"
            raise ValueError(msg)
        if self.filter_values and self.filter is None:
            msg = f"filter_values must come with a filter, got {dict(self.filter_values)} alone"
            raise ValueError(msg)

    def as_setting(self) -> dict[str, Any]:
        """Return it as the function reads it."""
        setting: dict[str, Any] = {}
        if (seconds := self.limit.to_seconds()) != _DEFAULT_LIMIT_SECONDS:
            setting["limit"] = seconds
        if self.filter is not None:
            setting["filter"] = self.filter
        if self.filter_values:
            setting["values"] = {name: list(of) for name, of in self.filter_values.items()}
        if self.promotion is not None:
            setting["promotion"] = self.promotion
        if self.fallbacks:
            setting["fallbacks"] = [fallback.as_setting() for fallback in self.fallbacks]
        if self.experiment is not None:
            parameter = self.experiment.parameter
            setting["experiment"] = {
                "name": self.experiment.name,
                "weights": dict(self.experiment.weights),
                **({} if parameter is None else {"parameter": parameter.parameter_name}),
            }
        return setting | (self.caching.as_setting() if self.caching else {})
