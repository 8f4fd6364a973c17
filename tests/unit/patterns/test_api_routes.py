"""How the routes of an API answer: what is declared, what the function is told, what is refused."""

import json
from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Template

from cdk_personalize import (
    Campaign,
    DatasetGroup,
    Filter,
    ICampaign,
    IDatasetGroup,
    IRecommender,
    Recipe,
    Recommender,
    UseCase,
)
from cdk_personalize.patterns import (
    ApiRoute,
    Caching,
    Experiment,
    Fallback,
    ItemMetadata,
    RecommendationApi,
    RequestContext,
    RouteOptions,
)
from tests.refusals import at_synth, whole
from tests.unit.patterns.declared_apis import only, properties

SECONDS = cdk.Duration.seconds
API = "Default/Api"


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(env=cdk.Environment(account="111111111111", region="us-east-1"))


@pytest.fixture
def bucket(stack: cdk.Stack) -> s3.Bucket:
    return s3.Bucket(stack, "Bucket")


def imported(stack: cdk.Stack, name: str) -> ICampaign:
    return Campaign.from_campaign_name(stack, name, name)


def group(stack: cdk.Stack) -> IDatasetGroup:
    return DatasetGroup.from_dataset_group_name(stack, "Group", "shop")


def declare(stack: cdk.Stack, **options: Any) -> RecommendationApi:
    """Define an API with a model for each route."""
    api = RecommendationApi(stack, "Api", **options)
    for name, recipe in (
        ("for-you", Recipe.USER_PERSONALIZATION_V2),
        ("new", Recipe.USER_PERSONALIZATION_V2),
        ("similar", Recipe.SIMS),
        ("liked", Recipe.POPULARITY_COUNT),
        ("rising", Recipe.TRENDING_NOW),
        ("ranked", Recipe.PERSONALIZED_RANKING_V2),
        ("next", Recipe.NEXT_BEST_ACTION),
    ):
        api.add_model(name, imported(stack, name), recipe=recipe)
    best: IRecommender = Recommender.from_recommender_name(stack, "best", "best")
    api.add_model("best", best, recipe=UseCase.BEST_SELLERS)
    return api


def told(stack: cdk.Stack, variable: str) -> Any:
    """Return what the function is told, with tokens that show."""
    value = api_function(stack)["Environment"]["Variables"].get(variable)
    if isinstance(value, Mapping):
        parts = value["Fn::Join"][1]
        value = "".join(part if isinstance(part, str) else "TOKEN" for part in parts)
    return None if value is None else json.loads(value)


def api_function(stack: cdk.Stack) -> dict[str, Any]:
    (found,) = [
        function
        for function in properties(stack, "AWS::Lambda::Function")
        if function["Handler"] == "recommend.handler.handler"
    ]
    return found


def statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    return [
        statement
        for policy in properties(stack, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
    ]


@pytest.mark.parametrize(
    ("recipe", "route"),
    [
        (Recipe.POPULARITY_COUNT, ApiRoute.POPULAR),
        (Recipe.TRENDING_NOW, ApiRoute.TRENDING),
        (Recipe.NEXT_BEST_ACTION, ApiRoute.ACTIONS),
        (Recipe.SEMANTIC_SIMILARITY, ApiRoute.RELATED),
        (UseCase.BEST_SELLERS, ApiRoute.POPULAR),
        (UseCase.TRENDING_NOW, ApiRoute.TRENDING),
        (UseCase.TOP_PICKS, ApiRoute.RECOMMENDATIONS),
        (UseCase.MORE_LIKE_X, ApiRoute.RELATED),
        (Recipe.ITEM_AFFINITY, None),
    ],
)
def test_a_recipe_and_a_use_case_have_a_route(
    recipe: Recipe | UseCase, route: ApiRoute | None
) -> None:
    assert ApiRoute.of(recipe) is route


def test_a_recommender_answers_like_a_campaign(stack: cdk.Stack) -> None:
    declare(stack)

    model = told(stack, "MODELS")[-1]
    assert model["arn"].endswith(":recommender/best")
    assert model["needsUser"] is True
    granted = [one for one in statements(stack) if "GetRecommendations" in str(one["Action"])]
    assert "recommender/best" in json.dumps(granted)


def test_a_route_that_is_as_it_is_tells_the_function_nothing(stack: cdk.Stack) -> None:
    declare(stack, routes={ApiRoute.TRENDING: RouteOptions()})

    assert told(stack, "ROUTES") is None


def test_the_function_is_told_how_a_route_answers(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    options = RouteOptions(
        limit=SECONDS(1),
        filter="genre",
        filter_values={"GENRE": ["tea", "cup"]},
        promotion="sale",
        fallbacks=[
            Fallback.to_model("liked"),
            Fallback.to_last_good_list("liked", bucket=bucket),
            Fallback.to_items("a", "b"),
        ],
        experiment=Experiment(name="autumn", weights={"for-you": 3, "new": 1}),
        caching=Caching(
            of_user=SECONDS(5),
            of_anyone=cdk.Duration.minutes(5),
            is_public=True,
            stale_if_error=cdk.Duration.hours(1),
            in_memory=SECONDS(60),
        ),
    )
    api = declare(stack, routes={ApiRoute.RECOMMENDATIONS: options})
    genre = Filter.from_filter_name(stack, "Genre", "genre")
    api.add_filter("genre", genre)
    api.add_promotion("sale", filter="genre", percent_promoted_items=20)

    assert told(stack, "ROUTES") == {
        "recommendations": {
            "limit": 1,
            "filter": "genre",
            "values": {"GENRE": ["tea", "cup"]},
            "promotion": "sale",
            "fallbacks": [{"model": "liked"}, {"lastGood": "liked"}, {"ids": ["a", "b"]}],
            "experiment": {"name": "autumn", "weights": {"for-you": 3, "new": 1}},
            "cache": {
                "user": {"maxAge": 5, "staleIfError": 3600},
                "anyone": {"maxAge": 300, "public": True, "staleIfError": 3600},
            },
            "keep": 60,
        }
    }
    assert told(stack, "PROMOTIONS") == {"sale": {"filter": "genre", "percent": 20}}


def test_the_placeholders_of_a_filter_are_told_by_what_they_stand_for(stack: cdk.Stack) -> None:
    api = declare(stack)
    expression = "INCLUDE ItemID WHERE Items.GENRE IN ($GENRE) AND Items.PRICE <= $MAX_PRICE"
    one = Filter(stack, "Genre", dataset_group=group(stack), filter_expression=expression)

    api.add_filter("genre", one)

    told_of = told(stack, "FILTERS")["genre"]
    assert (told_of["texts"], told_of["numbers"]) == (["GENRE"], ["MAX_PRICE"])


class TestLastGoodLists:
    @pytest.fixture(autouse=True)
    def api(self, stack: cdk.Stack) -> RecommendationApi:
        key = kms.Key(stack, "Key")
        bucket = s3.Bucket(stack, "Bucket", encryption_key=key)
        fallback = Fallback.to_last_good_list(
            "liked", bucket=bucket, refreshed_every=cdk.Duration.minutes(30)
        )
        routes = {
            ApiRoute.RECOMMENDATIONS: RouteOptions(fallbacks=[fallback]),
            ApiRoute.RELATED: RouteOptions(fallbacks=[fallback]),
        }
        return declare(stack, routes=routes)

    def test_the_function_is_asked_for_them_on_time(self, stack: cdk.Stack) -> None:
        rule = only(stack, "AWS::Events::Rule")

        assert rule["ScheduleExpression"] == "rate(30 minutes)"
        assert json.loads(rule["Targets"][0]["Input"]) == {"refresh": ["liked"]}

    def test_the_function_reads_and_writes_them_and_no_more(self, stack: cdk.Stack) -> None:
        (granted,) = [one for one in statements(stack) if "s3:GetObject" in one["Action"]]

        assert granted["Action"] == ["s3:GetObject", "s3:PutObject"]
        assert json.dumps(granted["Resource"]).endswith('"/fallback/*"]]}')

    def test_the_function_may_use_the_key(self, stack: cdk.Stack) -> None:
        actions = [one["Action"] for one in statements(stack)]

        assert ["kms:Decrypt", "kms:GenerateDataKey"] in actions


class TestExperiment:
    def test_its_weights_may_be_in_a_parameter(self, stack: cdk.Stack) -> None:
        parameter = ssm.StringParameter(stack, "Weights", string_value='{"new": 1}')
        experiment = Experiment(
            name="autumn", weights={"for-you": 1, "new": 1}, parameter=parameter
        )

        declare(stack, routes={ApiRoute.RECOMMENDATIONS: RouteOptions(experiment=experiment)})

        assert told(stack, "ROUTES")["recommendations"]["experiment"]["parameter"] == "TOKEN"
        assert any("ssm:GetParameter" in one["Action"] for one in statements(stack))

    def test_its_exposures_may_be_put_on_the_stream(self, stack: cdk.Stack) -> None:
        stream = kinesis.Stream(stack, "Stream")
        experiment = Experiment(name="autumn", weights={"for-you": 1, "new": 1})

        declare(
            stack,
            routes={ApiRoute.RECOMMENDATIONS: RouteOptions(experiment=experiment)},
            event_stream=stream,
        )

        assert ["kinesis:PutRecords", "kinesis:PutRecord"] in [
            one["Action"] for one in statements(stack)
        ]


class TestItemMetadata:
    def test_models_are_asked_for_columns(self, stack: cdk.Stack) -> None:
        declare(stack, item_metadata=ItemMetadata.of_personalize("PRICE", "TITLE"))

        assert told(stack, "ITEM_COLUMNS") == ["PRICE", "TITLE"]
        assert told(stack, "MODELS")[0]["metadata"] is True

    def test_a_table_is_asked_instead_of_them(self, stack: cdk.Stack) -> None:
        key = dynamodb.Attribute(name="ITEM_ID", type=dynamodb.AttributeType.STRING)
        table = dynamodb.TableV2(stack, "Items", partition_key=key)

        declare(stack, item_metadata=ItemMetadata.of_table(table, attributes=["PRICE"]))

        assert told(stack, "ITEM_TABLE") == {
            "name": "TOKEN",
            "key": "ITEM_ID",
            "attributes": ["PRICE"],
            "seconds": 300,
        }
        assert "metadata" not in told(stack, "MODELS")[0]
        assert any(one["Action"] == "dynamodb:BatchGetItem" for one in statements(stack))

    def test_a_model_that_tells_no_columns_is_not_asked(self, stack: cdk.Stack) -> None:
        solution = group(stack).add_solution("Similar", recipe=Recipe.SIMILAR_ITEMS)
        similar = Campaign(stack, "Campaign", solution=solution)

        RecommendationApi(
            stack,
            "Api",
            models={"similar": similar},
            item_metadata=ItemMetadata.of_personalize("PRICE"),
        )

        assert "metadata" not in told(stack, "MODELS")[0]


def test_the_context_is_told_by_what_it_holds(stack: cdk.Stack) -> None:
    declare(stack, context=RequestContext(device="DEVICE", season="SEASON"))

    assert told(stack, "CONTEXT") == {"device": "DEVICE", "season": "SEASON"}


def test_the_log_names_users_if_it_is_told_to(stack: cdk.Stack) -> None:
    declare(stack).log_user_ids()

    assert told(stack, "LOG_USER_IDS") == 1


def test_the_log_names_no_user_by_itself(stack: cdk.Stack) -> None:
    declare(stack)

    assert told(stack, "LOG_USER_IDS") is None


def test_the_function_has_longer_than_its_slowest_route(stack: cdk.Stack) -> None:
    declare(stack, routes={ApiRoute.RANKING: RouteOptions(limit=SECONDS(20))})

    assert api_function(stack)["Timeout"] == 21


@pytest.mark.parametrize(
    ("route", "options", "finding"),
    [
        (
            ApiRoute.RECOMMENDATIONS,
            RouteOptions(filter="none"),
            "the filter of /recommendations must be declared first, got 'none'",
        ),
        (
            ApiRoute.RECOMMENDATIONS,
            RouteOptions(promotion="none"),
            "the promotion of /recommendations must be declared first, got 'none'",
        ),
        (
            ApiRoute.RECOMMENDATIONS,
            RouteOptions(experiment=Experiment(name="e", weights={"for-you": 1, "liked": 1})),
            "the experiment of /recommendations must be over one of for-you, new, got 'liked'",
        ),
        (
            ApiRoute.RECOMMENDATIONS,
            RouteOptions(fallbacks=[Fallback.to_model("none")]),
            "a fallback of /recommendations must be one of for-you, new, similar, liked, rising,"
            " ranked, next, best, got 'none'",
        ),
        (
            ApiRoute.RECOMMENDATIONS,
            RouteOptions(fallbacks=[Fallback.to_model("similar")]),
            "the model 'similar' of /related cannot answer what /recommendations is asked",
        ),
        (
            ApiRoute.RELATED,
            RouteOptions(fallbacks=[Fallback.to_model("best")]),
            "the model 'best' of /popular cannot answer what /related is asked",
        ),
        (
            ApiRoute.ACTIONS,
            RouteOptions(fallbacks=[Fallback.to_model("for-you")]),
            "the model 'for-you' of /recommendations cannot answer what /actions is asked",
        ),
        (
            ApiRoute.RELATED,
            RouteOptions(fallbacks=[Fallback.to_given_order()]),
            "only a ranking has an order that it was given, /related has none",
        ),
        (
            ApiRoute.RANKING,
            RouteOptions(fallbacks=[Fallback.to_items("a")]),
            "a ranking answers with the items that it was given, not with a list",
        ),
    ],
)
def test_refuses_what_a_route_cannot_do(
    stack: cdk.Stack, route: ApiRoute, options: RouteOptions, finding: str
) -> None:
    declare(stack, routes={route: options})

    with pytest.raises(RuntimeError, match=at_synth(API, finding)):
        Template.from_stack(stack)


def test_refuses_options_of_a_route_that_nothing_answers(stack: cdk.Stack) -> None:
    RecommendationApi(stack, "Api", routes={ApiRoute.POPULAR: RouteOptions()})

    with pytest.raises(
        RuntimeError, match=at_synth(API, "routes has options for /popular, which no model answers")
    ):
        Template.from_stack(stack)


@pytest.mark.parametrize("model", ["for-you", "best"])
def test_refuses_a_last_good_list_of_a_model_that_needs_a_user(
    stack: cdk.Stack, bucket: s3.Bucket, model: str
) -> None:
    fallback = Fallback.to_last_good_list(model, bucket=bucket)
    declare(stack, routes={ApiRoute.RELATED: RouteOptions(fallbacks=[fallback])})

    with pytest.raises(
        RuntimeError,
        match=at_synth(
            API,
            "the last good list of /related must be of a model of /popular or /trending that needs"
            f" no user, got {model!r}",
        ),
    ):
        Template.from_stack(stack)


def test_refuses_values_for_which_a_filter_has_no_placeholder(stack: cdk.Stack) -> None:
    expression = "INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)"
    genre = Filter(stack, "Genre", dataset_group=group(stack), filter_expression=expression)
    options = RouteOptions(filter="genre", filter_values={"GENER": ["tea"]})

    declare(stack, filters={"genre": genre}, routes={ApiRoute.RELATED: options})

    with pytest.raises(
        RuntimeError,
        match=at_synth(API, "the filter 'genre' of /related has $GENRE, got a value for 'GENER'"),
    ):
        Template.from_stack(stack)


def test_refuses_a_promotion_without_its_filter(stack: cdk.Stack) -> None:
    declare(stack).add_promotion("sale", filter="none", percent_promoted_items=20)

    with pytest.raises(
        RuntimeError,
        match=at_synth(API, "the filter of promotion 'sale' must be declared first, got 'none'"),
    ):
        Template.from_stack(stack)


def test_refuses_more_than_the_environment_of_a_function_holds(stack: cdk.Stack) -> None:
    options = RouteOptions(fallbacks=[Fallback.to_items(*("i" * 50 for _ in range(100)))])
    declare(stack, routes={ApiRoute.RELATED: options})

    with pytest.raises(RuntimeError, match=r"bytes of the function's environment, which has 4096"):
        Template.from_stack(stack)


def test_takes_twenty_models_where_neither_account_nor_region_is_known() -> None:
    stack = cdk.Stack()
    api = RecommendationApi(stack, "Api")
    for number in range(20):
        model = imported(stack, f"model-{number}")
        api.add_model(f"model-{number}", model, recipe=Recipe.USER_PERSONALIZATION_V2)

    assert Template.from_stack(stack)


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: RouteOptions(limit=SECONDS(30)), "limit must be up to 29 seconds, got 30"),
        (lambda: RouteOptions(limit=SECONDS(0)), "limit must be up to 29 seconds, got 0"),
        (
            lambda: RouteOptions(filter_values={"A": ["b"]}),
            "filter_values must come with a filter, got {'A': ['b']} alone",
        ),
        (Fallback.to_items, "a list must have 1 to 100 items, got 0"),
        (
            lambda: Experiment(name="a/b", weights={"m": 1}),
            "the name of an experiment must be ASCII without a slash, got 'a/b'",
        ),
        (
            lambda: Experiment(name="a", weights={}),
            "the weights of an experiment must be 0 or more, got {}",
        ),
        (
            lambda: Experiment(name="a", weights={"m": -1}),
            "the weights of an experiment must be 0 or more, got {'m': -1}",
        ),
        (
            lambda: Experiment(name="a", weights={"m": 0}),
            "one weight of an experiment must be above 0, got {'m': 0}",
        ),
        (ItemMetadata.of_personalize, "models can tell 1 to 10 columns, got 0"),
    ],
)
def test_refuses_values_that_mean_nothing(refused: Any, message: str) -> None:
    with pytest.raises(ValueError, match=whole(message)):
        refused()


@pytest.mark.parametrize("percent", [0, 101])
def test_refuses_a_share_that_is_none(stack: cdk.Stack, percent: int) -> None:
    api = declare(stack)

    with pytest.raises(
        ValueError, match=whole(f"percent_promoted_items must be 1 to 100, got {percent}")
    ):
        api.add_promotion("sale", filter="genre", percent_promoted_items=percent)
