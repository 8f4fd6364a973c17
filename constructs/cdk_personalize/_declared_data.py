"""The datasets of a group as far as an app declares them, and what is checked against them.

They may be defined after what learns from them, so they are looked at when the app is synthesised.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from constructs import Construct

from cdk_personalize._checks import check_at_synth
from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.recipe import ServiceRecipe
from cdk_personalize.training_data import Schemas, findings_of_datasets, findings_of_recipe


@dataclass(frozen=True, slots=True)
class DeclaredData:
    """What the datasets of a group are.

    Attributes:
        dataset_types: The types of the datasets.
        schemas: Their columns, as far as they are known.
        is_complete: Whether these are all datasets of the group.
    """

    dataset_types: frozenset[DatasetType]
    schemas: Schemas
    is_complete: bool

    @classmethod
    def of(cls, dataset_group: IDatasetGroup) -> Self:
        """Return what is declared of a group by now."""
        declared = {each.dataset_type: each.schema.avro for each in dataset_group.datasets}
        schemas = {kind: avro for kind, avro in declared.items() if avro is not None}
        return cls(frozenset(declared), schemas, dataset_group.is_complete)

    @property
    def is_known(self) -> bool:
        """Whether these are all datasets, and the columns of each are known."""
        return self.is_complete and len(self.schemas) == len(self.dataset_types)

    def findings_of_needs(self, recipe: ServiceRecipe) -> list[str]:
        """Return which datasets and columns a recipe needs and lacks."""
        found = findings_of_datasets(recipe, self.dataset_types) if self.is_complete else []
        return found + findings_of_recipe(recipe, self.schemas)


def check_data(
    construct: Construct,
    dataset_group: IDatasetGroup,
    findings: Callable[[DeclaredData], list[str]],
) -> None:
    """Have the synthesis fail with what `findings` returns of the data of a group, if anything."""
    check_at_synth(construct, lambda: findings(DeclaredData.of(dataset_group)))
