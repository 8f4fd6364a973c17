"""Solutions that a campaign still serves when the stack lets them go, on the emulator."""

import json

from tests.handlers.resource_provider.cloudformation import CloudFormation, Resource
from tests.handlers.resource_provider.shop import PREFIX, Shop, campaign, solution

SOLUTION = "Custom::PersonalizeSolution"
ARN = f"{PREFIX}:solution/similar"


def serve(stack: CloudFormation, shop: Shop, solution_arn: str) -> Resource:
    """Train a solution and put a campaign on it."""
    shop.stock()
    shop.train(solution_arn)
    return stack.create("Custom::PersonalizeCampaign", campaign())


def test_a_solution_that_a_campaign_serves_is_retired(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(SOLUTION, solution(performAutoTraining=True))
    live = serve(stack, shop, ARN)

    stack.delete(resource)

    shop.wait(lambda: shop.solution(ARN)["performAutoTraining"] is False)
    tags = shop.personalize.list_tags_for_resource(resourceArn=ARN)["tags"]
    assert tags == [{"tagKey": "cdk-personalize:retired-by", "tagValue": "shop"}]
    assert shop.campaign(live.physical_id)["status"] == "ACTIVE"


def test_a_retired_solution_goes_with_the_data_sets(stack: CloudFormation, shop: Shop) -> None:
    resource = stack.create(SOLUTION, solution())
    live = serve(stack, shop, ARN)
    stack.delete(resource)
    stack.delete(live)
    interactions = f"{PREFIX}:dataset/shop/INTERACTIONS"
    request = {"Request": json.dumps({"name": "interactions"})}

    stack.delete(Resource("Custom::PersonalizeDataset", request, interactions))

    assert shop.left() == []


def test_a_retired_solution_goes_with_the_one_that_replaced_it(
    stack: CloudFormation, shop: Shop
) -> None:
    replaced = stack.create(SOLUTION, solution())
    live = serve(stack, shop, ARN)
    replacement = stack.update(replaced, solution("similar-2"))
    stack.delete(live)

    stack.delete(replacement)

    assert [arn for arn in shop.left() if ":solution/" in arn] == []


def test_a_retired_solution_that_still_serves_stays(stack: CloudFormation, shop: Shop) -> None:
    replaced = stack.create(SOLUTION, solution())
    serve(stack, shop, ARN)
    replacement = stack.update(replaced, solution("similar-2"))

    stack.delete(replacement)

    assert [arn for arn in shop.left() if ":solution/" in arn] == [ARN]


def test_a_retired_solution_is_taken_back_when_it_is_declared_again(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, solution(performAutoTraining=True))
    serve(stack, shop, ARN)
    stack.delete(resource)

    again = stack.create(SOLUTION, solution(performAutoTraining=True))

    assert again.physical_id == ARN
    assert shop.solution(ARN)["performAutoTraining"] is True
    assert shop.personalize.list_tags_for_resource(resourceArn=ARN)["tags"] == []


def test_a_solution_waits_for_a_campaign_that_is_going_away(
    stack: CloudFormation, shop: Shop
) -> None:
    resource = stack.create(SOLUTION, solution())
    live = serve(stack, shop, ARN)
    shop.personalize.delete_campaign(campaignArn=live.physical_id)

    stack.delete(resource)

    assert [arn for arn in shop.left() if ":solution/" in arn] == []
