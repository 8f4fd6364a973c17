"""Amazon Personalize's filters: parse an expression, check it against the schemas.

The rules are those of the developer guide's pages "Guidelines and requirements"
(filter-expression-guidelines-requirements), "Filter expression structure and elements"
(creating-filter-expressions) and "Amazon Personalize endpoints and quotas" (limits); the number
and length of placeholders are those of the runtime API's FilterValues. Pure Python: the
constructs check with it at synth, the emulator filters with it.
"""

from collections.abc import Iterator, Mapping

from cdk_personalize._filter_syntax import (
    MAX_LENGTH,
    Action,
    Column,
    Condition,
    Current,
    Everything,
    Expression,
    FilterExpression,
    FilterSyntaxError,
    Operator,
    Placeholder,
    Target,
    parse,
)
from cdk_personalize.avro_schema import AvroSchema, DatasetType
from cdk_personalize.recipe import Recipe, RecipeType, ServiceRecipe

__all__ = [
    "MAX_FIELDS",
    "MAX_FIELDS_OF_GROUP",
    "MAX_LENGTH",
    "MAX_PLACEHOLDERS",
    "MAX_PLACEHOLDER_LENGTH",
    "Action",
    "Column",
    "Condition",
    "Current",
    "Everything",
    "Expression",
    "FilterExpression",
    "FilterSyntaxError",
    "Operator",
    "Placeholder",
    "Target",
    "findings",
    "findings_of_use",
    "parse",
]

MAX_FIELDS = 10
MAX_FIELDS_OF_GROUP = 20
MAX_PLACEHOLDERS = 25
MAX_PLACEHOLDER_LENGTH = 50

_EVENTS = frozenset({DatasetType.INTERACTIONS, DatasetType.ACTION_INTERACTIONS})
_DATASETS_OF_TARGET: dict[Target, tuple[DatasetType, ...]] = {
    Target.ITEM: (DatasetType.ITEMS, DatasetType.INTERACTIONS),
    Target.USER: (DatasetType.USERS, DatasetType.INTERACTIONS),
    # The guidelines speak of filters by item interactions and actions; no example has one.
    Target.ACTION: (DatasetType.ACTIONS, *sorted(_EVENTS)),
}
_TARGETS = {
    RecipeType.USER_SEGMENTATION: Target.USER,
    RecipeType.PERSONALIZED_ACTIONS: Target.ACTION,
}
_AUTOMATIC = frozenset({"EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP", "REPEAT_FREQUENCY"})


def findings(
    expression: FilterExpression,
    schemas: Mapping[DatasetType, AvroSchema],
    *,
    complete: bool = False,
) -> list[str]:
    """Return every rule that a filter breaks; none if it is fine.

    Args:
        expression: The filter.
        schemas: The schemas of the data sets that are known; their columns are looked up.
        complete: Whether these are all data sets of the group, so that no other can be used.
    """
    found: list[str] = []
    for part in expression.expressions:
        found += _findings_of_where(part)
        found += _findings_of_if(part)
    for condition in expression.conditions:
        found += _findings_of_condition(condition)
        columns = [condition.column]
        if isinstance(condition.operand, Column):
            columns.append(condition.operand)
        for column in columns:
            problems = _findings_of_column(column, schemas, complete=complete)
            found += [_at(condition.position, problem) for problem in problems]
    found += _findings_of_limits(expression)
    return list(dict.fromkeys(found))


def findings_of_use(expression: FilterExpression, recipe: ServiceRecipe) -> list[str]:
    """Return why what a recipe answers cannot be filtered by an expression; none if it can.

    Args:
        expression: The filter.
        recipe: What the solution or the recommender learns.
    """
    target = _TARGETS.get(recipe.type, Target.ITEM)
    found = [
        f"{recipe} answers what {target} filters, got {other}"
        for other in dict.fromkeys(each.target for each in expression.expressions)
        if other is not target
    ]
    if expression.uses_current_item and recipe.type is not RecipeType.RELATED_ITEMS:
        found.append(f"CurrentItem is for related items, not for {recipe}")
    by_interactions = any(column.source in _EVENTS for column in expression.columns)
    if recipe == Recipe.ITEM_ATTRIBUTE_AFFINITY and by_interactions:
        found.append(f"{recipe} cannot be filtered by Interactions")
    return found


