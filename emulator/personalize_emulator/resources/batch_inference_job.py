"""Batch inference jobs: recommendations for every line of some files."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from botocore.model import Shape

from cdk_personalize.filter_expression import Target
from cdk_personalize.recipe import Recipe, RecipeType
from personalize_emulator.batch_lines import answer_files
from personalize_emulator.caller import Caller
from personalize_emulator.errors import InvalidInputError
from personalize_emulator.jobs import Job
from personalize_emulator.resources.batch_job import (
    DEFAULT_RESULTS,
    BatchJobs,
    filter_of,
    require_members,
)
from personalize_emulator.service_model import request_members
from personalize_emulator.store import Document
from personalize_emulator.validation import validate_member

if TYPE_CHECKING:
    from personalize_emulator.serving import Deployment

_THEMES = "THEME_GENERATION"
_DIGITS = 7  # of a score, as in the guide's examples

# What a line must have, by what its recipe answers; others have no batch inference.
_NEEDED: dict[RecipeType, tuple[str, ...]] = {
    RecipeType.USER_PERSONALIZATION: ("userId",),
    RecipeType.POPULAR_ITEMS: ("userId",),
    RecipeType.PERSONALIZED_RANKING: ("userId", "itemList"),
    RecipeType.RELATED_ITEMS: ("itemId",),
}
# The guide's examples of a line have nothing else but filterValues. The other members of a request
# are taken as well: a user for a filter of related items, and the context of a user.
_OPTIONAL: dict[RecipeType, tuple[str, ...]] = {
    RecipeType.USER_PERSONALIZATION: ("filterValues", "context"),
    RecipeType.POPULAR_ITEMS: ("filterValues",),
    RecipeType.PERSONALIZED_RANKING: ("filterValues", "context"),
    RecipeType.RELATED_ITEMS: ("filterValues", "userId"),
}
_SCORED = (RecipeType.USER_PERSONALIZATION, RecipeType.PERSONALIZED_RANKING)

_CONFIG_OF: dict[str, Recipe] = {
    "itemExplorationConfig": Recipe.USER_PERSONALIZATION,
    "rankingInfluence": Recipe.SEMANTIC_SIMILARITY,
}


class BatchInferenceJobs(BatchJobs):
    """The operations on batch inference jobs; see the developer guide's page batch-data-upload."""

    kind = "batch-inference-job"

    def create_batch_inference_job(self, request: Document, caller: Caller) -> Document:
        """Ask a solution version for the recommendations of every line."""
        version = self._version(request, caller)
        recipe = self._recipe(version)
        if recipe.type not in _NEEDED or recipe == Recipe.TRENDING_NOW:
            msg = f"{version.arn} is of {recipe}, which makes no batch recommendations."
            raise InvalidInputError(msg)
        for name in request.get("batchInferenceJobConfig", {}):
            if recipe != _CONFIG_OF[name]:
                msg = f"{name} is for {_CONFIG_OF[name]}, not for {recipe}."
                raise InvalidInputError(msg)
        request.setdefault("batchInferenceJobMode", "BATCH_INFERENCE")
        self._require_filter(request, version, caller, Target.ITEM)
        self._require_results(request)
        if recipe.type is not RecipeType.PERSONALIZED_RANKING:  # which answers the whole list
            request.setdefault("numResults", DEFAULT_RESULTS)
        pending = self._count(caller, pending=True)
        quota = self._quotas.pending_batch_inference_jobs
        self._require_room(quota, pending, "pending batch inference jobs")
        return self._create_job(request, caller, group=version.group_arn, parent=version.arn)

    def describe_batch_inference_job(self, request: Document, caller: Caller) -> Document:
        """Describe a batch inference job."""
        return self._describe_job(request, caller)

    def list_batch_inference_jobs(self, request: Document, caller: Caller) -> Document:
        """List the batch inference jobs, of all solution versions or of one."""
        return self._list_jobs(request, caller, by="solutionVersionArn")

    def work(self, job: Job) -> None:
        """Answer the lines of the files."""
        document = self._existing(job.arn).document
        version = self._existing(document["solutionVersionArn"])
        deployment = self._serving.version(version, document.get("batchInferenceJobConfig"))
        most = self._quotas.batch_inference_records
        ask = partial(self._ask, document, deployment)
        answer_files(self._files(document), self._destination(document), ask, most_lines=most)

    def _ask(self, document: Document, deployment: Deployment, line: Document) -> Document:
        recipe = deployment.recipe
        line = {name: value for name, value in line.items() if value is not None}
        require_members(line, _NEEDED[recipe.type], _OPTIONAL[recipe.type])
        for name, value in line.items():
            validate_member(_shape(name), value, name)
        wanted = list(dict.fromkeys(line["itemList"])) if "itemList" in line else None
        question: Document = {
            name: line[name] for name in ("userId", "itemId", "context") if name in line
        }
        scored = self._serving.recommend(
            deployment,
            {**question, **filter_of(document, line)},
            num_results=document.get("numResults", len(wanted or ())),
            input_list=wanted,
        )
        output: Document = {"recommendedItems": [entry.item_id for entry in scored]}
        if recipe.type in _SCORED:
            output["scores"] = [round(entry.score, _DIGITS) for entry in scored]
        if recipe == Recipe.USER_PERSONALIZATION_V2:
            # "Each recommended item includes a list of reasons", says the guide, and shows none.
            output["reasons"] = [list(entry.reasons) for entry in scored]
        return output


def _shape(name: str) -> Shape:
    """Return the shape that a member of a line has in a request of the runtime."""
    if name == "itemList":
        return request_members("personalize-runtime", "GetPersonalizedRanking")["inputList"]
    return request_members("personalize-runtime", "GetRecommendations")[name]
