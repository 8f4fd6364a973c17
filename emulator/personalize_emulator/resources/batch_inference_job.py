"""Batch inference jobs: recommendations for every line of some files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from botocore.model import Shape

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.filter_expression import Target
from cdk_personalize.job_config import (
    BATCH_INFERENCE,
    DEFAULT_RESULTS,
    THEME_GENERATION,
    findings_of_batch_inference,
    findings_of_themes,
)
from cdk_personalize.recipe import Feature, RecipeType
from personalize_emulator.bulk.lines import answer_files
from personalize_emulator.caller import Caller
from personalize_emulator.group_data import GroupData
from personalize_emulator.jobs import Job
from personalize_emulator.models.themes import Corpus, theme_of
from personalize_emulator.resources.batch_job import BatchJobs, filter_of, require_members
from personalize_emulator.resources.schema import parse_schema
from personalize_emulator.resources.training_config import require_none
from personalize_emulator.service_model import request_members
from personalize_emulator.serving import Deployment
from personalize_emulator.store import Document
from personalize_emulator.validation import validate_member

_DIGITS = 7  # of a score, as in the guide's examples

# What a line must have, by what its recipe answers.
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


class BatchInferenceJobs(BatchJobs):
    """The operations on batch inference jobs; see the developer guide's page batch-data-upload."""

    kind = "batch-inference-job"

    def create_batch_inference_job(self, request: Document, caller: Caller) -> Document:
        """Ask a solution version for the recommendations of every line."""
        version = self._version(request, caller)
        recipe = self._recipe(version)
        request.setdefault("batchInferenceJobMode", BATCH_INFERENCE)
        require_none(findings_of_batch_inference(request, recipe))
        schemas = GroupData(self._backend, version.group_arn or "").schemas()
        region = version.caller.region
        require_none(findings_of_themes(request, schemas, complete=True, region=region))
        self._require_filter(request, version, caller, Target.ITEM)
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
        themes = None
        if document["batchInferenceJobMode"] == THEME_GENERATION:
            most = self._quotas.batch_inference_records_with_themes
            themes = self._themes(document, deployment)
        ask = partial(self._ask, document, deployment, themes)
        answer_files(self._files(document), self._destination(document), ask, most_lines=most)

    def _ask(
        self, document: Document, deployment: Deployment, themes: _Themes | None, line: Document
    ) -> Document:
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
        if themes is not None:
            return themes.output([entry.item_id for entry in scored])
        output: Document = {"recommendedItems": [entry.item_id for entry in scored]}
        if recipe.type in _SCORED:
            output["scores"] = [round(entry.score, _DIGITS) for entry in scored]
        if recipe.supports(Feature.REASONS):
            # "Each recommended item includes a list of reasons", says the guide, and shows none.
            output["reasons"] = [list(entry.reasons) for entry in scored]
        return output

    def _themes(self, document: Document, deployment: Deployment) -> _Themes:
        """Return the names and descriptions of all items."""
        arn = deployment.dataset(DatasetType.ITEMS)
        schema = parse_schema(self._existing(self._existing(arn).document["schemaArn"]).document)
        textual = [field.name for field in schema.fields if field.textual]
        name = document["themeGenerationConfig"]["fieldsForThemeGeneration"]["itemName"]
        items = self._backend.records.all(arn)
        names = {key: str(columns.get(name) or "") for key, columns in items.items()}
        texts = {
            key: " ".join([names[key], *(str(columns.get(column) or "") for column in textual)])
            for key, columns in items.items()
        }
        return _Themes(names, texts, Corpus.of(texts.values()))


@dataclass(frozen=True)
class _Themes:
    """What themes are made of: the name of each item, and its name and description."""

    names: Mapping[str, str]
    texts: Mapping[str, str]
    corpus: Corpus

    def output(self, item_ids: Sequence[str]) -> Document:
        """Return items with their theme, those that are closest to it first."""
        theme = theme_of(
            [self.names.get(item_id, "") for item_id in item_ids],
            self.corpus,
            [self.texts.get(item_id, "") for item_id in item_ids],
        )
        ranked = sorted(
            zip(theme.relevance, item_ids, strict=True), key=lambda entry: entry[0], reverse=True
        )
        return {
            "recommendedItems": [item_id for _, item_id in ranked],
            "theme": theme.title,
            "itemsThemeRelevanceScores": [relevance for relevance, _ in ranked],
        }


def _shape(name: str) -> Shape:
    """Return the shape that a member of a line has in a request of the runtime."""
    if name == "itemList":
        return request_members("personalize-runtime", "GetPersonalizedRanking")["inputList"]
    return request_members("personalize-runtime", "GetRecommendations")[name]
