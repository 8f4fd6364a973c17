"""What the pipeline learns from, what it waits for, and how it mends what failed."""

from typing import Any

import pytest
from aws_cdk.assertions import Template

from cdk_personalize import DatasetType, Recipe, RecipeType, Schema, SchemaField, TrainingMode
from tests.unit.patterns.declared_pipeline import Declared, plan
from tests.unit.patterns.pipeline_machines import States

NEWS = r"$count($Marks[$not($ in $split($Known, '\n'))]) > 0"


def retried(state: dict[str, Any]) -> set[str]:
    return {error for retry in state["Retry"] for error in retry["ErrorEquals"]}


def test_a_model_is_trained_if_it_has_not_learnt_something_yet(all_states: States) -> None:
    remembered = all_states["rounds: Remember the model"]["Assign"]
    way = all_states["rounds: Is a training due?"]["Choices"][2]

    assert remembered["Marks"] == (
        "{% [$Wished, $Data[Type in $states.input.Model.Uses].Mark, $Forgotten] %}"
    )
    assert "'Learnt' & $states.input.Model.SolutionArn" in remembered["Known"]
    assert way == {"Condition": f"{{% $Version = '' or {NEWS} %}}", "Next": "Train"}


def test_what_a_model_has_learnt_is_noted_before_its_campaigns_move(all_states: States) -> None:
    """So neither a campaign nor another model that fails has it trained again."""
    note = all_states["rounds: Note what is learnt"]

    assert all_states["rounds: Train"]["Next"] == "Note what is learnt"
    assert note["Next"] == "For each campaign"
    assert note["Arguments"]["UpdateExpression"] == "SET #learnt = :known"
    assert note["Arguments"]["ExpressionAttributeNames"] == {
        "#learnt": "{% 'Learnt' & $Model.SolutionArn %}"
    }


def test_a_wish_to_learn_anew_stays_until_another_one(all_states: States) -> None:
    """Each model notes that it has fulfilled it, so nothing has to be removed in time."""
    removing = [
        name
        for name, state in all_states.items()
        if "REMOVE" in str(state.get("Arguments"))
        and "Retrain" in str(state["Arguments"]).partition("REMOVE")[2]
    ]

    assert removing == []
    assert all_states["rounds: Begin a round"]["Assign"]["Wished"] == (
        "{% [$states.result.Attributes.Retrain.S.('retrain ' & $)] %}"
    )


@pytest.mark.parametrize(
    ("each", "what"), [("For each model", "Models"), ("For each recommender", "Recommenders")]
)
def test_what_has_no_data_yet_is_left_alone(all_states: States, each: str, what: str) -> None:
    assert all_states[f"rounds: {each}"]["Items"] == (
        f"{{% [$Plan.{what}[$count($Wished) > 0 or $count(Needs[$not($ in $Data.Type)]) = 0]] %}}"
    )


@pytest.mark.parametrize(
    ("recipe", "needs", "uses"),
    [
        (Recipe.SIMS, ["INTERACTIONS"], ["INTERACTIONS"]),
        (Recipe.SEMANTIC_SIMILARITY, ["ITEMS"], ["INTERACTIONS", "ITEMS"]),
        (
            Recipe.NEXT_BEST_ACTION,
            ["ACTIONS", "INTERACTIONS"],
            ["ACTIONS", "ACTION_INTERACTIONS", "INTERACTIONS", "ITEMS", "USERS"],
        ),
        (
            Recipe("aws-new", RecipeType.RELATED_ITEMS),
            ["INTERACTIONS"],
            sorted(each.arn_segment for each in DatasetType),
        ),
    ],
)
def test_carries_what_a_recipe_needs_and_what_it_can_learn_from(
    recipe: Recipe, needs: list[str], uses: list[str]
) -> None:
    declared = Declared()
    fields = {
        DatasetType.ITEMS: [
            SchemaField.string("NAME", item_name=True),
            SchemaField.string("DESCRIPTION", textual=True),
        ]
    }
    for dataset_type in (DatasetType.ITEMS, DatasetType.ACTIONS):
        schema = Schema(
            declared.stack,
            f"{dataset_type}Schema",
            dataset_type=dataset_type,
            fields=fields.get(dataset_type),
        )
        declared.group.add_dataset(str(dataset_type), schema=schema)
    declared.group.add_solution("More", recipe=recipe)

    model = plan(Template.from_stack(declared.stack).to_json())["Models"][-1]

    assert (model["Needs"], model["Uses"]) == (needs, uses)


def test_exports_a_dataset_that_has_changed_since(all_states: States) -> None:
    remembered = all_states["rounds: Remember the export"]["Assign"]
    is_due = all_states["rounds: Is there something to export?"]

    assert "$Data[Type in $states.input.Export.Type]" in remembered["Marks"]
    assert is_due["Choices"] == [{"Condition": f"{{% {NEWS} %}}", "Next": "Export"}]
    assert is_due["Default"] == "Nothing to export"
    assert all_states["rounds: Export"]["Next"] == "Note what is exported"


