"""Batch inference jobs answer every line of their files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from personalize_emulator import PersonalizeEmulator, Quotas
from personalize_emulator.objects import MemoryObjects
from tests.emulator.cloud import BUCKET, ROLE, Cloud, interactions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.emulator.conftest import Shop

KEY = "arn:aws:kms:us-east-1:123456789012:key/0d0e"

_numbers = iter(range(10_000))


class Batch:
    """Runs batch inference jobs of one account."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def start(self, version: str, *lines: object, name: str = "", **options: Any) -> str:
        """Begin a job that asks these lines, of a file questions.json."""
        name = name or f"batch-{next(_numbers)}"
        text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
        self.cloud.put(f"{name}/in/questions.json", text)
        return self.begin(version, name, f"{name}/in/questions.json", **options)

    def begin(self, version: str, name: str, key: str, **options: Any) -> str:
        """Begin a job that asks whatever is under a key."""
        return self.cloud.personalize.create_batch_inference_job(
            jobName=name,
            solutionVersionArn=version,
            jobInput={"s3DataSource": {"path": self.cloud.path(key)}},
            jobOutput={"s3DataDestination": {"path": self.cloud.path(f"{name}/out/")}},
            roleArn=ROLE,
            **options,
        )["batchInferenceJobArn"]

    def answers(self, version: str, *lines: object, **options: Any) -> list[dict[str, Any]]:
        """Return what is answered to some lines."""
        arn = self.start(version, *lines, **options)
        found = self.cloud.settle(arn)
        assert found["status"] == "ACTIVE", found
        return self.written(arn)

    def written(self, arn: str, file: str = "questions.json.out") -> list[dict[str, Any]]:
        """Return what a job wrote to one of its files."""
        text = self.cloud.read(f"{arn.rpartition('/')[2]}/out/{file}")
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def batch(shop: Shop) -> Batch:
    return Batch(shop.cloud)


@pytest.fixture(scope="session")
def popular(shop: Shop) -> str:
    cloud = shop.cloud
    return cloud.version(cloud.solution(shop.group, "popular", "aws-popularity-count"))


def version_of(shop: Shop, campaign: str) -> str:
    return str(shop.cloud.describe(campaign)["solutionVersionArn"])


def test_is_pending_then_in_progress_then_active(shop: Shop, batch: Batch) -> None:
    arn = batch.start(shop.version, {"userId": "u1"}, name="states")
    assert arn == shop.cloud.arn("batch-inference-job/states")
    assert shop.cloud.describe(arn)["status"] == "PENDING"
    shop.cloud.reach(arn, "IN PROGRESS")
    assert shop.cloud.settle(arn)["status"] == "ACTIVE"


def test_is_described_as_it_was_asked_for(shop: Shop, batch: Batch) -> None:
    found = shop.cloud.describe(batch.start(shop.version, {"userId": "u1"}, numResults=7))
    assert found["solutionVersionArn"] == shop.version
    assert found["numResults"] == 7
    assert found["batchInferenceJobMode"] == "BATCH_INFERENCE"
    assert found["roleArn"] == ROLE


def test_answers_a_user_as_the_runtime_does(shop: Shop, batch: Batch) -> None:
    (answer,) = batch.answers(shop.version, {"userId": "u3"})
    assert answer["input"] == {"userId": "u3"}
    assert answer["error"] is None
    assert answer["output"]["recommendedItems"] == shop.recommended("u3")
    scores = answer["output"]["scores"]
    assert len(scores) == len(answer["output"]["recommendedItems"])
    assert scores == sorted(scores, reverse=True)


def test_gives_a_list_of_reasons_for_every_item(shop: Shop, batch: Batch) -> None:
    (answer,) = batch.answers(shop.version, {"userId": "u3"}, numResults=3)
    assert [type(reasons) for reasons in answer["output"]["reasons"]] == [list] * 3


def test_answers_in_the_order_of_the_lines(shop: Shop, batch: Batch) -> None:
    users = [f"u{number}" for number in (5, 2, 9)]
    answers = batch.answers(shop.version, *({"userId": user} for user in users))
    assert [answer["input"]["userId"] for answer in answers] == users


def test_answers_as_many_items_as_are_asked_for(shop: Shop, batch: Batch) -> None:
    (answer,) = batch.answers(shop.version, {"userId": "u3"}, numResults=2)
    assert answer["output"]["recommendedItems"] == shop.recommended("u3", 2)


