"""The grammar of filters, and the rules that they keep."""

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from cdk_personalize.filter_expression import (
    Action,
    Column,
    Condition,
    Current,
    Everything,
    FilterSyntaxError,
    Operator,
    Placeholder,
    Target,
    findings,
    findings_of_use,
    parse,
)
from cdk_personalize.recipe import Recipe, ServiceRecipe
from cdk_personalize.use_case import UseCase

ITEMS, USERS, INTERACTIONS = DatasetType.ITEMS, DatasetType.USERS, DatasetType.INTERACTIONS
SCHEMAS = {
    INTERACTIONS: AvroSchema.of(INTERACTIONS),
    ITEMS: AvroSchema.of(
        ITEMS,
        [
            SchemaField.float("PRICE"),
            SchemaField.string("CATEGORY", categorical=True),
            SchemaField.string("DESCRIPTION", textual=True),
            SchemaField.boolean("NEW"),
        ],
    ),
    USERS: AvroSchema.of(USERS, [SchemaField.long("AGE")]),
}

# Every expression of the guide's pages, and of its chained examples.
OF_THE_GUIDE = [
    "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($EVENT_TYPE)",
    'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click", "stream")',
    'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")',
    "EXCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY)",
    "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN CurrentItem.GENRE",
    'EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("shoe") AND Items.CATEGORY_L2 NOT IN ("boot")',
    "INCLUDE ItemID WHERE Items.PRICE <= $PRICE",
    "INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP < $DATE",
    "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.CREATION_TIMESTAMP > $DATE",
    "EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) IF CurrentUser.AGE = $AGE",
    'INCLUDE ItemID WHERE Items.CATEGORY_L1 IN ("watch") AND Items.CATEGORY_L2 IN ("luxury") '
    "IF CurrentUser.AGE > 18",
    "INCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY) | "
    'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("favorite")',
    "INCLUDE ItemID WHERE Items.GENRE IN ($GENRE) | "
    'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click", "stream")',
]


def only(text: str) -> Condition:
    (condition,) = parse(text).conditions
    return condition


# Reading


@pytest.mark.parametrize("text", OF_THE_GUIDE)
def test_reads_the_expressions_of_the_guide_without_a_finding(text: str) -> None:
    expression = parse(text)

    assert (findings(expression, {}), expression.warnings) == ([], ())


def test_reads_what_is_done_to_what() -> None:
    (expression,) = parse('EXCLUDE UserID WHERE Users.CITY IN ("Rome")').expressions

    assert (expression.action, expression.target) == (Action.EXCLUDE, Target.USER)


def test_reads_a_list_of_strings() -> None:
    assert only('INCLUDE ItemID WHERE Items.A IN ("x", "y z")') == Condition(
        Column(ITEMS, "A"), Operator.IN, ("x", "y z")
    )


@pytest.mark.parametrize("symbol", ["=", "!=", "<", "<=", ">", ">="])
def test_reads_each_comparison(symbol: str) -> None:
    assert only(f"INCLUDE ItemID WHERE Items.A {symbol} -1.5") == Condition(
        Column(ITEMS, "A"), Operator(symbol), -1.5
    )


@pytest.mark.parametrize("value", ["$LIMIT", "($LIMIT)"])
def test_reads_a_placeholder_with_and_without_parentheses(value: str) -> None:
    assert only(f"INCLUDE ItemID WHERE Items.A > {value}").operand == Placeholder("LIMIT")


@pytest.mark.parametrize("value", ["CurrentItem.A", "(CurrentItem.A)"])
def test_reads_a_column_of_the_current_item_with_and_without_parentheses(value: str) -> None:
    assert only(f"INCLUDE ItemID WHERE Items.A IN {value}").operand == Column(Current.ITEM, "A")


def test_reads_the_asterisk() -> None:
    condition = only("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)")

    assert condition.operand == Everything()


def test_and_binds_closer_than_or() -> None:
    text = "INCLUDE ItemID WHERE Items.A = 1 OR Items.B = 2 AND Items.C = 3"
    (expression,) = parse(text).expressions

    names = [[condition.column.name for condition in group] for group in expression.alternatives]
    assert names == [["A"], ["B", "C"]]


def test_reads_what_the_current_user_must_be() -> None:
    text = "INCLUDE ItemID WHERE Items.A = 1 IF CurrentUser.AGE > 18 AND CurrentUser.AGE < 30"
    (expression,) = parse(text).expressions

    assert [condition.operand for condition in expression.current_user] == [18, 30]


