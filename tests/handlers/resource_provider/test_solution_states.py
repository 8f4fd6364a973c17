"""Custom::PersonalizeSolution: whatever state the solution is in, on the emulator."""

import json

import pytest

from resource_provider.lifecycle import ProvisioningError
from tests.handlers.resource_provider.cloudformation import CloudFormation, Resource, resource_event
from tests.handlers.resource_provider.shop import PREFIX, Shop, solution

SOLUTION = "Custom::PersonalizeSolution"
ARN = f"{PREFIX}:solution/similar"
RESOURCE = Resource(SOLUTION, solution(), ARN)
HOUR = 3600.0


def solutions(shop: Shop) -> list[str]:
    return [arn for arn in shop.left() if ":solution/" in arn]


# Deletion


def test_what_is_being_created_is_deleted_once_it_is_there(
    stack: CloudFormation, shop: Shop
) -> None:
    stack.begin(resource_event("Create", SOLUTION, solution()))

    stack.delete(RESOURCE)

    assert solutions(shop) == []


def test_what_failed_to_be_created_is_deleted(stack: CloudFormation, shop: Shop) -> None:
    stack.begin(resource_event("Create", SOLUTION, solution()))
    shop.fail(ARN)

    stack.delete(RESOURCE)

    assert solutions(shop) == []


def test_what_is_being_updated_is_deleted_once_it_is(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(SOLUTION, solution())
    shop.personalize.update_solution(solutionArn=ARN, performAutoTraining=True)

    stack.delete(resource)

    assert solutions(shop) == []


def test_what_somebody_deletes_already_is_waited_for(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(SOLUTION, solution())
    shop.personalize.delete_solution(solutionArn=ARN)

    stack.delete(resource)

    assert solutions(shop) == []


def test_a_training_that_began_by_itself_is_stopped(stack: CloudFormation, shop: Shop) -> None:
    shop.stock()
    resource = stack.create(SOLUTION, solution(performAutoTraining=True))
    shop.aws.skip(1.1 * HOUR)
    shop.wait(lambda: bool(shop.versions(ARN)))
    assert [version["status"] for version in shop.versions(ARN)] != ["ACTIVE"]

    stack.delete(resource)

    assert solutions(shop) == []


def test_a_training_that_is_stopping_already_is_waited_for(
    stack: CloudFormation, shop: Shop
) -> None:
    shop.stock()
    resource = stack.create(SOLUTION, solution())
    version = shop.start_training(ARN)
    shop.wait(lambda: shop.version(version)["status"] == "CREATE IN_PROGRESS")
    shop.personalize.stop_solution_version_creation(solutionVersionArn=version)

    stack.delete(resource)

    assert solutions(shop) == []


def test_a_batch_job_that_asks_the_model_is_waited_for(stack: CloudFormation, shop: Shop) -> None:
    shop.stock()
    resource = stack.create(SOLUTION, solution())
    shop.start_batch(shop.train(ARN))

    stack.delete(resource)

    assert solutions(shop) == []


# Creation and update


def test_a_creation_waits_for_no_deletion(stack: CloudFormation, shop: Shop) -> None:
    stack.create(SOLUTION, solution())
    shop.personalize.delete_solution(solutionArn=ARN)

    with pytest.raises(
        ProvisioningError, match=f"{ARN} is being deleted: try again when it is gone"
    ):
        stack.create(SOLUTION, solution())


def test_what_is_deleted_while_it_is_being_created_is_told(
    stack: CloudFormation, shop: Shop
) -> None:
    stack.create(SOLUTION, solution())
    event = stack.begin(resource_event("Create", SOLUTION, solution()))
    stack.delete(RESOURCE)

    with pytest.raises(ProvisioningError, match=f"the solution {ARN} is gone"):
        stack.provider.is_complete(event)


def test_what_is_being_deleted_when_it_is_updated_is_created_again(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, solution())
    shop.personalize.delete_solution(solutionArn=ARN)

    stack.update(resource, solution(performAutoTraining=True))

    now = shop.solution(ARN)
    assert (now["status"], now["performAutoTraining"]) == ("ACTIVE", True)


def test_what_the_pipeline_makes_anew_while_it_is_updated_is_updated(
    stack: CloudFormation, shop: Shop
) -> None:
    before, after = solution(performAutoTraining=False), solution(performAutoTraining=True)
    resource = stack.update(stack.create(SOLUTION, after), before)
    event = stack.begin(
        resource_event("Update", SOLUTION, after, physical_id=ARN, old_properties=before)
    )
    stack.delete(resource)
    shop.personalize.create_solution(**json.loads(before["Request"]))

    stack.settle(event)

    assert shop.solution(ARN)["performAutoTraining"] is True


def test_what_failed_to_be_created_by_the_pipeline_is_created_again(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, solution())
    shop.fail(ARN)

    stack.update(resource, solution(eventType="view"))

    now = shop.solution(ARN)
    assert (now["status"], now["eventType"]) == ("ACTIVE", "view")


def test_what_took_the_place_of_one_that_failed_is_rolled_back(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, solution(eventType="buy"))
    shop.fail(ARN)
    attempted = solution(eventType="view")
    stack.update_only(resource, attempted)

    stack.roll_back(resource, attempted)

    now = shop.solution(ARN)
    assert (now["status"], now["eventType"]) == ("ACTIVE", "buy")


def test_a_roll_back_deletes_no_solution_that_was_there_before(
    stack: CloudFormation, shop: Shop
) -> None:
    attempted = solution()
    stack.create(SOLUTION, attempted)
    shop.age(ARN)
    otherwise = Resource(SOLUTION, solution(eventType="buy"), ARN)

    with pytest.raises(ProvisioningError, match="eventType of the solution"):
        stack.roll_back(otherwise, attempted)
    assert shop.solution(ARN)["status"] == "ACTIVE"


def test_why_an_update_failed_is_told_and_can_be_rolled_back(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, solution())
    attempted = solution(performAutoTraining=True)
    event = stack.begin(
        resource_event(
            "Update", SOLUTION, attempted, physical_id=ARN, old_properties=resource.properties
        )
    )
    stack.provider.is_complete(event)
    shop.fail(ARN, "latestSolutionUpdate")

    with pytest.raises(
        ProvisioningError, match=f"^the solution {ARN} could not be updated: there is no capacity$"
    ):
        stack.provider.is_complete(event)
    stack.roll_back(resource, attempted)
    assert shop.solution(ARN)["performAutoTraining"] is False


@pytest.mark.parametrize("is_over", [True, False], ids=["over", "under way"])
def test_a_half_made_update_is_rolled_back(
    stack: CloudFormation, shop: Shop, *, is_over: bool
) -> None:
    resource = stack.create(SOLUTION, solution())
    attempted = solution(performAutoTraining=True)
    event = stack.begin(
        resource_event(
            "Update", SOLUTION, attempted, physical_id=ARN, old_properties=resource.properties
        )
    )
    stack.settle(event) if is_over else stack.provider.is_complete(event)

    stack.roll_back(resource, attempted)

    assert shop.solution(ARN)["performAutoTraining"] is False