def test_answers_an_item_with_related_ones(shop: Shop, batch: Batch) -> None:
    (answer,) = batch.answers(version_of(shop, shop.related), {"itemId": "a1"}, numResults=3)
    assert {item[0] for item in answer["output"].pop("recommendedItems")} == {"a"}
    assert answer == {"input": {"itemId": "a1"}, "output": {}, "error": None}


def test_ranks_the_items_of_a_line(shop: Shop, batch: Batch) -> None:
    line = {"userId": "u1", "itemList": ["a1", "b1", "none", "b1"]}
    (answer,) = batch.answers(version_of(shop, shop.ranking), line)
    assert answer["input"] == line
    assert answer["output"]["recommendedItems"] == ["b1", "a1", "none"]
    assert len(answer["output"]["scores"]) == 3


def test_answers_everybody_with_what_is_popular(batch: Batch, popular: str) -> None:
    answers = batch.answers(popular, {"userId": "u1"}, {"userId": "nobody"})
    assert answers[0]["output"] == answers[1]["output"]
    assert "scores" not in answers[0]["output"]


def test_a_filter_holds_for_every_line(shop: Shop, batch: Batch) -> None:
    arn = shop.cloud.filter(shop.group, 'INCLUDE ItemID WHERE Items.CATEGORY IN ("A")', "only-a")
    answers = batch.answers(shop.version, {"userId": "u1"}, {"userId": "u2"}, filterArn=arn)
    for answer in answers:
        assert {item[0] for item in answer["output"]["recommendedItems"]} == {"a"}


def test_the_values_of_a_filter_are_those_of_the_line(shop: Shop, batch: Batch) -> None:
    expression = "INCLUDE ItemID WHERE Items.CATEGORY IN ($TASTE)"
    arn = shop.cloud.filter(shop.group, expression, "by-taste")
    lines = [{"userId": "u1", "filterValues": {"TASTE": f'"{taste}"'}} for taste in "AB"]
    answers = batch.answers(shop.version, *lines, {"userId": "u1"}, filterArn=arn)
    tastes = [{item[0] for item in answer["output"]["recommendedItems"]} for answer in answers[:2]]
    assert tastes == [{"a"}, {"b"}]
    assert "$TASTE" in answers[2]["error"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{userId: u1}", "no JSON"),
        ("[1]", "no JSON object"),
        ('{"userId": NaN}', "NaN is no JSON number"),
        ("[" * 100_000, "no JSON"),
        ('{"userId": "\\ud800"}', "no Unicode"),
        ({"itemId": "a1"}, "The line must have userId"),
        ({"userId": ""}, "The line must have userId"),
        ({"userId": 7}, "can not be converted to a String at 'userId'"),
        ({"userId": "u" * 257}, "length less than or equal to 256"),
        ({"userId": "u1", "user": "u1"}, "The line has user; it can have userId"),
        ({"userId": "u1", "filterValues": {"A": 1}}, "can not be converted to a String"),
    ],
)
def test_a_line_that_is_wrong_does_not_fail_the_job(
    shop: Shop, batch: Batch, line: object, said: str
) -> None:
    bad, good = batch.answers(shop.version, line, {"userId": "u1"})
    assert said in bad["error"]
    assert bad["output"] is None
    assert good["error"] is None


def test_what_cannot_be_read_is_shown_as_it_is(shop: Shop, batch: Batch) -> None:
    bad, _ = batch.answers(shop.version, "u1, please", {"userId": "u1"})
    assert bad["input"] == "u1, please"


def test_a_file_without_a_line_that_is_right_fails_the_job(shop: Shop, batch: Batch) -> None:
    arn = batch.start(shop.version, {"itemId": "a1"}, "nonsense")
    found = shop.cloud.settle(arn)
    assert found["status"] == "CREATE FAILED"
    assert "questions.json has no line that is right" in found["failureReason"]
    assert "The line must have userId" in found["failureReason"]
    assert len(batch.written(arn)) == 2  # for all to see what is wrong


def test_an_empty_file_fails_the_job(shop: Shop, batch: Batch) -> None:
    found = shop.cloud.settle(batch.start(shop.version, ""))
    assert "questions.json is empty" in found["failureReason"]


def test_empty_lines_are_none(shop: Shop, batch: Batch) -> None:
    assert len(batch.answers(shop.version, "", {"userId": "u1"}, "  ", "")) == 1