def test_reads_chained_expressions() -> None:
    assert len(parse(f"{OF_THE_GUIDE[0]}|{OF_THE_GUIDE[1]} | {OF_THE_GUIDE[2]}").expressions) == 3


def test_white_space_counts_for_nothing() -> None:
    assert parse('INCLUDE ItemID\n  WHERE Items.A\tIN("x")') == parse(
        'INCLUDE ItemID WHERE Items.A IN ("x")'
    )


def test_keywords_in_another_case_are_read_with_a_warning() -> None:
    expression = parse('exclude ItemId WHERE items.A IN ("x")')

    assert expression == parse('EXCLUDE ItemID WHERE Items.A IN ("x")')
    assert expression.warnings == (
        "the guide writes EXCLUDE, not exclude, at character 1",
        "the guide writes ItemID, not ItemId, at character 9",
        "the guide writes Items, not items, at character 22",
    )


def test_the_singular_that_one_example_has_is_read_with_a_warning() -> None:
    expression = parse('INCLUDE ActionID WHERE Action.LEVEL IN ("high")')

    assert [str(column) for column in expression.columns] == ["Actions.LEVEL"]
    assert expression.warnings == ("the guide writes Actions, not Action, at character 24",)


def test_the_names_of_columns_keep_their_case() -> None:
    assert only("INCLUDE ItemID WHERE Items.price = 1").column.name == "price"


# What is in it


def test_placeholders_are_listed_once_in_order() -> None:
    text = "INCLUDE ItemID WHERE Items.A IN ($B) OR Items.C > $A OR Items.D IN ($B)"

    assert parse(text).placeholders == ("B", "A")


def test_fields_are_the_columns_of_data_sets() -> None:
    text = "INCLUDE ItemID WHERE Items.A = CurrentItem.B IF CurrentUser.AGE > 18"

    assert parse(text).fields == {(ITEMS, "A"), (ITEMS, "B"), (USERS, "AGE")}


@pytest.mark.parametrize(("value", "expected"), [("CurrentItem.PRICE", True), ("5", False)])
def test_tells_whether_only_related_items_can_be_filtered(value: str, *, expected: bool) -> None:
    assert parse(f"INCLUDE ItemID WHERE Items.PRICE < {value}").uses_current_item is expected


# Refusing

DATASETS = "Interactions, Items, Users, Actions, Action_Interactions, CurrentUser, CurrentItem"


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("", "a filter expression must not be empty", 1),
        ("DROP ItemID", "expected INCLUDE or EXCLUDE, got 'DROP'", 1),
        ("EXCLUDE Items", "expected ItemID or UserID or ActionID, got 'Items'", 9),
        ("EXCLUDE ItemID IF", "expected WHERE, got 'IF'", 16),
        (
            "EXCLUDE ItemID WHERE Shop.A = 1",
            f"expected a column of {DATASETS}, got 'Shop'",
            22,
        ),
        ("EXCLUDE ItemID WHERE Items = 1", "expected a dot and a column after Items, got '='", 28),
        ("EXCLUDE ItemID WHERE Items.= 1", "expected the name of a column of Items, got '='", 28),
        (
            "EXCLUDE ItemID WHERE Items.A LIKE 1",
            "expected IN, NOT IN or one of = != < <= > >=, got 'LIKE'",
            30,
        ),
        (
            'EXCLUDE ItemID WHERE Items.A IN "x"',
            'expected a list such as ("click", "view") or ($EVENT_TYPE), got \'"x"\'',
            33,
        ),
        ("EXCLUDE ItemID WHERE Items.A IN (x)", f"expected a column of {DATASETS}, got 'x'", 34),
        (
            "EXCLUDE ItemID WHERE Items.A IN (1)",
            "expected a string in double quotes, got '1'",
            34,
        ),
        (
            'EXCLUDE ItemID WHERE Items.A IN ("x",)',
            "expected a string in double quotes, got ')'",
            38,
        ),
        ('EXCLUDE ItemID WHERE Items.A IN ("x"', "expected ), got the end", 37),
        ("EXCLUDE ItemID WHERE Items.A IN ('x')", "strings are put in double quotes", 34),
        ('EXCLUDE ItemID WHERE Items.A IN ("x)', "a string has no closing quote", 34),
        (
            "EXCLUDE ItemID WHERE Items.A IN ($A, $B)",
            "expected ) after the placeholder, which stands for the whole list, got ','",
            36,
        ),
        (
            'EXCLUDE ItemID WHERE Items.A = "x"',
            "expected a number or a placeholder (strings are compared with IN), got '\"x\"'",
            32,
        ),
        (
            "EXCLUDE ItemID WHERE Items.A = ",
            "expected a number, a placeholder or a column of CurrentItem, got the end",
            31,
        ),
        (
            "EXCLUDE ItemID WHERE Items.A = 1 Items.B = 2",
            "expected AND, OR, IF, | or the end, got 'Items'",
            34,
        ),
        (
            "EXCLUDE ItemID WHERE Items.A = 1 IF CurrentUser.B = 2 OR CurrentUser.C = 3",
            "expected AND, | or the end, got 'OR'",
            55,
        ),
        (
            "EXCLUDE ItemID WHERE Items.A = 1 IF CurrentUser.B = 2 IF CurrentUser.C = 3",
            "expected AND, | or the end, got 'IF'",
            55,
        ),
        ("EXCLUDE ItemID WHERE Items.A # 1", "unexpected '#'", 30),
        ("EXCLUDE ItemID WHERE Items.A = 1 |", "expected INCLUDE or EXCLUDE, got the end", 35),
        (f"INCLUDE{' ' * 2500}", "a filter expression has at most 2500 characters, got 2507", 2501),
    ],
)
def test_refuses_with_the_place_what_is_there_and_what_may_be(
    text: str, message: str, position: int
) -> None:
    with pytest.raises(FilterSyntaxError) as refusal:
        parse(text)

    assert str(refusal.value) == f"{message}, at character {position}"
    assert refusal.value.position == position


