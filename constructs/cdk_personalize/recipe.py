"""The recipes: the algorithms that Amazon Personalize trains with.

The table is that of the developer guide's pages "Choosing a recipe" (working-with-predefined-
recipes) and of each recipe's own page; what each supports is from the pages that `Feature` names.
Which recipes follow events at once is from "How new data influences real-time recommendations"
(how-new-data-influences-recommendations).
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


class Feature(StrEnum):
    """What some recipes and use cases support, and others do not.

    Each names the page of the developer guide that says which ones do; most say it in prose, and
    what a page says of "all recipes" is no feature. See `ServiceRecipe.supports`.
    """

    AUTO_ML = "AUTO_ML"
    """`performAutoML` chooses from them (training-solution-auto-ml)."""
    EVENTS_CONFIG = "EVENTS_CONFIG"
    """`eventsConfig`: weights of event types (optimizing-solution-events-config)."""
    OBJECTIVE = "OBJECTIVE"
    """`optimizationObjective` (optimizing-solution-for-objective).

    "User-Personalization or Personalized-Ranking", says the page, which elsewhere names the recipes
    of version 2 apart. The legacy ones are not meant.
    """
    INCREMENTAL_UPDATE = "INCREMENTAL_UPDATE"
    """`performIncrementalUpdate` (native-recipe-semantic-similarity)."""
    UPDATE_MODE = "UPDATE_MODE"
    """Training in the mode UPDATE, on top of a full one (creating-a-solution-version)."""
    AUTOMATIC_UPDATES = "AUTOMATIC_UPDATES"
    """Models take in new data every two hours (use-case-recipe-features)."""
    EXPLORATION = "EXPLORATION"
    """`itemExplorationConfig` of campaigns, recommenders and batch inference (campaigns)."""
    RANKING_INFLUENCE = "RANKING_INFLUENCE"
    """`rankingInfluence` of campaigns and batch inference (native-recipe-semantic-similarity)."""
    PROMOTIONS = "PROMOTIONS"
    """Requests can have promotions (promoting-items)."""
    CONTEXT = "CONTEXT"
    """The contextual metadata of a request counts (contextual-metadata)."""
    SCORES = "SCORES"
    """Answers have scores (recommendations, "How recommendation scoring works")."""
    REASONS = "REASONS"
    """Answers say why an item is there that the model itself would not recommend
    (recommendations, "Recommendation reasons")."""
    METADATA = "METADATA"
    """Answers can have metadata without being configured to (campaigns)."""
    BATCH_INFERENCE = "BATCH_INFERENCE"
    """Batch inference jobs (batch-data-upload)."""
    THEMES = "THEMES"
    """Batch inference with themes (themed-batch-recommendations)."""


@dataclass(frozen=True, slots=True, repr=False)
class ServiceRecipe:
    """What recipes for custom solutions and the use cases of the domains have in common."""

    name: str
    type: RecipeType
    required_datasets: frozenset[DatasetType] = frozenset({_INTERACTIONS})
    optional_datasets: frozenset[DatasetType] = frozenset()
    real_time: bool = False
    """Whether events move the answers at once, without training."""
    features: frozenset[Feature] = frozenset()
    """What it supports that others do not."""

    _NOUN: ClassVar[str] = "recipe"

    @property
    def needs_user(self) -> bool:
        """Whether a request must name a user."""
        return self.type.needs_user

    @property
    def needs_item(self) -> bool:
        """Whether a request must name an item."""
        return self.type.needs_item

    @property
    def is_known(self) -> bool:
        """Whether it is one that this library has, so that what it does not support is known."""
        return self in type(self).all()

    def supports(self, feature: Feature) -> bool:
        """Tell whether it has a feature."""
        return feature in self.features

    @classmethod
    def supporting(cls, feature: Feature) -> tuple[Self, ...]:
        """Return those that have a feature."""
        return tuple(one for one in cls.all() if one.supports(feature))

    def findings_of_feature(self, feature: Feature, member: str) -> list[str]:
        """Return why `member` of a request is not for it; what is newer than this library may be.

        Args:
            feature: What the member asks for.
            member: What the API calls it.
        """
        if not self.is_known or self.supports(feature):
            return []
        those = " and ".join(map(str, self.supporting(feature)))
        return [f"{member} is for {those}, not for {self}"]

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

    def __repr__(self) -> str:
        """Return the name and what it is; its features would fill a page, in any order."""
        return f"{type(self).__name__}({self.name!r})"


@dataclass(frozen=True, slots=True, repr=False)
class Recipe(ServiceRecipe):
    """A recipe for custom solutions.

    The service's own recipes are attributes of this class; one that is newer than this library
    can be made: `Recipe("aws-new", RecipeType.RELATED_ITEMS)`. Whether a solution fits such a
    recipe is left to the service.

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