def _at(position: int, problem: str) -> str:
    return f"{problem}, at character {position}"


def _findings_of_where(part: Expression) -> Iterator[str]:
    first = part.conditions[0].column.source
    for condition in part.conditions:
        source = condition.column.source
        if isinstance(source, Current):
            place = "after IF" if source is Current.USER else "on the right of a comparison"
            yield _at(condition.position, f"{source} is used {place} only")
        elif source is not first and not isinstance(first, Current):
            yield _at(
                condition.position,
                f"the conditions of one expression use one data set, here {first} and {source}: "
                "chain two expressions with |",
            )
        elif source not in (allowed := _DATASETS_OF_TARGET[part.target]):
            yield _at(
                condition.position,
                f"{part.target} is filtered by {' or '.join(allowed)}, got {source}",
            )


def _findings_of_if(part: Expression) -> Iterator[str]:
    for condition in part.current_user:
        if condition.column.source is not Current.USER:
            yield _at(
                condition.position,
                f"IF checks columns of CurrentUser only, got {condition.column}",
            )


def _findings_of_condition(condition: Condition) -> Iterator[str]:
    column, operand, position = condition.column, condition.operand, condition.position
    if isinstance(operand, Placeholder):
        if condition.operator is Operator.NOT_IN:
            yield _at(
                position,
                f"NOT IN takes no placeholder, got ${operand.name}: "
                "use IN, and EXCLUDE for INCLUDE or the reverse",
            )
        if len(operand.name) > MAX_PLACEHOLDER_LENGTH:
            yield _at(
                position,
                f"a placeholder has at most {MAX_PLACEHOLDER_LENGTH} characters, "
                f"got {len(operand.name)}: ${operand.name}",
            )
    elif isinstance(operand, Everything):
        if column.source not in _EVENTS or column.name != "EVENT_TYPE":
            yield _at(position, f"* stands for all event types only, got {column} IN (*)")
    elif isinstance(operand, Column) and operand.source is not Current.ITEM:
        yield _at(position, f"a column is compared with one of CurrentItem, got {operand}")


def _findings_of_column(
    column: Column, schemas: Mapping[DatasetType, AvroSchema], *, complete: bool
) -> Iterator[str]:
    kind = column.dataset_type
    if kind in _EVENTS and column.name != "EVENT_TYPE":
        yield f"of {kind}, only EVENT_TYPE can be filtered by, got {column}"
        return
    if kind is DatasetType.ACTIONS and column.name in _AUTOMATIC:
        yield f"{column} is filtered by automatically, and by no filter of your own"
        return
    schema = schemas.get(kind)
    if schema is None:
        if complete:
            yield f"the dataset group has no data set {kind}, got {column}"
        return
    field = schema.field(column.name)
    if field is None:
        yield f"the schema of {kind} has no column {column.name}, only {', '.join(schema.columns)}"
    elif field.type == "boolean":
        yield f"{column} is boolean: filter by a string or a number instead"
    elif field.textual:
        yield f"{column} is textual, and no filter can use it"


def _findings_of_limits(expression: FilterExpression) -> Iterator[str]:
    if len(expression.fields) > MAX_FIELDS:
        yield f"a filter uses at most {MAX_FIELDS} distinct columns, got {len(expression.fields)}"
    if len(expression.placeholders) > MAX_PLACEHOLDERS:
        yield (
            f"a filter has at most {MAX_PLACEHOLDERS} placeholders, "
            f"got {len(expression.placeholders)}"
        )