# Rules


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (
            'INCLUDE ItemID WHERE Items.A = 1 AND Interactions.EVENT_TYPE IN ("x")',
            "the conditions of one expression use one data set, here Items and Interactions: "
            "chain two expressions with |, at character 38",
        ),
        (
            'INCLUDE ItemID WHERE Interactions.DEVICE IN ("x")',
            "of Interactions, only EVENT_TYPE can be filtered by, got Interactions.DEVICE, "
            "at character 22",
        ),
        (
            "INCLUDE ItemID WHERE Items.A IN (*)",
            "* stands for all event types only, got Items.A IN (*), at character 22",
        ),
        (
            "INCLUDE ItemID WHERE Items.A = 1 IF Items.B = 2",
            "IF checks columns of CurrentUser only, got Items.B, at character 37",
        ),
        (
            "INCLUDE ItemID WHERE CurrentUser.AGE = 1",
            "CurrentUser is used after IF only, at character 22",
        ),
        (
            "INCLUDE ItemID WHERE CurrentItem.A = 1",
            "CurrentItem is used on the right of a comparison only, at character 22",
        ),
        (
            "INCLUDE ItemID WHERE Items.A = Items.B",
            "a column is compared with one of CurrentItem, got Items.B, at character 22",
        ),
        (
            "INCLUDE ItemID WHERE Items.A NOT IN ($B)",
            "NOT IN takes no placeholder, got $B: use IN, and EXCLUDE for INCLUDE or the reverse, "
            "at character 22",
        ),
        (
            f"INCLUDE ItemID WHERE Items.A IN (${'B' * 51})",
            f"a placeholder has at most 50 characters, got 51: ${'B' * 51}, at character 22",
        ),
        (
            "INCLUDE ItemID WHERE Users.A = 1",
            "ItemID is filtered by Items or Interactions, got Users, at character 22",
        ),
        (
            "INCLUDE UserID WHERE Items.A = 1",
            "UserID is filtered by Users or Interactions, got Items, at character 22",
        ),
        (
            "INCLUDE ActionID WHERE Actions.REPEAT_FREQUENCY = 1",
            "Actions.REPEAT_FREQUENCY is filtered by automatically, and by no filter of your own, "
            "at character 24",
        ),
        (
            "EXCLUDE ActionID WHERE Actions.EXPIRATION_TIMESTAMP < $NOW",
            "Actions.EXPIRATION_TIMESTAMP is filtered by automatically, and by no filter of your"
            " own, at character 24",
        ),
        (
            'EXCLUDE ActionID WHERE Action_Interactions.DEVICE IN ("x")',
            "of Action_Interactions, only EVENT_TYPE can be filtered by, got"
            " Action_Interactions.DEVICE, at character 24",
        ),
        (
            "INCLUDE ActionID WHERE Items.A = 1",
            "ActionID is filtered by Actions or Action_Interactions or Interactions, got Items,"
            " at character 24",
        ),
        (
            "INCLUDE ItemID WHERE " + " OR ".join(f"Items.A{n} = 1" for n in range(11)),
            "a filter uses at most 10 distinct columns, got 11",
        ),
        (
            "INCLUDE ItemID WHERE " + " OR ".join(f"Items.A = $P{n}" for n in range(26)),
            "a filter has at most 25 placeholders, got 26",
        ),
    ],
)
def test_finds_the_rule_that_is_broken(text: str, finding: str) -> None:
    assert findings(parse(text), {}) == [finding]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (
            "INCLUDE ItemID WHERE Items.COST < 5",
            "the schema of Items has no column COST, only ITEM_ID, PRICE, CATEGORY, DESCRIPTION, "
            "NEW, at character 22",
        ),
        (
            "INCLUDE ItemID WHERE Items.price < 5",
            "the schema of Items has no column price, only ITEM_ID, PRICE, CATEGORY, DESCRIPTION, "
            "NEW, at character 22",
        ),
        (
            "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.COST",
            "the schema of Items has no column COST, only ITEM_ID, PRICE, CATEGORY, DESCRIPTION, "
            "NEW, at character 22",
        ),
        (
            "INCLUDE ItemID WHERE Items.PRICE < 5 IF CurrentUser.SIZE > 3",
            "the schema of Users has no column SIZE, only USER_ID, AGE, at character 41",
        ),
        (
            'INCLUDE ItemID WHERE Items.DESCRIPTION IN ("soft")',
            "Items.DESCRIPTION is textual, and no filter can use it, at character 22",
        ),
        (
            'INCLUDE ItemID WHERE Items.NEW IN ("true")',
            "Items.NEW is boolean: filter by a string or a number instead, at character 22",
        ),
    ],
)
def test_looks_columns_up_in_the_schemas(text: str, finding: str) -> None:
    assert findings(parse(text), SCHEMAS) == [finding]


