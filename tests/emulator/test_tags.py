"""Tags, on what takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.emulator.cloud import Cloud


def tags_of(cloud: Cloud, arn: str) -> dict[str, str]:
    tags = cloud.personalize.list_tags_for_resource(resourceArn=arn)["tags"]
    return {tag["tagKey"]: tag["tagValue"] for tag in tags}


def tag(cloud: Cloud, arn: str, **tags: str) -> None:
    cloud.personalize.tag_resource(
        resourceArn=arn, tags=[{"tagKey": key, "tagValue": value} for key, value in tags.items()]
    )


def test_come_with_the_creation(cloud: Cloud) -> None:
    answer = cloud.personalize.create_dataset_group(
        name="shop", tags=[{"tagKey": "team", "tagValue": "shop"}]
    )
    assert tags_of(cloud, answer["datasetGroupArn"]) == {"team": "shop"}


def test_are_added_and_changed(cloud: Cloud) -> None:
    arn = cloud.group()
    tag(cloud, arn, team="shop", stage="test")
    tag(cloud, arn, stage="live")
    assert tags_of(cloud, arn) == {"team": "shop", "stage": "live"}


def test_are_removed(cloud: Cloud) -> None:
    arn = cloud.group()
    tag(cloud, arn, team="shop", stage="test")
    cloud.personalize.untag_resource(resourceArn=arn, tagKeys=["team", "none"])
    assert tags_of(cloud, arn) == {"stage": "test"}


def test_go_with_their_resource(cloud: Cloud) -> None:
    arn = cloud.group()
    tag(cloud, arn, team="shop")
    cloud.personalize.delete_dataset_group(datasetGroupArn=arn)
    cloud.vanish(arn)
    assert tags_of(cloud, cloud.group()) == {}


def test_a_schema_takes_none(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException):
        tag(cloud, cloud.schema(), team="shop")


def test_those_of_a_missing_resource_are_not_found(cloud: Cloud) -> None:
    with pytest.raises(cloud.personalize.exceptions.ResourceNotFoundException):
        tags_of(cloud, cloud.arn("dataset-group/none"))


def test_keys_of_aws_are_refused(cloud: Cloud) -> None:
    arn = cloud.group()
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="aws:"):
        cloud.personalize.tag_resource(
            resourceArn=arn, tags=[{"tagKey": "aws:stack", "tagValue": "x"}]
        )


def test_a_key_comes_once(cloud: Cloud) -> None:
    arn = cloud.group()
    with pytest.raises(cloud.personalize.exceptions.InvalidInputException, match="once"):
        cloud.personalize.tag_resource(
            resourceArn=arn, tags=[{"tagKey": "team", "tagValue": value} for value in ("a", "b")]
        )


def test_there_are_fifty_at_most(limited: Cloud) -> None:
    arn = limited.group()
    tag(limited, arn, **{f"key{number}": "x" for number in range(50)})
    with pytest.raises(limited.personalize.exceptions.TooManyTagsException):
        tag(limited, arn, one="more")


def test_too_many_leave_the_resource_as_it_was(limited: Cloud) -> None:
    arn = limited.group()
    with pytest.raises(limited.personalize.exceptions.TooManyTagsException):
        tag(limited, arn, **{f"key{number}": "x" for number in range(51)})
    assert tags_of(limited, arn) == {}


def test_no_more_are_removed_at_once_than_there_can_be(limited: Cloud) -> None:
    arn = limited.group()
    keys = [f"key{number}" for number in range(51)]
    with pytest.raises(limited.personalize.exceptions.TooManyTagKeysException):
        limited.personalize.untag_resource(resourceArn=arn, tagKeys=keys)


def test_those_of_what_is_being_deleted_stay_as_they_are(cloud: Cloud) -> None:
    arn = cloud.group()
    tag(cloud, arn, team="shop")
    cloud.personalize.delete_dataset_group(datasetGroupArn=arn)
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException, match="DELETE"):
        tag(cloud, arn, team="search")
    with pytest.raises(cloud.personalize.exceptions.ResourceInUseException, match="DELETE"):
        cloud.personalize.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert tags_of(cloud, arn) == {"team": "shop"}
