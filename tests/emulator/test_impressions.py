"""Items that were shown often are tried out less, by the recipes that are told what was shown."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator.models.user_personalization import Personalization
from tests.emulator.cloud import ITEMS, interactions
from tests.emulator.domain_shop import DomainShop, views

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud

V1 = "aws-user-personalization"
IMPRESSION = SchemaField.string("IMPRESSION", nullable=True)
NEW = [f"n{number}" for number in range(20)]
IGNORED = NEW[:10]
ALL_ITEMS = "\n".join([ITEMS, *(f"{item},N,5" for item in NEW)])


def showing(items: list[str], csv: str) -> str:
    """Interactions of all of which these items were seen beside."""
    header, *rows = csv.splitlines()
    return "\n".join([f"{header},IMPRESSION", *(f"{row},{'|'.join(items)}" for row in rows)])


def group_with(cloud: Cloud, csv: str) -> str:
    """A group whose interactions have the column IMPRESSION, and twenty items nobody has met."""
    group = cloud.group()
    fields = [
        SchemaField.string("EVENT_TYPE"),
        SchemaField.float("EVENT_VALUE", nullable=True),
        IMPRESSION,
    ]
    schema = AvroSchema.of(DatasetType.INTERACTIONS, fields)
    cloud.import_csv(cloud.dataset_of_schema(group, schema), csv)
    cloud.dataset(group, DatasetType.ITEMS, ALL_ITEMS)
    return group


def group_without(cloud: Cloud) -> str:
    """The same without the column."""
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    cloud.dataset(group, DatasetType.ITEMS, ALL_ITEMS)
    return group


def counted(cloud: Cloud, group: str = "shop") -> Counter[str]:
    """What is known of what was shown; the service has no operation that says it."""
    log = cloud.emulator.service.backend.interactions
    return Counter(log.impressions(cloud.arn(f"dataset/{group}/INTERACTIONS")))


def shown_to(cloud: Cloud, arn: str) -> int:
    """How many impressions a model knows of."""
    model = cloud.emulator.service.backend.models.get(arn)
    assert isinstance(model, Personalization)
    return int(model.novelty.shown.sum())


def put(cloud: Cloud, tracking_id: str, item: str = "a1", **shown: Any) -> None:
    event: Any = {"eventType": "view", "itemId": item, "sentAt": datetime.now(UTC), **shown}
    cloud.events.put_events(
        trackingId=tracking_id, sessionId="seen", userId="u1", eventList=[event]
    )


def tried_out(cloud: Cloud, version: str) -> Counter[str]:
    """Which new items forty users are shown by a campaign that explores as much as it can."""
    campaign = cloud.personalize.create_campaign(
        name="exploring",
        solutionVersionArn=version,
        campaignConfig={"itemExplorationConfig": {"explorationWeight": "1"}},
    )["campaignArn"]
    cloud.settle(campaign)
    found: Counter[str] = Counter()
    for user in range(40):
        answer = cloud.runtime.get_recommendations(
            campaignArn=campaign, userId=f"visitor {user}", numResults=10
        )
        found.update(item["itemId"] for item in answer["itemList"] if item["itemId"] in NEW)
    return found


def test_what_was_shown_often_is_tried_out_less(cloud: Cloud) -> None:
    group = group_with(cloud, showing(IGNORED, interactions()))
    found = tried_out(cloud, cloud.version(cloud.solution(group, recipe_name=V1)))
    assert sum(found[item] for item in IGNORED) * 4 < found.total()


def test_what_nobody_was_shown_is_tried_out_alike(cloud: Cloud) -> None:
    group = group_with(cloud, showing([], interactions()))
    found = tried_out(cloud, cloud.version(cloud.solution(group, recipe_name=V1)))
    assert sum(found[item] for item in IGNORED) * 3 > found.total()


def test_bulk_impressions_count_each_time_an_item_was_shown(cloud: Cloud) -> None:
    header, first, second, *_ = interactions().splitlines()
    csv = "\n".join([f"{header},IMPRESSION", f"{first},n1|n2|n1", f"{second},n2", f"{second},"])
    group_with(cloud, csv)
    assert counted(cloud) == {"n1": 2, "n2": 2}


def test_events_name_what_was_shown(cloud: Cloud) -> None:
    _, tracking_id = cloud.tracker(group_without(cloud))
    put(cloud, tracking_id, impression=["n1", "n2"])
    put(cloud, tracking_id, "a2", impression=["n2"])
    put(cloud, tracking_id, "a3")
    assert counted(cloud) == {"n1": 1, "n2": 2}


def test_events_name_the_recommendation_that_was_shown(cloud: Cloud) -> None:
    group = group_without(cloud)
    campaign = cloud.campaign(cloud.version(cloud.solution(group, recipe_name=V1)))
    _, tracking_id = cloud.tracker(group)
    answer = cloud.runtime.get_recommendations(campaignArn=campaign, userId="u1", numResults=5)
    put(cloud, tracking_id, recommendationId=answer["recommendationId"])
    assert counted(cloud) == {item["itemId"]: 1 for item in answer["itemList"]}
    put(cloud, tracking_id, "a2", recommendationId=answer["recommendationId"], impression=["n7"])
    assert counted(cloud)["n7"] == counted(cloud).total() - 5 == 1


def test_a_training_counts_what_events_showed(cloud: Cloud) -> None:
    group = group_without(cloud)
    _, tracking_id = cloud.tracker(group)
    put(cloud, tracking_id, impression=["n1", "n2", "unheard of"])
    assert shown_to(cloud, cloud.version(cloud.solution(group, recipe_name=V1))) == 2


def test_an_update_counts_what_was_shown_since(cloud: Cloud) -> None:
    group = group_without(cloud)
    version = cloud.version(cloud.solution(group, recipe_name=V1))
    cloud.campaign(version)
    _, tracking_id = cloud.tracker(group)
    put(cloud, tracking_id, impression=IGNORED)
    cloud.emulator.skip(3 * 3600)
    assert shown_to(cloud, version) == len(IGNORED)


@pytest.mark.parametrize("other", ["aws-user-personalization-v2", "aws-hrnn-coldstart"])
def test_other_recipes_explore_whatever_was_shown(cloud: Cloud, other: str) -> None:
    group = group_with(cloud, showing(IGNORED, interactions()))
    assert shown_to(cloud, cloud.version(cloud.solution(group, recipe_name=other))) == 0


@pytest.mark.parametrize("in_schema", [True, False])
def test_use_cases_go_by_what_was_shown_if_the_schema_has_it(cloud: Cloud, in_schema: bool) -> None:
    shop = DomainShop(
        cloud,
        showing(["a1"], views()) if in_schema else views(),
        fields=[IMPRESSION] if in_schema else [],
    )
    shop.items()
    _, tracking_id = cloud.tracker(shop.group)
    put(cloud, tracking_id, impression=["a2"])
    assert (shown_to(cloud, shop.recommender()) > 0) is in_schema
