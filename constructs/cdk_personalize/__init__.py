"""AWS CDK constructs for Amazon Personalize.

The names below are loaded when they are first used: the rules (`cdk_personalize.avro_schema`,
`filter_expression`, `hyperparameters`, `job_config`, `metric_expression`, `quotas`, `recipe`,
`regions`, `serving_config`, `solution_config`, `training_data`, `use_case`) and the types of
`stream_records` can then be imported without the CDK and its Node process.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_personalize._metric_attribute import MetricAttribute
    from cdk_personalize._metrics import MetricOptions
    from cdk_personalize._serving_options import RankingInfluence
    from cdk_personalize._training_options import (
        EventParameters,
        HyperparameterRange,
        OptimizationObjective,
        TrainingMode,
    )
    from cdk_personalize.avro_schema import DatasetType, Domain, SchemaField, fields_of_csv
    from cdk_personalize.batch_inference_job import BatchInferenceJob
    from cdk_personalize.batch_segment_job import BatchSegmentJob
    from cdk_personalize.campaign import Campaign, ICampaign
    from cdk_personalize.data_deletion_job import DataDeletionJob
    from cdk_personalize.dataset import Dataset, IDataset, OnIncompatibleChange
    from cdk_personalize.dataset_export_job import DatasetExportJob, IngestionMode
    from cdk_personalize.dataset_group import DatasetGroup, IDatasetGroup
    from cdk_personalize.dataset_import_job import DatasetImportJob, ImportMode
    from cdk_personalize.event_tracker import EventTracker, IEventTracker
    from cdk_personalize.filters import Filter, IFilter
    from cdk_personalize.metric_attribution import IMetricAttribution, MetricAttribution
    from cdk_personalize.pipeline_job import PipelineJob
    from cdk_personalize.recipe import Feature, Recipe, RecipeType
    from cdk_personalize.recommender import IRecommender, Recommender
    from cdk_personalize.schema import ISchema, Schema
    from cdk_personalize.solution import ISolution, Solution
    from cdk_personalize.use_case import UseCase

__all__ = [
    "BatchInferenceJob",
    "BatchSegmentJob",
    "Campaign",
    "DataDeletionJob",
    "Dataset",
    "DatasetExportJob",
    "DatasetGroup",
    "DatasetImportJob",
    "DatasetType",
    "Domain",
    "EventParameters",
    "EventTracker",
    "Feature",
    "Filter",
    "HyperparameterRange",
    "ICampaign",
    "IDataset",
    "IDatasetGroup",
    "IEventTracker",
    "IFilter",
    "IMetricAttribution",
    "IRecommender",
    "ISchema",
    "ISolution",
    "ImportMode",
    "IngestionMode",
    "MetricAttribute",
    "MetricAttribution",
    "MetricOptions",
    "OnIncompatibleChange",
    "OptimizationObjective",
    "PipelineJob",
    "RankingInfluence",
    "Recipe",
    "RecipeType",
    "Recommender",
    "Schema",
    "SchemaField",
    "Solution",
    "TrainingMode",
    "UseCase",
    "fields_of_csv",
]

_MODULES = {
    "_metric_attribute": ("MetricAttribute",),
    "_metrics": ("MetricOptions",),
    "_serving_options": ("RankingInfluence",),
    "_training_options": (
        "EventParameters",
        "HyperparameterRange",
        "OptimizationObjective",
        "TrainingMode",
    ),
    "avro_schema": ("DatasetType", "Domain", "SchemaField", "fields_of_csv"),
    "batch_inference_job": ("BatchInferenceJob",),
    "batch_segment_job": ("BatchSegmentJob",),
    "campaign": ("Campaign", "ICampaign"),
    "data_deletion_job": ("DataDeletionJob",),
    "dataset": ("Dataset", "IDataset", "OnIncompatibleChange"),
    "dataset_export_job": ("DatasetExportJob", "IngestionMode"),
    "dataset_group": ("DatasetGroup", "IDatasetGroup"),
    "dataset_import_job": ("DatasetImportJob", "ImportMode"),
    "event_tracker": ("EventTracker", "IEventTracker"),
    "filters": ("Filter", "IFilter"),
    "metric_attribution": ("IMetricAttribution", "MetricAttribution"),
    "pipeline_job": ("PipelineJob",),
    "recipe": ("Feature", "Recipe", "RecipeType"),
    "recommender": ("IRecommender", "Recommender"),
    "schema": ("ISchema", "Schema"),
    "solution": ("ISolution", "Solution"),
    "use_case": ("UseCase",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load the module of a public name (PEP 562)."""
    if name not in _MODULE_OF:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value: object = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