def test_a_prefix_stands_for_all_files_that_it_begins(shop: Shop, batch: Batch) -> None:
    for key in ("in/users.json", "in/users_more/a.json", "in/others.json"):
        shop.cloud.put(f"prefix/{key}", '{"userId": "u1"}')
    arn = batch.begin(shop.version, "prefix", "prefix/in/users")
    assert shop.cloud.settle(arn)["status"] == "ACTIVE"
    assert shop.cloud.keys("prefix/out/") == [
        "prefix/out/users.json.out",
        "prefix/out/users_more/a.json.out",
    ]


def test_a_prefix_of_no_file_fails_the_job(shop: Shop, batch: Batch) -> None:
    found = shop.cloud.settle(batch.begin(shop.version, "nothing", "nothing/at/all"))
    assert "No file has a path that begins with" in found["failureReason"]


def test_the_output_is_encrypted_with_the_key_that_is_given(shop: Shop) -> None:
    cloud = shop.cloud
    path = cloud.put("secret/in.json", '{"userId": "u1"}')
    arn = cloud.personalize.create_batch_inference_job(
        jobName="secret",
        solutionVersionArn=shop.version,
        jobInput={"s3DataSource": {"path": path, "kmsKeyArn": KEY}},
        jobOutput={"s3DataDestination": {"path": cloud.path("secret/out"), "kmsKeyArn": KEY}},
        roleArn=ROLE,
    )["batchInferenceJobArn"]
    found = cloud.settle(arn)
    assert found["jobInput"]["s3DataSource"]["kmsKeyArn"] == KEY
    objects = cloud.emulator.objects
    assert isinstance(objects, MemoryObjects)
    assert objects.kms_key_arn(BUCKET, f"{cloud.account}/secret/out/in.json.out") == KEY


def test_the_version_must_be_active(shop: Shop, batch: Batch) -> None:
    version = shop.cloud.personalize.create_solution_version(solutionArn=shop.solution)
    with pytest.raises(
        shop.cloud.personalize.exceptions.ResourceInUseException, match="must be ACTIVE"
    ):
        batch.start(version["solutionVersionArn"], {"userId": "u1"})
    shop.cloud.settle(version["solutionVersionArn"])


def test_trends_have_no_batch(shop: Shop, batch: Batch) -> None:
    cloud = shop.cloud
    version = cloud.version(cloud.solution(shop.group, "trends", "aws-trending-now"))
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="no batch"):
        batch.start(version, {"userId": "u1"})


def test_a_filter_of_another_group_is_refused(shop: Shop, batch: Batch) -> None:
    cloud = shop.cloud
    group = cloud.group("elsewhere")
    cloud.personalize.create_dataset(
        name="log",
        datasetType="Interactions",
        datasetGroupArn=group,
        schemaArn=cloud.arn("schema/Interactions"),
    )
    cloud.settle(cloud.arn("dataset/elsewhere/INTERACTIONS"))
    expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("buy")'
    arn = cloud.filter(group, expression, "of-elsewhere")
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="another dataset"):
        batch.start(shop.version, {"userId": "u1"}, filterArn=arn)


def test_a_filter_of_users_is_refused(shop: Shop, batch: Batch) -> None:
    cloud = shop.cloud
    expression = 'INCLUDE UserID WHERE Interactions.EVENT_TYPE IN ("view")'
    arn = cloud.filter(shop.group, expression, "of-users")
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="ItemID"):
        batch.start(shop.version, {"userId": "u1"}, filterArn=arn)


@pytest.mark.parametrize("number", [0, -1])
def test_at_least_one_result_must_be_asked_for(shop: Shop, batch: Batch, number: int) -> None:
    with pytest.raises(shop.cloud.personalize.exceptions.InvalidInputException, match="numResults"):
        batch.start(shop.version, {"userId": "u1"}, numResults=number)


@pytest.mark.parametrize(
    "config",
    [
        {"itemExplorationConfig": {"explorationWeight": "0.3"}},
        {"rankingInfluence": {"POPULARITY": 0.5}},
    ],
)
def test_a_configuration_of_another_recipe_is_refused(
    shop: Shop, batch: Batch, config: dict[str, Any]
) -> None:
    (name,) = config
    with pytest.raises(shop.cloud.personalize.exceptions.InvalidInputException, match=name):
        batch.start(shop.version, {"userId": "u1"}, batchInferenceJobConfig=config)


