"""What a `solutionConfig` may say, which depends on the recipe and on the group's columns."""

from __future__ import annotations

from cdk_personalize.recipe import ServiceRecipe
from cdk_personalize.solution_config import findings, findings_of_columns, findings_of_schedule
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.group_data import GroupData
from personalize_emulator.resources.training_config import require_none
from personalize_emulator.store import Document


def require_fit(request: Document, recipe: ServiceRecipe, data: GroupData) -> None:
    """Refuse a request for a solution that does not go with its recipe, or with the columns.

    Args:
        request: The request, with its `solutionConfig`.
        recipe: The recipe.
        data: The dataset group. Columns of a dataset that is not there yet cannot be named.

    Raises:
        InvalidInputError: There is such a thing in it.
    """
    found = findings(request, recipe)
    require_none(found + findings_of_columns(request, data.schemas(), complete=True))


def require_schedule(config: Document) -> None:
    """Refuse a schedule that no solution can have.

    Raises:
        InvalidInputError: It trains too rarely, or too often.
    """
    require_none(findings_of_schedule(config))


def candidates_of(config: Document) -> list[str] | None:
    """Return the ARNs that an `autoMLConfig` lists, None if it lists none.

    Raises:
        InvalidInputError: There is a metric without a list, or a list without a metric.
    """
    auto_ml = config.get("autoMLConfig", {})
    if ("metricName" in auto_ml) != bool(auto_ml.get("recipeList")):
        msg = "autoMLConfig has a metricName and a recipeList, or neither."
        raise InvalidInputError(msg)
    return auto_ml.get("recipeList") or None
