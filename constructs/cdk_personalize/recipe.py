"""The recipes: the algorithms that Amazon Personalize trains with.

The table is that of the developer guide's pages "Choosing a recipe" (working-with-predefined-
recipes) and of each recipe's own page; which recipes follow events at once is from "How new data
influences real-time recommendations" (how-new-data-influences-recommendations).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from cdk_personalize._columns import DatasetType

_INTERACTIONS, _ITEMS, _USERS = DatasetType.INTERACTIONS, DatasetType.ITEMS, DatasetType.USERS
_METADATA = frozenset({_ITEMS, _USERS})


class RecipeType(StrEnum):
    """What a model trained with a recipe answers."""

    USER_PERSONALIZATION = "USER_PERSONALIZATION"
    PERSONALIZED_RANKING = "PERSONALIZED_RANKING"
    RELATED_ITEMS = "RELATED_ITEMS"
    POPULAR_ITEMS = "POPULAR_ITEMS"
    PERSONALIZED_ACTIONS = "PERSONALIZED_ACTIONS"
    USER_SEGMENTATION = "USER_SEGMENTATION"

    @property
    def needs_user(self) -> bool:
        """Whether a request must name a user."""
        return self in {
            RecipeType.USER_PERSONALIZATION,
            RecipeType.PERSONALIZED_RANKING,
            RecipeType.PERSONALIZED_ACTIONS,
        }

    @property
    def needs_item(self) -> bool:
        """Whether a request must name an item."""
        return self is RecipeType.RELATED_ITEMS

    @property
    def is_real_time(self) -> bool:
        """Whether a campaign can serve it; user segments come from batch jobs alone."""
        return self is not RecipeType.USER_SEGMENTATION


@dataclass(frozen=True, slots=True)
class ServiceRecipe:
    """What recipes for custom solutions and the use cases of the domains have in common."""

    name: str
    type: RecipeType
    required_datasets: frozenset[DatasetType] = frozenset({_INTERACTIONS})
    optional_datasets: frozenset[DatasetType] = frozenset()
    real_time: bool = False
    """Whether events move the answers at once, without training."""

    _NOUN: ClassVar[str] = "recipe"

    @property
    def needs_user(self) -> bool:
        """Whether a request must name a user."""
        return self.type.needs_user

    @property
    def needs_item(self) -> bool:
        """Whether a request must name an item."""
        return self.type.needs_item

    def arn(self, partition: str = "aws") -> str:
        """Return the ARN of the recipe, which belongs to no account and no region."""
        return f"arn:{partition}:personalize:::recipe/{self.name}"

    @classmethod
    def all(cls) -> tuple[Self, ...]:
        """Return every one that the service has."""
        return tuple(value for value in vars(cls).values() if isinstance(value, cls))

    @classmethod
    def of(cls, name_or_arn: str) -> Self:
        """Return the one of that name or ARN.

        Raises:
            ValueError: If this library does not know it.
        """
        name = name_or_arn.rpartition("/")[2]
        for known in cls.all():
            if known.name == name:
                return known
        names = ", ".join(known.name for known in cls.all())
        msg = f"a {cls._NOUN} must be one of {names}, got {name_or_arn!r}"
        raise ValueError(msg)

    def __str__(self) -> str:
        """Return the name of the recipe."""
        return self.name


@dataclass(frozen=True, slots=True)
class Recipe(ServiceRecipe):
    """A recipe for custom solutions.

    The service's own recipes are attributes of this class; one that is newer than this library
    can be made: `Recipe("aws-new", RecipeType.RELATED_ITEMS)`.

    Example:
        ```python
        Solution(self, "ForYou", dataset_group=group, recipe=Recipe.USER_PERSONALIZATION_V2)
        ```
    """

    is_legacy: bool = False
    """Whether the guide calls it a legacy recipe, to be replaced by a newer one."""

    USER_PERSONALIZATION_V2: ClassVar["Recipe"]
    USER_PERSONALIZATION: ClassVar["Recipe"]
    HRNN: ClassVar["Recipe"]
    HRNN_METADATA: ClassVar["Recipe"]
    HRNN_COLDSTART: ClassVar["Recipe"]
    PERSONALIZED_RANKING_V2: ClassVar["Recipe"]
    PERSONALIZED_RANKING: ClassVar["Recipe"]
    SIMILAR_ITEMS: ClassVar["Recipe"]
    SIMS: ClassVar["Recipe"]
    SEMANTIC_SIMILARITY: ClassVar["Recipe"]
    TRENDING_NOW: ClassVar["Recipe"]
    POPULARITY_COUNT: ClassVar["Recipe"]
    NEXT_BEST_ACTION: ClassVar["Recipe"]
    ITEM_AFFINITY: ClassVar["Recipe"]
    ITEM_ATTRIBUTE_AFFINITY: ClassVar["Recipe"]


Recipe.USER_PERSONALIZATION_V2 = Recipe(
    "aws-user-personalization-v2",
    RecipeType.USER_PERSONALIZATION,
    optional_datasets=_METADATA,
    real_time=True,
)
Recipe.USER_PERSONALIZATION = Recipe(
    "aws-user-personalization",
    RecipeType.USER_PERSONALIZATION,
    optional_datasets=_METADATA,
    real_time=True,
)
Recipe.HRNN = Recipe("aws-hrnn", RecipeType.USER_PERSONALIZATION, is_legacy=True)
Recipe.HRNN_METADATA = Recipe(
    "aws-hrnn-metadata",
    RecipeType.USER_PERSONALIZATION,
    optional_datasets=_METADATA,
    is_legacy=True,
)
Recipe.HRNN_COLDSTART = Recipe(
    "aws-hrnn-coldstart",
    RecipeType.USER_PERSONALIZATION,
    optional_datasets=_METADATA,
    is_legacy=True,
)
Recipe.PERSONALIZED_RANKING_V2 = Recipe(
    "aws-personalized-ranking-v2",
    RecipeType.PERSONALIZED_RANKING,
    optional_datasets=_METADATA,
    real_time=True,
)
Recipe.PERSONALIZED_RANKING = Recipe(
    "aws-personalized-ranking",
    RecipeType.PERSONALIZED_RANKING,
    optional_datasets=_METADATA,
    real_time=True,
)
Recipe.SIMILAR_ITEMS = Recipe(
    "aws-similar-items", RecipeType.RELATED_ITEMS, optional_datasets=frozenset({_ITEMS})
)
Recipe.SIMS = Recipe("aws-sims", RecipeType.RELATED_ITEMS)
Recipe.SEMANTIC_SIMILARITY = Recipe(
    "aws-semantic-similarity",
    RecipeType.RELATED_ITEMS,
    required_datasets=frozenset({_ITEMS}),
    optional_datasets=frozenset({_INTERACTIONS}),
)
Recipe.TRENDING_NOW = Recipe("aws-trending-now", RecipeType.POPULAR_ITEMS)
Recipe.POPULARITY_COUNT = Recipe("aws-popularity-count", RecipeType.POPULAR_ITEMS)
Recipe.NEXT_BEST_ACTION = Recipe(
    "aws-next-best-action",
    RecipeType.PERSONALIZED_ACTIONS,
    required_datasets=frozenset({DatasetType.ACTIONS, _INTERACTIONS}),
    optional_datasets=_METADATA | {DatasetType.ACTION_INTERACTIONS},
    real_time=True,
)
Recipe.ITEM_AFFINITY = Recipe("aws-item-affinity", RecipeType.USER_SEGMENTATION)
Recipe.ITEM_ATTRIBUTE_AFFINITY = Recipe(
    "aws-item-attribute-affinity",
    RecipeType.USER_SEGMENTATION,
    required_datasets=frozenset({_INTERACTIONS, _ITEMS}),
)