def test_event_types_are_there_without_a_column_of_metadata() -> None:
    expression = parse('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("Purchase")')

    assert findings(expression, SCHEMAS, complete=True) == []


def test_a_data_set_whose_schema_is_not_known_is_not_looked_up() -> None:
    assert findings(parse("INCLUDE ActionID WHERE Actions.A = 1"), SCHEMAS) == []


def test_a_data_set_that_the_group_does_not_have_is_found() -> None:
    expression = parse("INCLUDE ActionID WHERE Actions.A = 1")

    assert findings(expression, SCHEMAS, complete=True) == [
        "the dataset group has no data set Actions, got Actions.A, at character 24"
    ]


def test_tells_everything_that_is_wrong_at_once() -> None:
    expression = parse(
        "INCLUDE ItemID WHERE Items.A NOT IN ($B) | INCLUDE UserID WHERE Items.C = 1"
    )

    assert len(findings(expression, SCHEMAS)) == 4


# Recipes


@pytest.mark.parametrize(
    ("text", "recipe", "found"),
    [
        (
            "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE",
            Recipe.USER_PERSONALIZATION_V2,
            ["CurrentItem is for related items, not for aws-user-personalization-v2"],
        ),
        (
            "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE",
            UseCase.RECOMMENDED_FOR_YOU,
            ["CurrentItem is for related items, not for aws-ecomm-recommended-for-you"],
        ),
        (
            'INCLUDE UserID WHERE Users.PLAN IN ("gold")',
            Recipe.SIMS,
            ["aws-sims answers what ItemID filters, got UserID"],
        ),
        (
            "INCLUDE ItemID WHERE Items.PRICE < 5",
            Recipe.ITEM_AFFINITY,
            ["aws-item-affinity answers what UserID filters, got ItemID"],
        ),
        (
            "INCLUDE ItemID WHERE Items.PRICE < 5 | INCLUDE ItemID WHERE Items.PRICE > 9",
            Recipe.NEXT_BEST_ACTION,
            ["aws-next-best-action answers what ActionID filters, got ItemID"],
        ),
        (
            'EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("click")',
            Recipe.ITEM_ATTRIBUTE_AFFINITY,
            ["aws-item-attribute-affinity cannot be filtered by Interactions"],
        ),
    ],
)
def test_tells_why_a_recipe_cannot_be_filtered_by_it(
    text: str, recipe: ServiceRecipe, found: list[str]
) -> None:
    assert findings_of_use(parse(text), recipe) == found


@pytest.mark.parametrize(
    ("text", "recipe"),
    [
        ("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE", Recipe.SIMILAR_ITEMS),
        ("INCLUDE ItemID WHERE Items.PRICE < 5", Recipe.USER_PERSONALIZATION_V2),
        ('EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("click")', Recipe.ITEM_AFFINITY),
        ("INCLUDE ActionID WHERE Actions.VALUE > 1", Recipe.NEXT_BEST_ACTION),
    ],
)
def test_finds_nothing_where_it_applies(text: str, recipe: ServiceRecipe) -> None:
    assert findings_of_use(parse(text), recipe) == []
