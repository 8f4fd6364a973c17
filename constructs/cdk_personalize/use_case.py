"""The use cases of the domains: what recommenders are made for.

The table is that of the developer guide's pages "ECOMMERCE use cases" and "VIDEO_ON_DEMAND use
cases" (ECOMMERCE-use-cases, VIDEO_ON_DEMAND-use-cases); which of them follow events at once is from
"How new data influences real-time recommendations" (how-new-data-influences-recommendations).
"""

from dataclasses import dataclass
from typing import ClassVar

from cdk_personalize._columns import DatasetType, Domain
from cdk_personalize.recipe import Feature, RecipeType, ServiceRecipe

_METADATA = frozenset({DatasetType.ITEMS, DatasetType.USERS})
_FOR_YOU = frozenset(
    {Feature.PROMOTIONS, Feature.CONTEXT, Feature.EXPLORATION, Feature.AUTOMATIC_UPDATES}
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class UseCase(ServiceRecipe):
    """A use case of a domain, which is what a recommender is made for.

    The service's own use cases are attributes of this class; one that is newer than this library
    can be made.
    """

    domain: Domain
    title: str
    """The name of the use case in the guide."""
    needs_user: bool = True
    needs_item: bool = False
    event_type: str | None = None
    """The type of the 1,000 events at least that it needs; None if they may be of any type."""
    excluded_event_type: str | None = None
    """Items with which the user has such an event are left out by the service itself."""
    # All of them support promotions (promoting-items), and none shows scores.
    features: frozenset[Feature] = frozenset({Feature.PROMOTIONS})

    _NOUN: ClassVar[str] = "use case"

    MOST_VIEWED: ClassVar["UseCase"]
    BEST_SELLERS: ClassVar["UseCase"]
    FREQUENTLY_BOUGHT_TOGETHER: ClassVar["UseCase"]
    CUSTOMERS_WHO_VIEWED_X_ALSO_VIEWED: ClassVar["UseCase"]
    RECOMMENDED_FOR_YOU: ClassVar["UseCase"]
    BECAUSE_YOU_WATCHED_X: ClassVar["UseCase"]
    MORE_LIKE_X: ClassVar["UseCase"]
    MOST_POPULAR: ClassVar["UseCase"]
    TRENDING_NOW: ClassVar["UseCase"]
    TOP_PICKS: ClassVar["UseCase"]


UseCase.MOST_VIEWED = UseCase(
    name="aws-ecomm-popular-items-by-views",
    type=RecipeType.POPULAR_ITEMS,
    domain=Domain.ECOMMERCE,
    title="Most viewed",
    event_type="View",
)
UseCase.BEST_SELLERS = UseCase(
    name="aws-ecomm-popular-items-by-purchases",
    type=RecipeType.POPULAR_ITEMS,
    domain=Domain.ECOMMERCE,
    title="Best sellers",
    event_type="Purchase",
)
UseCase.FREQUENTLY_BOUGHT_TOGETHER = UseCase(
    name="aws-ecomm-frequently-bought-together",
    type=RecipeType.RELATED_ITEMS,
    domain=Domain.ECOMMERCE,
    title="Frequently bought together",
    needs_user=False,
    needs_item=True,
    event_type="Purchase",
)
UseCase.CUSTOMERS_WHO_VIEWED_X_ALSO_VIEWED = UseCase(
    name="aws-ecomm-customers-who-viewed-x-also-viewed",
    type=RecipeType.RELATED_ITEMS,
    domain=Domain.ECOMMERCE,
    title="Customers who viewed X also viewed",
    needs_item=True,
    event_type="View",
    excluded_event_type="Purchase",
)
UseCase.RECOMMENDED_FOR_YOU = UseCase(
    name="aws-ecomm-recommended-for-you",
    type=RecipeType.USER_PERSONALIZATION,
    optional_datasets=_METADATA,
    domain=Domain.ECOMMERCE,
    title="Recommended for you",
    real_time=True,
    excluded_event_type="Purchase",
    features=_FOR_YOU,
)
UseCase.BECAUSE_YOU_WATCHED_X = UseCase(
    name="aws-vod-because-you-watched-x",
    type=RecipeType.RELATED_ITEMS,
    domain=Domain.VIDEO_ON_DEMAND,
    title="Because you watched X",
    needs_item=True,
    event_type="Watch",
    excluded_event_type="Watch",
)
UseCase.MORE_LIKE_X = UseCase(
    name="aws-vod-more-like-x",
    type=RecipeType.RELATED_ITEMS,
    required_datasets=frozenset({DatasetType.INTERACTIONS, DatasetType.ITEMS}),
    domain=Domain.VIDEO_ON_DEMAND,
    title="More like X",
    needs_item=True,
    excluded_event_type="Watch",
)
UseCase.MOST_POPULAR = UseCase(
    name="aws-vod-most-popular",
    type=RecipeType.POPULAR_ITEMS,
    domain=Domain.VIDEO_ON_DEMAND,
    title="Most popular",
    event_type="Watch",
)
UseCase.TRENDING_NOW = UseCase(
    name="aws-vod-trending-now",
    type=RecipeType.POPULAR_ITEMS,
    domain=Domain.VIDEO_ON_DEMAND,
    title="Trending now",
    needs_user=False,
    features=frozenset({Feature.PROMOTIONS, Feature.AUTOMATIC_UPDATES}),
)
UseCase.TOP_PICKS = UseCase(
    name="aws-vod-top-picks",
    type=RecipeType.USER_PERSONALIZATION,
    optional_datasets=_METADATA,
    domain=Domain.VIDEO_ON_DEMAND,
    title="Top picks for you",
    real_time=True,
    excluded_event_type="Watch",
    features=_FOR_YOU,
)
