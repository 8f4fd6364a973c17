"""Requests are held against the service model, and refused in the service's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from personalize_emulator.errors import ServiceError
from personalize_emulator.service import PersonalizeService

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def service() -> Iterator[PersonalizeService]:
    with PersonalizeService() as service:
        yield service


def refused(service: PersonalizeService, operation: str, request: dict[str, Any]) -> ServiceError:
    owner = {"PutEvents": "personalize-events", "GetRecommendations": "personalize-runtime"}
    with pytest.raises(ServiceError) as refusal:
        service.call(operation, request, service=owner.get(operation, "personalize"))
    return refusal.value


def test_names_the_pattern_that_a_name_breaks(service: PersonalizeService) -> None:
    error = refused(service, "CreateDatasetGroup", {"name": "my shop"})
    assert error.code == "InvalidInputException"
    assert error.message == (
        "1 validation error detected: Value 'my shop' at 'name' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: ^[a-zA-Z0-9][a-zA-Z0-9\-_]*"
    )


def test_a_pattern_must_match_the_whole_value(service: PersonalizeService) -> None:
    assert "pattern" in refused(service, "CreateDatasetGroup", {"name": "shop!"}).message


def test_counts_and_names_every_broken_constraint(service: PersonalizeService) -> None:
    error = refused(service, "CreateSchema", {"name": "-"})
    assert error.message.startswith("2 validation errors detected: ")
    assert "Value null at 'schema' failed to satisfy constraint: Member must not be null" in (
        error.message
    )


def test_refuses_a_name_that_is_too_long(service: PersonalizeService) -> None:
    error = refused(service, "CreateDatasetGroup", {"name": "a" * 64})
    assert "Member must have length less than or equal to 63" in error.message


def test_refuses_a_list_that_is_too_long(service: PersonalizeService) -> None:
    events = [{"eventType": "view", "sentAt": 1}] * 11
    request = {"trackingId": "t", "sessionId": "s", "eventList": events}
    error = refused(service, "PutEvents", request)
    assert "Member must have length less than or equal to 10" in error.message


def test_refuses_an_empty_list(service: PersonalizeService) -> None:
    request = {"trackingId": "t", "sessionId": "s", "eventList": []}
    error = refused(service, "PutEvents", request)
    assert "Member must have length greater than or equal to 1" in error.message


def test_refuses_a_number_out_of_range(service: PersonalizeService) -> None:
    error = refused(service, "ListSchemas", {"maxResults": 101})
    assert "Member must have value less than or equal to 100" in error.message


def test_refuses_a_value_outside_of_an_enum(service: PersonalizeService) -> None:
    error = refused(service, "CreateDatasetGroup", {"name": "shop", "domain": "TRAVEL"})
    assert "Member must satisfy enum value set: [ECOMMERCE, VIDEO_ON_DEMAND]" in error.message


def test_says_where_in_a_list_a_value_is(service: PersonalizeService) -> None:
    tags = [{"tagKey": "team", "tagValue": "shop"}, {"tagKey": "te!am", "tagValue": "shop"}]
    error = refused(service, "CreateDatasetGroup", {"name": "shop", "tags": tags})
    assert "at 'tags.2.member.tagKey'" in error.message


def test_does_not_show_a_value_that_is_sensitive(service: PersonalizeService) -> None:
    event = {"eventType": "view", "sentAt": 1, "itemId": "secret" * 50}
    request = {"trackingId": "t", "sessionId": "s", "eventList": [event]}
    assert "secret" not in refused(service, "PutEvents", request).message


@pytest.mark.parametrize("name", [7, True, ["shop"], {"a": "b"}])
def test_refuses_a_value_of_the_wrong_type(service: PersonalizeService, name: object) -> None:
    error = refused(service, "CreateDatasetGroup", {"name": name})
    assert error.code == "SerializationException"


def test_a_boolean_is_no_number(service: PersonalizeService) -> None:
    assert refused(service, "ListSchemas", {"maxResults": True}).code == "SerializationException"


def test_refuses_text_that_is_no_unicode(service: PersonalizeService) -> None:
    request = {"campaignArn": "arn:aws:personalize:::campaign/x", "userId": "\ud800"}
    assert refused(service, "GetRecommendations", request).code == "SerializationException"


def test_null_is_the_same_as_absent(service: PersonalizeService) -> None:
    assert "must not be null" in refused(service, "CreateDatasetGroup", {"name": None}).message


def test_ignores_members_that_the_model_does_not_know(service: PersonalizeService) -> None:
    assert service.call("ListSchemas", {"colour": "green"}) == {"schemas": []}


def test_understands_the_classes_of_letters_in_the_patterns(service: PersonalizeService) -> None:
    tags = [{"tagKey": "größe 大", "tagValue": "1/2"}]
    answer = service.call("CreateDatasetGroup", {"name": "tagged", "tags": tags})
    assert answer["datasetGroupArn"].endswith("dataset-group/tagged")
