"""The resources of the service, family by family.

A new family is a file of its own and a line in `FAMILIES`.
"""

from personalize_emulator.resources.algorithm import Algorithms
from personalize_emulator.resources.batch_inference_job import BatchInferenceJobs
from personalize_emulator.resources.batch_segment_job import BatchSegmentJobs
from personalize_emulator.resources.campaign import Campaigns
from personalize_emulator.resources.data_deletion_job import DataDeletionJobs
from personalize_emulator.resources.dataset import Datasets
from personalize_emulator.resources.dataset_export_job import DatasetExportJobs
from personalize_emulator.resources.dataset_group import DatasetGroups
from personalize_emulator.resources.dataset_import_job import DatasetImportJobs
from personalize_emulator.resources.event_tracker import EventTrackers
from personalize_emulator.resources.family import ResourceFamily
from personalize_emulator.resources.feature_transformation import FeatureTransformations
from personalize_emulator.resources.filter import Filters
from personalize_emulator.resources.metric_attribution import MetricAttributions
from personalize_emulator.resources.recipe import Recipes
from personalize_emulator.resources.recommender import Recommenders
from personalize_emulator.resources.schema import Schemas
from personalize_emulator.resources.solution import Solutions
from personalize_emulator.resources.solution_version import SolutionVersions
from personalize_emulator.resources.tags import Tags

__all__ = ["FAMILIES", "ResourceFamily", "Tags"]

FAMILIES: tuple[type[ResourceFamily], ...] = (
    Recipes,
    Algorithms,
    FeatureTransformations,
    Schemas,
    DatasetGroups,
    Datasets,
    DatasetImportJobs,
    DatasetExportJobs,
    DataDeletionJobs,
    EventTrackers,
    Filters,
    MetricAttributions,
    Solutions,
    SolutionVersions,
    Campaigns,
    BatchInferenceJobs,
    BatchSegmentJobs,
    Recommenders,
)