def test_lists_those_of_a_version(shop: Shop, batch: Batch, popular: str) -> None:
    mine = batch.start(popular, {"userId": "u1"})
    other = batch.start(shop.version, {"userId": "u1"})
    list_jobs = shop.cloud.personalize.list_batch_inference_jobs
    found = list_jobs(solutionVersionArn=popular)["batchInferenceJobs"]
    arns = [job["batchInferenceJobArn"] for job in found]
    assert mine in arns
    assert other not in arns


def test_comes_with_tags(shop: Shop, batch: Batch) -> None:
    tags = [{"tagKey": "team", "tagValue": "shop"}]
    arn = batch.start(shop.version, {"userId": "u1"}, tags=tags)
    found = shop.cloud.personalize.list_tags_for_resource(resourceArn=arn)["tags"]
    assert found == tags


def test_a_name_is_taken_for_ever(shop: Shop, batch: Batch) -> None:
    shop.cloud.settle(batch.start(shop.version, {"userId": "u1"}, name="once"))
    with pytest.raises(shop.cloud.personalize.exceptions.ResourceAlreadyExistsException):
        batch.start(shop.version, {"userId": "u1"}, name="once")


def test_goes_with_its_solution_and_not_while_it_runs(shop: Shop, batch: Batch) -> None:
    cloud = shop.cloud
    solution = cloud.solution(shop.group, "short-lived", "aws-popularity-count")
    arn = batch.start(cloud.version(solution), {"userId": "u1"}, name="short-lived")
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException, match=arn):
        cloud.personalize.delete_solution(solutionArn=solution)
    cloud.settle(arn)
    cloud.personalize.delete_solution(solutionArn=solution)
    cloud.vanish(solution)
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        cloud.describe(arn)


@pytest.fixture(scope="module")
def narrow() -> Iterator[tuple[Batch, str]]:
    """An account with little room for files, and a solution version."""
    quotas = Quotas(
        import_interactions=None,
        training_interactions=None,
        training_users=None,
        batch_files=2,
        batch_size=100,
        batch_inference_records=3,
    )
    with PersonalizeEmulator(speed=1e-6, quotas=quotas, strict_answers=True) as emulator:
        cloud = Cloud(emulator, "123456789012")
        group = cloud.group()
        cloud.dataset(group, csv=interactions())
        yield Batch(cloud), cloud.version(cloud.solution(group))
        cloud.close()


def test_too_many_lines_fail_the_job(narrow: tuple[Batch, str]) -> None:
    batch, version = narrow
    assert len(batch.answers(version, *[{"userId": "u1"}] * 3)) == 3
    found = batch.cloud.settle(batch.start(version, *[{"userId": "u1"}] * 4))
    assert "has 4 lines, at most 3 are allowed" in found["failureReason"]


def test_too_many_files_fail_the_job(narrow: tuple[Batch, str]) -> None:
    batch, version = narrow
    for number in range(3):
        batch.cloud.put(f"many/{number}.json", '{"userId": "u1"}')
    found = batch.cloud.settle(batch.begin(version, "many", "many/"))
    assert "3 files have a path that begins with" in found["failureReason"]


def test_files_that_are_too_large_fail_the_job(narrow: tuple[Batch, str]) -> None:
    batch, version = narrow
    found = batch.cloud.settle(batch.start(version, {"userId": "u" * 100}))
    assert "at most 100 are allowed" in found["failureReason"]


def test_five_can_be_under_way(narrow: tuple[Batch, str]) -> None:
    batch, version = narrow
    arns = [batch.start(version, {"userId": "u1"}) for _ in range(5)]
    with pytest.raises(batch.cloud.personalize.exceptions.LimitExceededException):
        batch.start(version, {"userId": "u1"})
    for arn in arns:
        batch.cloud.settle(arn)


def test_is_taken_up_again_by_the_next_process(run: Callable[[], PersonalizeEmulator]) -> None:
    with run() as emulator:
        before = Cloud(emulator, "123456789012")
        group = before.group()
        before.dataset(group, csv=interactions())
        arn = Batch(before).start(before.version(before.solution(group)), {"userId": "u1"})
        before.reach(arn, "IN PROGRESS")
        before.close()
    with run() as emulator:
        after = Cloud(emulator, "123456789012")
        assert after.settle(arn)["status"] == "ACTIVE"
        assert len(Batch(after).written(arn)) == 1
        after.close()
