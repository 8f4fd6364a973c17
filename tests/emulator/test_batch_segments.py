"""Batch segment jobs answer every line with the users who will like something."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from cdk_personalize.avro_schema import DatasetType
from personalize_emulator import PersonalizeEmulator, Quotas
from tests.emulator.cloud import ITEMS, ROLE, Cloud, interactions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USERS = "\n".join(
    ["USER_ID,COUNTRY", *(f"u{number},{'DE' if number < 20 else 'FR'}" for number in range(40))]
)
BY_ITEM, BY_ATTRIBUTE = "aws-item-affinity", "aws-item-attribute-affinity"
QUOTAS = Quotas(
    import_interactions=None,
    training_interactions=None,
    training_users=None,
    solutions=None,
    pending_batch_segment_jobs=3,
    segment_users=30,
)


@dataclass
class Segments:
    """An account with a model of each recipe; users with even numbers like items a0 to a9."""

    cloud: Cloud
    group: str
    versions: dict[str, str]
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self, *lines: object, recipe: str = BY_ITEM, name: str = "", **options: Any) -> str:
        """Begin a job that asks these lines, of a file questions.json."""
        name = name or f"segments-{next(self.numbers)}"
        text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        return self.cloud.personalize.create_batch_segment_job(
            jobName=name,
            solutionVersionArn=options.pop("version", self.versions.get(recipe)),
            jobInput={"s3DataSource": {"path": self.cloud.put(f"{name}/questions.json", text)}},
            jobOutput={"s3DataDestination": {"path": self.cloud.path(f"{name}/out/")}},
            roleArn=ROLE,
            **options,
        )["batchSegmentJobArn"]

    def answers(self, *lines: object, **options: Any) -> list[dict[str, Any]]:
        """Return what is answered to some lines."""
        arn = self.start(*lines, **options)
        found = self.cloud.settle(arn)
        assert found["status"] == "ACTIVE", found
        text = self.cloud.read(f"{arn.rpartition('/')[2]}/out/questions.json.out")
        return [json.loads(line) for line in text.splitlines()]

    def users(self, line: object, **options: Any) -> list[str]:
        """Return the users that are answered to one line."""
        (answer,) = self.answers(line, **options)
        assert answer["error"] is None, answer
        users: list[str] = answer["output"]["recommendedUsers"]
        return users


def segments_of(cloud: Cloud) -> Segments:
    group = cloud.group()
    cloud.dataset(group, csv=interactions())
    cloud.dataset(group, DatasetType.ITEMS, ITEMS)
    cloud.dataset(group, DatasetType.USERS, USERS)
    versions = {name: cloud.version(cloud.solution(group, name, name)) for name in RECIPES}
    return Segments(cloud, group, versions)


RECIPES = (BY_ITEM, BY_ATTRIBUTE)


@pytest.fixture(scope="module")
def segments() -> Iterator[Segments]:
    with PersonalizeEmulator(speed=1e-6, quotas=QUOTAS, strict_answers=True) as emulator:
        cloud = Cloud(emulator, "123456789012")
        yield segments_of(cloud)
        cloud.close()


def tastes(users: list[str]) -> set[str]:
    """What users like, by their numbers."""
    return {"ab"[int(user[1:]) % 2] for user in users}


def test_is_pending_then_in_progress_then_active(segments: Segments) -> None:
    arn = segments.start({"itemId": "a1"}, name="states")
    assert arn == segments.cloud.arn("batch-segment-job/states")
    assert segments.cloud.describe(arn)["status"] == "PENDING"
    segments.cloud.reach(arn, "IN PROGRESS")
    assert segments.cloud.settle(arn)["status"] == "ACTIVE"


def test_is_described_as_it_was_asked_for(segments: Segments) -> None:
    arn = segments.start({"itemId": "a1"}, numResults=7)
    found = segments.cloud.describe(arn)
    assert found["solutionVersionArn"] == segments.versions[BY_ITEM]
    assert (found["numResults"], found["roleArn"]) == (7, ROLE)
    segments.cloud.settle(arn)


def test_answers_an_item_with_the_users_who_will_like_it(segments: Segments) -> None:
    answers = segments.answers({"itemId": "a1"}, {"itemId": "b1"}, numResults=10)
    assert [answer["input"] for answer in answers] == [{"itemId": "a1"}, {"itemId": "b1"}]
    assert [tastes(answer["output"]["recommendedUsers"]) for answer in answers] == [{"a"}, {"b"}]


def test_answers_attributes_with_the_users_who_will_like_such_items(segments: Segments) -> None:
    line = {"itemAttributes": 'ITEMS.CATEGORY = "A"'}
    (answer,) = segments.answers(line, recipe=BY_ATTRIBUTE, numResults=10)
    assert tastes(answer["output"].pop("recommendedUsers")) == {"a"}
    assert answer == {**line, "output": {}, "error": None}


def test_an_item_must_have_all_attributes(segments: Segments) -> None:
    line = {"itemAttributes": 'ITEMS.category = "B" AND ITEMS.PRICE = 1'}
    assert tastes(segments.users(line, recipe=BY_ATTRIBUTE, numResults=5)) == {"b"}
    line = {"itemAttributes": 'ITEMS.CATEGORY = "A" AND ITEMS.CATEGORY = "B"'}
    assert segments.users(line, recipe=BY_ATTRIBUTE) == []


def test_answers_25_users_unless_it_is_told_how_many(segments: Segments) -> None:
    assert len(segments.users({"itemId": "a1"})) == 25
    assert len(segments.users({"itemId": "a1"}, numResults=3)) == 3


def test_a_filter_of_users_holds_for_every_line(segments: Segments) -> None:
    expression = 'INCLUDE UserID WHERE Users.COUNTRY IN ("FR")'
    arn = segments.cloud.filter(segments.group, expression, "french")
    users = segments.users({"itemId": "a1"}, filterArn=arn)
    assert users
    assert all(int(user[1:]) >= 20 for user in users)


def test_the_values_of_a_filter_are_those_of_the_line(segments: Segments) -> None:
    expression = "INCLUDE UserID WHERE Users.COUNTRY IN ($COUNTRY)"
    arn = segments.cloud.filter(segments.group, expression, "by-country")
    line = {"itemId": "a1", "filterValues": {"COUNTRY": '"DE"'}}
    users = segments.users(line, filterArn=arn)
    assert users
    assert all(int(user[1:]) < 20 for user in users)


@pytest.mark.parametrize(
    ("recipe", "line", "said"),
    [
        (BY_ITEM, {"itemAttributes": 'ITEMS.CATEGORY = "A"'}, "The line must have itemId"),
        (BY_ITEM, {"itemId": 7}, "can not be converted to a String at 'itemId'"),
        (BY_ITEM, {"itemId": "a1", "userId": "u1"}, "The line has userId"),
        (BY_ITEM, "nonsense", "no JSON"),
        (BY_ATTRIBUTE, {"itemId": "a1"}, "The line must have itemAttributes"),
        (BY_ATTRIBUTE, {"itemAttributes": ["A"]}, "itemAttributes must be a text"),
        (BY_ATTRIBUTE, {"itemAttributes": 'ITEMS.MOOD = "good"'}, "Items has no column MOOD"),
        (BY_ATTRIBUTE, {"itemAttributes": 'ITEMS.CATEGORY IN ("A")'}, "expected a condition"),
    ],
)
def test_a_line_that_is_wrong_does_not_fail_the_job(
    segments: Segments, recipe: str, line: object, said: str
) -> None:
    right = {BY_ITEM: {"itemId": "a1"}, BY_ATTRIBUTE: {"itemAttributes": "ITEMS.PRICE = 1"}}
    bad, good = segments.answers(line, right[recipe], recipe=recipe)
    assert said in bad["error"]
    assert bad["output"] is None
    assert good["error"] is None


def test_a_file_without_a_line_that_is_right_fails_the_job(segments: Segments) -> None:
    found = segments.cloud.settle(segments.start({"userId": "u1"}))
    assert found["status"] == "CREATE FAILED"
    assert "no line that is right: The line must have itemId" in found["failureReason"]


@pytest.mark.parametrize(("recipe", "most"), [(BY_ITEM, 500), (BY_ATTRIBUTE, 10)])
def test_a_file_has_so_many_queries_at_most(segments: Segments, recipe: str, most: int) -> None:
    line = {BY_ITEM: {"itemId": "a1"}, BY_ATTRIBUTE: {"itemAttributes": "ITEMS.PRICE = 1"}}
    arn = segments.start(*[line[recipe]] * (most + 1), recipe=recipe)
    said = f"has {most + 1} lines, at most {most} are allowed"
    assert said in segments.cloud.settle(arn)["failureReason"]


@pytest.mark.parametrize("number", [0, 31])
def test_a_segment_has_so_many_users_at_most(segments: Segments, number: int) -> None:
    invalid = segments.cloud.personalize.exceptions.InvalidInputException
    with pytest.raises(invalid, match="numResults must be from 1 to 30"):
        segments.start({"itemId": "a1"}, numResults=number)


def test_few_can_be_under_way(segments: Segments) -> None:
    arns = [segments.start({"itemId": "a1"}) for _ in range(3)]
    with pytest.raises(segments.cloud.personalize.exceptions.LimitExceededException):
        segments.start({"itemId": "a1"})
    for arn in arns:
        segments.cloud.settle(arn)


def test_other_recipes_make_no_segments(segments: Segments) -> None:
    version = segments.cloud.version(segments.cloud.solution(segments.group))
    invalid = segments.cloud.personalize.exceptions.InvalidInputException
    with pytest.raises(invalid, match="makes no user segments"):
        segments.start({"itemId": "a1"}, version=version)


def test_segments_are_no_recommendations(segments: Segments) -> None:
    invalid = segments.cloud.personalize.exceptions.InvalidInputException
    with pytest.raises(invalid, match="makes no batch recommendations"):
        segments.cloud.personalize.create_batch_inference_job(
            jobName="none",
            solutionVersionArn=segments.versions[BY_ITEM],
            jobInput={"s3DataSource": {"path": segments.cloud.path("in")}},
            jobOutput={"s3DataDestination": {"path": segments.cloud.path("out")}},
            roleArn=ROLE,
        )


def test_a_filter_of_items_is_refused(segments: Segments) -> None:
    expression = 'INCLUDE ItemID WHERE Items.CATEGORY IN ("A")'
    arn = segments.cloud.filter(segments.group, expression, "of-items")
    with pytest.raises(segments.cloud.personalize.exceptions.InvalidInputException, match="UserID"):
        segments.start({"itemId": "a1"}, filterArn=arn)


def test_lists_those_of_a_version(segments: Segments) -> None:
    arn = segments.start({"itemAttributes": "ITEMS.PRICE = 1"}, recipe=BY_ATTRIBUTE)
    list_jobs = segments.cloud.personalize.list_batch_segment_jobs
    found = list_jobs(solutionVersionArn=segments.versions[BY_ATTRIBUTE])["batchSegmentJobs"]
    assert arn in [job["batchSegmentJobArn"] for job in found]
    found = list_jobs(solutionVersionArn=segments.versions[BY_ITEM])["batchSegmentJobs"]
    assert arn not in [job["batchSegmentJobArn"] for job in found]
    segments.cloud.settle(arn)


def test_comes_with_tags(segments: Segments) -> None:
    tags = [{"tagKey": "team", "tagValue": "shop"}]
    arn = segments.start({"itemId": "a1"}, tags=tags)
    assert segments.cloud.personalize.list_tags_for_resource(resourceArn=arn)["tags"] == tags
    segments.cloud.settle(arn)


def test_deleted_users_are_in_no_segment(run: Callable[[], PersonalizeEmulator]) -> None:
    with run() as emulator:
        segments = segments_of(Cloud(emulator, "123456789012"))
        before = segments.users({"itemId": "a1"}, numResults=10)
        arn = segments.cloud.personalize.create_data_deletion_job(
            jobName="forget",
            datasetGroupArn=segments.group,
            dataSource={"dataLocation": segments.cloud.put("gone.csv", f"USER_ID\n{before[0]}\n")},
            roleArn=ROLE,
        )["dataDeletionJobArn"]
        assert segments.cloud.settle(arn)["status"] == "COMPLETED"
        after = segments.users({"itemId": "a1"}, numResults=10)
        assert after[:9] == before[1:]
        assert len(after) == 10
        segments.cloud.close()


def test_is_taken_up_again_by_the_next_process(run: Callable[[], PersonalizeEmulator]) -> None:
    with run() as emulator:
        before = segments_of(Cloud(emulator, "123456789012"))
        arn = before.start({"itemId": "a1"}, name="again")
        before.cloud.reach(arn, "IN PROGRESS")
        before.cloud.close()
    with run() as emulator:
        after = Cloud(emulator, "123456789012")
        assert after.settle(arn)["status"] == "ACTIVE"
        assert after.keys("again/out/") == ["again/out/questions.json.out"]
        after.close()
