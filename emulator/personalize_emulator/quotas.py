"""The quotas of the service, in one place and switchable.

The figures are those of the developer guide's page of limits; what the constructs count too is
theirs. A quota of None is switched off.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

from cdk_personalize.filter_expression import MAX_FIELDS_OF_GROUP
from cdk_personalize.quotas import IN_DATASET_GROUP, IN_REGION
from cdk_personalize.tag_limits import MAX_TAGS


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """How much of each thing there may be."""

    # In a Region
    schemas: int | None = IN_REGION["schema"].limit
    dataset_groups: int | None = IN_REGION["dataset-group"].limit
    pending_import_jobs: int | None = 5
    pending_batch_inference_jobs: int | None = 5
    pending_batch_segment_jobs: int | None = 5
    pending_solution_versions: int | None = 20
    recommenders_in_region: int | None = IN_REGION["recommender"].limit
    # In a dataset group
    solutions: int | None = IN_DATASET_GROUP["solution"].limit
    campaigns: int | None = IN_DATASET_GROUP["campaign"].limit
    recommenders: int | None = IN_DATASET_GROUP["recommender"].limit
    filters: int | None = IN_DATASET_GROUP["filter"].limit
    filter_fields: int | None = MAX_FIELDS_OF_GROUP
    pending_data_deletion_jobs: int | None = 5
    # On a resource
    tags: int | None = MAX_TAGS
    metrics: int | None = 10
    attribution_sources: int | None = 100
    # Data. A training needs this many interactions, users with at least two of them, and share of
    # such users among all.
    import_interactions: int | None = 1000
    event_types_and_metadata: int | None = 10
    training_interactions: int | None = 1000
    training_users: int | None = 25
    training_users_share: float | None = 0.01
    # A training considers this many items or actions: the ones met, or made known, last.
    items_considered: int | None = 750_000
    items_considered_by_version_2: int | None = 5_000_000
    items_considered_by_text: int | None = 10_000_000
    actions_considered: int | None = 1000
    id_length: int | None = 256
    categorical_length: int | None = 1000
    textual_length: int | None = 20_000
    textual_length_in_chinese_or_japanese: int | None = 7_000
    # Files, in bytes (a gigabyte of 1024 megabytes: the guide does not say which it means)
    full_import_size: int | None = 100 * 2**30
    incremental_import_size: int | None = 2**30
    data_deletion_size: int | None = 100 * 2**20
    batch_size: int | None = 2**30
    # What batch jobs ask: files in all, and lines of a file
    batch_files: int | None = 1000
    batch_inference_records: int | None = 50_000_000
    batch_inference_records_with_themes: int | None = 100
    item_affinity_queries: int | None = 500
    item_attribute_affinity_queries: int | None = 10
    # Answers
    results: int | None = 500
    results_with_metadata: int | None = 50
    action_results: int | None = 100
    metadata_columns: int | None = 10
    segment_users: int | None = 5_000_000
    # Events
    event_bytes: int | None = 10 * 1024
    # What a filter looks back on: the most recent interactions of a user, by event type
    filter_interactions: int | None = 100
    filter_action_interactions: int | None = 300

    @classmethod
    def none(cls) -> Self:
        """Switch every quota off: for tests of other things with little data."""
        return cls(**{field.name: None for field in fields(cls)})
