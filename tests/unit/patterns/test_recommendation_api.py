"""The API for recommendations."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk.assertions import Annotations, Match, Template

from cdk_personalize.campaign import Campaign, ICampaign
from cdk_personalize.dataset_group import DatasetGroup, IDatasetGroup
from cdk_personalize.filters import Filter
from cdk_personalize.patterns.api_access import ApiAccess
from cdk_personalize.patterns.recommendation_api import RecommendationApi
from cdk_personalize.recipe import Recipe
from cdk_personalize.solution import Solution
from tests.refusals import at_synth, whole

FILTER_ARN = "arn:aws:personalize:us-east-1:111111111111:filter/theirs"


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(env=cdk.Environment(account="111111111111", region="us-east-1"))


@pytest.fixture
def group(stack: cdk.Stack) -> IDatasetGroup:
    return DatasetGroup.from_dataset_group_name(stack, "Group", "shop")


def campaign(group: IDatasetGroup, recipe: Recipe, name: str = "shop") -> Campaign:
    stack = cdk.Stack.of(group)
    solution = Solution(stack, f"{name}Solution", dataset_group=group, recipe=recipe)
    return Campaign(stack, f"{name}Campaign", solution=solution, campaign_name=name)


@pytest.fixture
def for_you(group: IDatasetGroup) -> Campaign:
    return campaign(group, Recipe.USER_PERSONALIZATION_V2, "for-you")


@pytest.fixture
def theirs(stack: cdk.Stack) -> ICampaign:
    return Campaign.from_campaign_name(stack, "Theirs", "theirs")


def routes(template: Template) -> dict[str, str]:
    """Return who may use each route."""
    return {
        route["Properties"]["RouteKey"]: route["Properties"]["AuthorizationType"]
        for route in template.find_resources("AWS::ApiGatewayV2::Route").values()
    }


def told(stack: cdk.Stack, variable: str) -> Any:
    """Return a variable of the function's environment, with tokens that show."""
    functions = Template.from_stack(stack).find_resources(
        "AWS::Lambda::Function", {"Properties": {"Handler": "recommend.handler.handler"}}
    )
    (function,) = functions.values()
    value = function["Properties"]["Environment"]["Variables"][variable]
    if isinstance(value, str):
        return json.loads(value)
    parts = value["Fn::Join"][1]
    return json.loads("".join(part if isinstance(part, str) else "TOKEN" for part in parts))


@pytest.mark.parametrize(
    ("recipe", "route", "name"),
    [
        (Recipe.USER_PERSONALIZATION_V2, "GET /recommendations", "recommendations"),
        (Recipe.SIMILAR_ITEMS, "GET /related", "related"),
        (Recipe.PERSONALIZED_RANKING_V2, "POST /ranking", "ranking"),
    ],
)
def test_gives_a_model_the_route_that_its_recipe_answers(
    stack: cdk.Stack, group: IDatasetGroup, recipe: Recipe, route: str, name: str
) -> None:
    RecommendationApi(stack, "Api", models={"mine": campaign(group, recipe)})

    assert set(routes(Template.from_stack(stack))) == {route, "$default"}
    (model,) = told(stack, "MODELS")
    assert (model["name"], model["route"]) == ("mine", name)


def test_tells_the_function_which_campaign_answers(stack: cdk.Stack, theirs: ICampaign) -> None:
    api = RecommendationApi(stack, "Api")

    api.add_model("theirs", theirs, recipe=Recipe.SIMS)

    (model,) = told(stack, "MODELS")
    assert model["arn"].endswith(":personalize:us-east-1:111111111111:campaign/theirs")


def test_lets_models_share_a_route_in_the_order_they_were_named(
    stack: cdk.Stack, theirs: ICampaign, for_you: Campaign
) -> None:
    api = RecommendationApi(stack, "Api", models={"mine": for_you})

    api.add_model("theirs", theirs, recipe=Recipe.USER_PERSONALIZATION)

    assert [model["name"] for model in told(stack, "MODELS")] == ["mine", "theirs"]
    assert set(routes(Template.from_stack(stack))) == {"GET /recommendations", "$default"}


