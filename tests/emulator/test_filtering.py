"""Filters let through what their expressions say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.filter_expression import Target, parse
from personalize_emulator.data.record_index import RecordIndex
from personalize_emulator.data.user_history import UserHistory
from personalize_emulator.filtering import FilterEvaluator, LeftOut
from personalize_emulator.models import HistoryEvent

ITEMS: Mapping[str, Mapping[str, object]] = {
    "alien": {"GENRE": "Horror|SciFi", "YEAR": 1979, "PRICE": 9.5},
    "clue": {"GENRE": "Comedy", "YEAR": 1985, "PRICE": 5.0},
    "shrek": {"GENRE": "Comedy|Family", "YEAR": 2001, "PRICE": 12.0},
    "blank": {"GENRE": None, "YEAR": None},
}
CATALOGUE = ["unknown", *ITEMS]
HISTORY = [HistoryEvent("alien", "Watch", 1), HistoryEvent("clue", "click", 2)]


def let_through(
    text: str,
    *,
    values: Mapping[str, str] | None = None,
    history: Sequence[HistoryEvent] = HISTORY,
    user: Mapping[str, object] | None = None,
    current_item: Mapping[str, object] | None = None,
) -> set[str]:
    """The items that a filter lets through."""
    past = UserHistory(lambda _: history, {DatasetType.INTERACTIONS: None})
    allowed = FilterEvaluator(
        parse(text),
        values or {},
        records=[RecordIndex(ITEMS)],
        met=past.met,
        user=user or {},
        current_item=current_item,
    )
    one_by_one = {item for item in CATALOGUE if allowed(item)}
    at_once = allowed.mask(CATALOGUE)
    assert {item for item, truth in zip(CATALOGUE, at_once, strict=True) if truth} == one_by_one
    return one_by_one & set(ITEMS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('INCLUDE ItemID WHERE Items.GENRE IN ("Comedy")', "clue shrek"),
        ('INCLUDE ItemID WHERE Items.GENRE IN ("Family","SciFi")', "alien shrek"),
        ('INCLUDE ItemID WHERE Items.GENRE IN ("comedy")', ""),
        ('EXCLUDE ItemID WHERE Items.GENRE IN ("Comedy")', "alien blank"),
        ('INCLUDE ItemID WHERE Items.GENRE NOT IN ("Comedy")', "alien blank"),
        ("INCLUDE ItemID WHERE Items.YEAR = 1985", "clue"),
        ("INCLUDE ItemID WHERE Items.YEAR != 1985", "alien shrek blank"),
        ("INCLUDE ItemID WHERE Items.YEAR < 1985", "alien"),
        ("INCLUDE ItemID WHERE Items.YEAR <= 1985", "alien clue"),
        ("INCLUDE ItemID WHERE Items.YEAR > 1985", "shrek"),
        ("INCLUDE ItemID WHERE Items.YEAR >= 1985", "clue shrek"),
        ("INCLUDE ItemID WHERE Items.PRICE < 9.75", "alien clue"),
        ('INCLUDE ItemID WHERE Items.GENRE IN ("Comedy") AND Items.YEAR > 2000', "shrek"),
        ('INCLUDE ItemID WHERE Items.GENRE IN ("Horror") OR Items.YEAR > 2000', "alien shrek"),
        (
            'INCLUDE ItemID WHERE Items.YEAR < 1980 OR Items.GENRE IN ("Comedy") '
            "AND Items.YEAR > 2000",
            "alien shrek",
        ),
        ('INCLUDE ItemID WHERE Items.ITEM_ID IN ("clue")', "clue"),
    ],
)
def test_items_are_chosen_by_their_columns(text: str, expected: str) -> None:
    assert let_through(text) == set(expected.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")', "clue shrek blank"),
        ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("WATCH","CLICK")', "alien clue"),
        ("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)", "shrek blank"),
        ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN ("click")', "alien shrek blank"),
    ],
)
def test_items_are_chosen_by_what_the_user_did(text: str, expected: str) -> None:
    assert let_through(text) == set(expected.split())


def test_somebody_without_a_history_did_nothing() -> None:
    text = "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)"
    assert let_through(text, history=[]) == set(ITEMS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'INCLUDE ItemID WHERE Items.GENRE IN ("Family") | '
            'INCLUDE ItemID WHERE Items.GENRE IN ("SciFi")',
            "alien shrek",
        ),
        (
            'EXCLUDE ItemID WHERE Items.GENRE IN ("Family") | '
            'EXCLUDE ItemID WHERE Items.GENRE IN ("SciFi")',
            "clue blank",
        ),
        (
            'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click") | '
            'INCLUDE ItemID WHERE Items.GENRE IN ("Comedy")',
            "shrek",
        ),
    ],
)
def test_includes_add_up_and_excludes_take_away(text: str, expected: str) -> None:
    assert let_through(text) == set(expected.split())


@pytest.mark.parametrize(
    ("age", "expected"), [(17, "clue shrek blank"), (18, ITEMS), (None, ITEMS)]
)
def test_an_expression_holds_if_the_user_is_so(age: int | None, expected: str | set[str]) -> None:
    text = 'EXCLUDE ItemID WHERE Items.GENRE IN ("Horror") IF CurrentUser.AGE < 18'
    wanted = expected.split() if isinstance(expected, str) else expected
    assert let_through(text, user={"AGE": age}) == set(wanted)


def test_all_conditions_on_the_user_must_hold() -> None:
    text = (
        'INCLUDE ItemID WHERE Items.GENRE IN ("Family") '
        'IF CurrentUser.AGE < 18 AND CurrentUser.PLAN IN ("basic")'
    )
    assert let_through(text, user={"AGE": 9, "PLAN": "basic"}) == {"shrek"}
    assert let_through(text, user={"AGE": 9, "PLAN": "gold"}) == set(ITEMS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("INCLUDE ItemID WHERE Items.GENRE IN CurrentItem.GENRE", "clue shrek"),
        ("EXCLUDE ItemID WHERE Items.GENRE IN (CurrentItem.GENRE)", "alien blank"),
        ("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE", "alien clue"),
        ("INCLUDE ItemID WHERE Items.YEAR = CurrentItem.YEAR", "shrek"),
    ],
)
def test_items_are_compared_with_the_current_one(text: str, expected: str) -> None:
    assert let_through(text, current_item=ITEMS["shrek"]) == set(expected.split())


def test_nothing_compares_with_a_column_that_the_current_item_lacks() -> None:
    text = "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE"
    assert let_through(text, current_item=ITEMS["blank"]) == set()


@pytest.mark.parametrize(
    ("text", "value", "expected"),
    [
        ("INCLUDE ItemID WHERE Items.GENRE IN ($V)", '"Family"', "shrek"),
        ("INCLUDE ItemID WHERE Items.GENRE IN ($V)", '"Family", "SciFi"', "alien shrek"),
        ("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($V)", '"Click"', "alien shrek blank"),
        ("INCLUDE ItemID WHERE Items.YEAR > $V", "1985", "shrek"),
        ("INCLUDE ItemID WHERE Items.YEAR = ($V)", "1985", "clue"),
    ],
)
def test_placeholders_stand_for_the_values_of_the_request(
    text: str, value: str, expected: str
) -> None:
    assert let_through(text, values={"V": value}) == set(expected.split())


def test_an_include_needs_its_values() -> None:
    with pytest.raises(ValueError, match=r"INCLUDE needs a value for \$GENRE"):
        let_through("INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)", values={"genre": '"Comedy"'})


def test_an_exclude_without_its_values_is_skipped() -> None:
    text = (
        "EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) | "
        'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("watch")'
    )
    assert let_through(text) == {"clue", "shrek", "blank"}


def test_a_value_is_for_a_placeholder_in_its_case() -> None:
    with pytest.raises(
        ValueError, match=r"filterValues names genre, and the filter has no \$genre"
    ):
        let_through("EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE)", values={"genre": '"Comedy"'})


@pytest.mark.parametrize("value", ["Comedy", '"Comedy', '"Comedy",', '"A" "B"', ""])
def test_strings_come_in_double_quotes(value: str) -> None:
    with pytest.raises(ValueError, match=r"\$V must be strings in double quotes"):
        let_through("INCLUDE ItemID WHERE Items.GENRE IN ($V)", values={"V": value})


def test_a_comparison_takes_a_number() -> None:
    with pytest.raises(ValueError, match=r"\$V must be a number, got cheap"):
        let_through("INCLUDE ItemID WHERE Items.PRICE < $V", values={"V": "cheap"})


def test_the_current_item_must_be_named() -> None:
    with pytest.raises(ValueError, match=r"CurrentItem\.GENRE needs a request with an itemId"):
        let_through("INCLUDE ItemID WHERE Items.GENRE IN CurrentItem.GENRE")


def test_a_user_must_be_named_where_one_is_looked_at() -> None:
    with pytest.raises(ValueError, match=r"CurrentUser\.AGE needs a request with a userId"):
        FilterEvaluator(
            parse("EXCLUDE ItemID WHERE Items.YEAR > 1 IF CurrentUser.AGE < 18"),
            {},
            records=[RecordIndex(ITEMS)],
            met=lambda *_: (),
        )


USERS = {"ann": {"PLAN": "gold", "AGE": 30}, "bob": {"PLAN": "basic", "AGE": 12}, "eve": {}}
DID = {"click": {"ann", "eve"}, "buy": {"bob"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('INCLUDE UserID WHERE Users.PLAN IN ("gold")', "ann"),
        ("EXCLUDE UserID WHERE Users.AGE < 18", "ann eve"),
        ('INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("click","rate")', "ann eve"),
        ("EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN (*)", ""),
        (
            'INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("click") | '
            'EXCLUDE UserID WHERE Users.PLAN IN ("gold")',
            "eve",
        ),
    ],
)
def test_users_are_chosen_by_their_columns_and_by_what_they_did(text: str, expected: str) -> None:
    def met(_: DatasetType, event_type: str | None) -> set[str]:
        return set().union(*DID.values()) if event_type is None else DID.get(event_type, set())

    allowed = FilterEvaluator(
        parse(text), {}, target=Target.USER, records=[RecordIndex(USERS)], met=met
    )
    assert {user for user in USERS if allowed(user)} == set(expected.split())


ACTIONS = {"enrol": {"VALUE": 10, "KIND": "loyalty"}, "install": {"VALUE": 3, "KIND": "app"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('EXCLUDE ActionID WHERE Actions.KIND IN ("app")', "enrol"),
        ("INCLUDE ActionID WHERE Actions.VALUE > (5)", "enrol"),
        ('INCLUDE ActionID WHERE Actions.ACTION_ID IN ("install")', "install"),
        ('EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("NOT_TAKEN")', "install"),
        ('EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("Not Taken")', "install"),
        ('INCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("taken")', "install"),
    ],
)
def test_actions_are_chosen_by_their_columns_and_by_what_the_user_did(
    text: str, expected: str
) -> None:
    past = UserHistory(
        lambda _: [HistoryEvent("enrol", "NOT_TAKEN", 1), HistoryEvent("install", "Taken", 2)],
        {DatasetType.ACTION_INTERACTIONS: None},
    )
    allowed = FilterEvaluator(
        parse(text), {}, target=Target.ACTION, records=[RecordIndex(ACTIONS)], met=past.met
    )
    assert {action for action in ACTIONS if allowed(action)} == set(expected.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('INCLUDE ActionID WHERE Interactions.EVENT_TYPE IN ("buy")', "enrol install"),
        ('INCLUDE ActionID WHERE Interactions.EVENT_TYPE IN ("view")', ""),
        ('EXCLUDE ActionID WHERE Interactions.EVENT_TYPE IN ("buy")', ""),
        ('INCLUDE ActionID WHERE Interactions.EVENT_TYPE NOT IN ("view")', "enrol install"),
    ],
)
def test_actions_depend_on_whether_the_user_did_something_with_items(
    text: str, expected: str
) -> None:
    past = UserHistory(lambda _: [HistoryEvent("a1", "Buy", 1)], {DatasetType.INTERACTIONS: None})
    allowed = FilterEvaluator(
        parse(text), {}, target=Target.ACTION, records=[RecordIndex(ACTIONS)], met=past.met
    )
    assert {action for action in ACTIONS if allowed(action)} == set(expected.split())


def test_the_most_recent_interactions_of_each_type_count() -> None:
    events = [HistoryEvent(f"i{n}", kind, n) for n in range(4) for kind in ("view", "buy")]
    past = UserHistory(lambda _: events, {DatasetType.INTERACTIONS: 2})
    assert set(past.met(DatasetType.INTERACTIONS, "VIEW")) == {"i2", "i3"}
    assert set(past.met(DatasetType.INTERACTIONS, None)) == {"i2", "i3"}


def test_records_put_later_count_before_older_ones() -> None:
    newer = RecordIndex({"alien": {"GENRE": "Comedy"}, "new": {"GENRE": "Comedy"}})
    allowed = FilterEvaluator(
        parse('INCLUDE ItemID WHERE Items.GENRE IN ("Comedy")'),
        {},
        records=[newer, RecordIndex(ITEMS)],
        met=lambda *_: (),
    )
    catalogue = ["new", *ITEMS]
    assert allowed.mask(catalogue).tolist() == [allowed(item) for item in catalogue]
    assert {item for item in catalogue if allowed(item)} == {"new", "alien", "clue", "shrek"}


def test_what_the_service_leaves_out_is_left_out_of_the_filter_too() -> None:
    asked = FilterEvaluator(
        parse('INCLUDE ItemID WHERE Items.GENRE IN ("Comedy")'),
        {},
        records=[RecordIndex(ITEMS)],
        met=lambda *_: (),
    )
    both, alone = LeftOut(["clue"], asked), LeftOut(["clue"], None)
    catalogue = list(ITEMS)
    assert [item for item in catalogue if both(item)] == ["shrek"]
    assert both.mask(catalogue).tolist() == [both(item) for item in catalogue]
    assert alone.mask(catalogue).tolist() == [item != "clue" for item in catalogue]