@pytest.mark.parametrize(
    ("listing", "contents"),
    [
        (
            "List the files",
            "$states.result.Contents[$not($contains($substringAfter(Key, $Dataset.Prefix), '/'))]",
        ),
        ("List the lists of users", "$states.result.Contents"),
        ("List the questions", "$states.result.Contents"),
    ],
)
def test_a_file_of_a_sub_folder_is_new_where_jobs_read_it(
    all_states: States, listing: str, contents: str
) -> None:
    """Imports take no sub-folders, deletions and batch jobs do."""
    assert all_states[f"rounds: {listing}"]["Assign"]["Newest"] == (
        f"{{% ($times := $append($Newest, {contents}.LastModified); $sort($times)[-1]) %}}"
    )


@pytest.mark.parametrize(
    "queue",
    [
        "jobs: Create the import job",
        "jobs: Create the export job",
        "jobs: Create the deletion job",
        "jobs: Create the inference job",
        "jobs: Create the segmentation job",
        "jobs: Create the solution version",
    ],
)
def test_waits_for_a_place_in_a_queue(all_states: States, queue: str) -> None:
    errors = retried(all_states[queue])

    assert {"Personalize.LimitExceededException", "Personalize.ResourceInUseException"} <= errors


@pytest.mark.parametrize(
    "count",
    [
        "jobs: Create the campaign",
        "jobs: Create the recommender",
        "jobs: Move the campaign",
        "rounds: Create the solution",
    ],
)
def test_waits_for_no_place_among_a_limited_number(all_states: States, count: str) -> None:
    errors = retried(all_states[count])

    assert "Personalize.ResourceInUseException" in errors
    assert "Personalize.LimitExceededException" not in errors


def test_a_recommender_that_failed_is_deleted_and_created_anew(all_states: States) -> None:
    ways = {
        way["Condition"]: way["Next"] for way in all_states["jobs: Is it there already?"]["Choices"]
    }
    (gone,) = all_states["jobs: Is the recommender gone?"]["Catch"]

    assert ways["{% $Is = 'CREATE FAILED' %}"] == "Delete the recommender"
    assert ways["{% $contains($Is, 'DELETE') %}"] == "Begin deletion of the recommender"
    assert all_states["jobs: Delete the recommender"]["Next"] == "Begin deletion of the recommender"
    assert gone["ErrorEquals"] == ["Personalize.ResourceNotFoundException"]
    assert gone["Next"] == "Create the recommender"
    assert all_states["jobs: Is the recommender gone?"]["Next"] == (
        "Wait for deletion of the recommender"
    )


def test_a_campaign_that_is_being_mended_has_not_failed_yet(all_states: States) -> None:
    """Its status stays CREATE FAILED until the update is over."""
    failed = all_states["jobs: Is the deployment over?"]["Choices"][1]

    assert failed == {
        "Condition": "{% $count($Status[$contains($, 'FAILED')]) > 0 and"
        " $count($Status[$contains($, 'PENDING') or $contains($, 'PROGRESS')]) = 0 %}",
        "Next": "The deployment failed",
    }


def test_a_campaign_moves_to_another_solution_with_its_configuration(all_states: States) -> None:
    move = all_states["jobs: Move the campaign"]["Arguments"]

    assert move.startswith(
        "{% $merge([{'CampaignArn': $Target.CampaignArn,"
        " 'SolutionVersionArn': $Target.SolutionVersionArn}, "
    )
    assert "$Elsewhere and $count($keys($config)) > 0 ? {'CampaignConfig': $config}" in move
    assert all_states["jobs: Find the campaign"]["Assign"]["Elsewhere"] == (
        "{% $not($contains($states.result.Campaign.SolutionVersionArn,"
        " $Target.SolutionArn & '/')) %}"
    )


def test_a_model_is_updated_instead_if_its_solution_says_so(all_states: States) -> None:
    """Not if users were deleted, a dataset is new, or it was asked to train anew."""
    mode = all_states["rounds: Train"]["Arguments"]["Input"]["TrainingMode"]

    assert mode == (
        "{% $Version = '' or $count([$Wished, $Forgotten][$not($ in $split($Known, '\\n'))]) > 0"
        " or $count($Data[Type in $Model.Uses].$join($split(Mark, ' ')[[0..1]], ' ')"
        "[$not($contains($Known, $ & ' '))]) > 0 ? 'FULL' : $Model.TrainingMode %}"
    )
    created = all_states["jobs: Create the solution version"]["Arguments"]
    assert created["TrainingMode"] == "{% $Mode %}"


def test_carries_how_a_solution_is_trained() -> None:
    declared = Declared()
    declared.group.add_solution(
        "Updated", recipe=Recipe.USER_PERSONALIZATION, training_mode=TrainingMode.UPDATE
    )

    models = plan(Template.from_stack(declared.stack).to_json())["Models"]

    assert [model["TrainingMode"] for model in models] == ["FULL", "UPDATE"]