def test_needs_the_recipe_of_an_imported_campaign(stack: cdk.Stack, theirs: ICampaign) -> None:
    with pytest.raises(
        ValueError,
        match=whole("the recipe of an import is not known: add_model('theirs', ..., recipe=...)"),
    ):
        RecommendationApi(stack, "Api", models={"theirs": theirs})


def test_needs_the_recipe_of_an_imported_solution(stack: cdk.Stack) -> None:
    arn = "arn:aws:personalize:us-east-1:111111111111:solution/theirs"
    solution = Solution.from_solution_arn(stack, "Solution", arn)
    mine = Campaign(stack, "Campaign", solution=solution)

    with pytest.raises(
        ValueError,
        match=whole("the recipe of an import is not known: add_model('mine', ..., recipe=...)"),
    ):
        RecommendationApi(stack, "Api", models={"mine": mine})


@pytest.mark.parametrize("recipe", [Recipe.ITEM_AFFINITY, Recipe.ITEM_ATTRIBUTE_AFFINITY])
def test_refuses_a_recipe_that_no_route_answers(
    stack: cdk.Stack, theirs: ICampaign, recipe: Recipe
) -> None:
    api = RecommendationApi(stack, "Api")

    with pytest.raises(
        ValueError,
        match=whole(
            f"model 'theirs' must be one that answers requests, got {recipe.type} ({recipe})"
        ),
    ):
        api.add_model("theirs", theirs, recipe=recipe)


@pytest.mark.parametrize("name", ["", "for you", "x" * 64, "a/b", "-x"])
def test_refuses_a_name_that_is_none(stack: cdk.Stack, theirs: ICampaign, name: str) -> None:
    api = RecommendationApi(stack, "Api")

    with pytest.raises(
        ValueError,
        match=whole(
            "the name of a model must be up to 63 letters, digits, hyphens and underscores,"
            f" got {name!r}"
        ),
    ):
        api.add_model(name, theirs, recipe=Recipe.SIMS)


def test_refuses_a_name_twice(stack: cdk.Stack, theirs: ICampaign) -> None:
    api = RecommendationApi(stack, "Api")
    api.add_model("theirs", theirs, recipe=Recipe.SIMS)

    with pytest.raises(
        ValueError, match=whole("the name of a model must be unique, got 'theirs' twice")
    ):
        api.add_model("theirs", theirs, recipe=Recipe.SIMS)


def test_lets_the_function_query_its_campaigns_alone(stack: cdk.Stack, for_you: Campaign) -> None:
    RecommendationApi(stack, "Api", models={"for-you": for_you})

    query = {
        "Action": Match.array_with(["personalize:GetRecommendations"]),
        "Resource": stack.resolve(for_you.campaign_arn),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(query)])}},
    )


def test_names_filters_and_which_of_their_values_are_numbers(
    stack: cdk.Stack, group: IDatasetGroup
) -> None:
    mine = Filter(
        stack,
        "Filter",
        dataset_group=group,
        filter_expression=(
            "INCLUDE ItemID WHERE Items.GENRE IN ($GENRE) AND Items.PRICE < $MAX_PRICE"
        ),
    )

    RecommendationApi(stack, "Api", filters={"cheap": mine})

    assert told(stack, "FILTERS")["cheap"]["numbers"] == ["MAX_PRICE"]


def test_takes_a_filter_that_exists_already(stack: cdk.Stack) -> None:
    api = RecommendationApi(stack, "Api")

    api.add_filter(
        "theirs", Filter.from_filter_arn(stack, "Filter", FILTER_ARN), numbers=["MAX_PRICE"]
    )

    assert told(stack, "FILTERS") == {"theirs": {"arn": FILTER_ARN, "numbers": ["MAX_PRICE"]}}