_OF_HRNN = frozenset({Feature.AUTO_ML, Feature.SCORES, Feature.BATCH_INFERENCE})
_OF_RANKING = frozenset({Feature.CONTEXT, Feature.SCORES, Feature.BATCH_INFERENCE})

Recipe.USER_PERSONALIZATION_V2 = Recipe(
    "aws-user-personalization-v2",
    RecipeType.USER_PERSONALIZATION,
    optional_datasets=_METADATA,
    real_time=True,
    features=frozenset(
        {
            Feature.EVENTS_CONFIG,
            Feature.AUTOMATIC_UPDATES,
            Feature.PROMOTIONS,
            Feature.CONTEXT,
            Feature.SCORES,
            Feature.REASONS,
            Feature.METADATA,
            Feature.BATCH_INFERENCE,
        }
    ),
)
Recipe.USER_PERSONALIZATION = Recipe(
    "aws-user-personalization",
    RecipeType.USER_PERSONALIZATION,
    optional_datasets=_METADATA,
    real_time=True,
    features=frozenset(
        {
            Feature.OBJECTIVE,
            Feature.UPDATE_MODE,
            Feature.AUTOMATIC_UPDATES,
            Feature.EXPLORATION,
            Feature.PROMOTIONS,
            Feature.CONTEXT,
            Feature.SCORES,
            Feature.BATCH_INFERENCE,
        }
    ),
)
Recipe.HRNN = Recipe("aws-hrnn", RecipeType.USER_PERSONALIZATION, features=_OF_HRNN, is_legacy=True)
Recipe.HRNN_METADATA = Recipe(
    "aws-hrnn-metadata",
    RecipeType.USER_PERSONALIZATION,
    optional_datasets=_METADATA,
    features=_OF_HRNN,
    is_legacy=True,
)
Recipe.HRNN_COLDSTART = Recipe(
    "aws-hrnn-coldstart",
    RecipeType.USER_PERSONALIZATION,
    optional_datasets=_METADATA,
    features=_OF_HRNN | {Feature.UPDATE_MODE},
    is_legacy=True,
)
Recipe.PERSONALIZED_RANKING_V2 = Recipe(
    "aws-personalized-ranking-v2",
    RecipeType.PERSONALIZED_RANKING,
    optional_datasets=_METADATA,
    real_time=True,
    features=_OF_RANKING | {Feature.EVENTS_CONFIG, Feature.METADATA},
)
Recipe.PERSONALIZED_RANKING = Recipe(
    "aws-personalized-ranking",
    RecipeType.PERSONALIZED_RANKING,
    optional_datasets=_METADATA,
    real_time=True,
    features=_OF_RANKING | {Feature.OBJECTIVE},
)
Recipe.SIMILAR_ITEMS = Recipe(
    "aws-similar-items",
    RecipeType.RELATED_ITEMS,
    optional_datasets=frozenset({_ITEMS}),
    features=frozenset({Feature.PROMOTIONS, Feature.BATCH_INFERENCE, Feature.THEMES}),
)
Recipe.SIMS = Recipe(
    "aws-sims",
    RecipeType.RELATED_ITEMS,
    features=frozenset({Feature.PROMOTIONS, Feature.BATCH_INFERENCE}),
)
Recipe.SEMANTIC_SIMILARITY = Recipe(
    "aws-semantic-similarity",
    RecipeType.RELATED_ITEMS,
    required_datasets=frozenset({_ITEMS}),
    optional_datasets=frozenset({_INTERACTIONS}),
    features=frozenset(
        {
            Feature.INCREMENTAL_UPDATE,
            Feature.RANKING_INFLUENCE,
            Feature.SCORES,
            Feature.METADATA,
            Feature.BATCH_INFERENCE,
        }
    ),
)
Recipe.TRENDING_NOW = Recipe(
    "aws-trending-now",
    RecipeType.POPULAR_ITEMS,
    features=frozenset({Feature.PROMOTIONS, Feature.SCORES}),
)
Recipe.POPULARITY_COUNT = Recipe(
    "aws-popularity-count",
    RecipeType.POPULAR_ITEMS,
    features=frozenset({Feature.PROMOTIONS, Feature.BATCH_INFERENCE}),
)
Recipe.NEXT_BEST_ACTION = Recipe(
    "aws-next-best-action",
    RecipeType.PERSONALIZED_ACTIONS,
    required_datasets=frozenset({DatasetType.ACTIONS, _INTERACTIONS}),
    optional_datasets=_METADATA | {DatasetType.ACTION_INTERACTIONS},
    real_time=True,
    features=frozenset({Feature.AUTOMATIC_UPDATES, Feature.SCORES}),
)
Recipe.ITEM_AFFINITY = Recipe("aws-item-affinity", RecipeType.USER_SEGMENTATION)
Recipe.ITEM_ATTRIBUTE_AFFINITY = Recipe(
    "aws-item-attribute-affinity",
    RecipeType.USER_SEGMENTATION,
    required_datasets=frozenset({_INTERACTIONS, _ITEMS}),
)