def test_is_closed_by_iam_by_default(stack: cdk.Stack, for_you: Campaign) -> None:
    RecommendationApi(stack, "Api", models={"for-you": for_you})

    assert set(routes(Template.from_stack(stack)).values()) == {"AWS_IAM"}
    Annotations.from_stack(stack).has_no_warning("/Default/Api", Match.any_value())


def test_is_open_only_if_asked_and_says_what_that_means(
    stack: cdk.Stack, for_you: Campaign
) -> None:
    RecommendationApi(
        stack,
        "Api",
        models={"for-you": for_you},
        access=ApiAccess.public(),
    )

    assert set(routes(Template.from_stack(stack)).values()) == {"NONE"}
    Annotations.from_stack(stack).has_warning(
        "/Default/Api", Match.string_like_regexp("anyone can read the recommendations")
    )


def test_lets_through_what_a_campaign_takes(stack: cdk.Stack) -> None:
    RecommendationApi(stack, "Api")

    Template.from_stack(stack).has_resource_properties(
        "AWS::ApiGatewayV2::Stage",
        {"DefaultRouteSettings": {"ThrottlingRateLimit": 500, "ThrottlingBurstLimit": 1000}},
    )


def test_logs_access_without_the_query(stack: cdk.Stack) -> None:
    RecommendationApi(stack, "Api")

    template = Template.from_stack(stack)
    (log_id,) = template.find_resources(
        "AWS::Logs::LogGroup",
        {"Properties": {"LogGroupName": Match.string_like_regexp("^/aws/vendedlogs/")}},
    )
    (stage,) = template.find_resources("AWS::ApiGatewayV2::Stage").values()
    log = stage["Properties"]["AccessLogSettings"]
    assert log["DestinationArn"] == {"Fn::GetAtt": [log_id, "Arn"]}
    fields = json.loads(log["Format"]).values()
    assert "$context.status" in fields
    assert "$context.path" not in fields


def test_keeps_logs_for_a_month(stack: cdk.Stack) -> None:
    RecommendationApi(stack, "Api")

    Template.from_stack(stack).all_resources_properties(
        "AWS::Logs::LogGroup", {"RetentionInDays": 30}
    )


def test_encrypts_its_logs_with_a_key_that_takes_them(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")

    RecommendationApi(stack, "Api", encryption_key=key)

    template = Template.from_stack(stack)
    template.all_resources_properties(
        "AWS::Logs::LogGroup", {"KmsKeyId": stack.resolve(key.key_arn)}
    )
    logs = {"Principal": {"Service": "logs.us-east-1.amazonaws.com"}}
    template.has_resource_properties(
        "AWS::KMS::Key",
        {"KeyPolicy": {"Statement": Match.array_with([Match.object_like(logs)])}},
    )


def test_is_asked_by_no_other_origin_by_default(stack: cdk.Stack) -> None:
    RecommendationApi(stack, "Api")

    Template.from_stack(stack).has_resource_properties(
        "AWS::ApiGatewayV2::Api", {"CorsConfiguration": Match.absent()}
    )


def test_answers_within_the_time_of_the_function(stack: cdk.Stack) -> None:
    RecommendationApi(stack, "Api")

    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::Function", {"Handler": "recommend.handler.handler", "Timeout": 10}
    )


def test_is_called_by_its_own_api_alone(stack: cdk.Stack, for_you: Campaign) -> None:
    api = RecommendationApi(stack, "Api", models={"for-you": for_you})

    template = Template.from_stack(stack)
    template.resource_count_is("AWS::Lambda::Permission", 2)
    template.has_resource_properties(
        "AWS::Lambda::Permission",
        {
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": stack.resolve(api.api.arn_for_execute_api()),
        },
    )


def test_the_route_of_what_nobody_answers_may_call_the_function_too(stack: cdk.Stack) -> None:
    """API Gateway calls it as stage/$default, which has no method and no path."""
    http_api = RecommendationApi(stack, "Api").api

    assert isinstance(http_api, apigatewayv2.HttpApi)

    Template.from_stack(stack).has_resource_properties(
        "AWS::Lambda::Permission",
        {
            "SourceArn": stack.resolve(
                stack.format_arn(
                    service="execute-api", resource=http_api.api_id, resource_name="*/$default"
                )
            )
        },
    )


def test_grants_to_ask_it(stack: cdk.Stack) -> None:
    api = RecommendationApi(stack, "Api")
    shop = iam.Role(stack, "Shop", assumed_by=iam.AccountRootPrincipal())

    api.grant_invoke(shop)

    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow",
        "Resource": stack.resolve(api.api.arn_for_execute_api(stage="$default")),
    }
    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {"Statement": [statement]},
            "Roles": [stack.resolve(shop.role_name)],
        },
    )


def test_tells_its_url(stack: cdk.Stack) -> None:
    api = RecommendationApi(stack, "Api")

    url = stack.resolve(api.url)["Fn::Join"][1]
    assert url[0] == "https://"
    assert url[-1].endswith("/")


LIKE_THIS = "INCLUDE ItemID WHERE Items.GENRE IN CurrentItem.GENRE"


def test_refuses_a_filter_that_no_model_can_use(
    stack: cdk.Stack, group: IDatasetGroup, for_you: Campaign
) -> None:
    api = RecommendationApi(stack, "Api", models={"for-you": for_you})
    api.add_filter("like-this", group.add_filter("F", filter_expression=LIKE_THIS))

    with pytest.raises(
        RuntimeError,
        match=at_synth(
            "Default/Api",
            "the filter 'like-this' applies to no model of the API: CurrentItem is for related"
            " items, not for aws-user-personalization-v2",
        ),
    ):
        Template.from_stack(stack)


def test_takes_a_filter_that_one_of_the_models_can_use(
    stack: cdk.Stack, group: IDatasetGroup, for_you: Campaign
) -> None:
    api = RecommendationApi(stack, "Api", models={"for-you": for_you})
    api.add_filter("like-this", group.add_filter("F", filter_expression=LIKE_THIS))

    api.add_model("similar", campaign(group, Recipe.SIMILAR_ITEMS, "similar"))

    Template.from_stack(stack).resource_count_is("AWS::Personalize::Filter", 1)


@pytest.fixture
def stream(stack: cdk.Stack) -> kinesis.Stream:
    key = kms.Key(stack, "StreamKey")
    encryption = kinesis.StreamEncryption.KMS
    return kinesis.Stream(stack, "Stream", encryption=encryption, encryption_key=key)


def test_takes_no_events_without_a_stream(stack: cdk.Stack) -> None:
    RecommendationApi(stack, "Api")

    assert "POST /events" not in routes(Template.from_stack(stack))


def test_takes_events_from_whom_it_lets_in(stack: cdk.Stack, stream: kinesis.Stream) -> None:
    RecommendationApi(stack, "Api", event_stream=stream)

    template = Template.from_stack(stack)
    assert routes(template)["POST /events"] == "AWS_IAM"
    template.has_resource_properties(
        "AWS::Lambda::Function",
        {"Environment": {"Variables": {"STREAM_NAME": stack.resolve(stream.stream_name)}}},
    )


def test_may_put_events_on_the_stream_and_no_more(stack: cdk.Stack, stream: kinesis.Stream) -> None:
    RecommendationApi(stack, "Api", event_stream=stream)

    found = [
        statement["Action"]
        for policy in Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if stack.resolve(stream.stream_arn) == statement["Resource"]
    ]
    assert found == ["kinesis:PutRecords"]


def test_warns_of_events_from_anyone(stack: cdk.Stack, stream: kinesis.Stream) -> None:
    RecommendationApi(
        stack,
        "Api",
        event_stream=stream,
        event_access=ApiAccess.public(),
    )

    assert routes(Template.from_stack(stack))["POST /events"] == "NONE"
    Annotations.from_stack(stack).has_warning(
        "/Default/Api", Match.string_like_regexp("anyone can send events to this API")
    )
