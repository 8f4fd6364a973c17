"""The questions, in the order in which they are asked; the report numbers them so."""

from aws_check.finding import Question
from aws_check.questions.access import RECOMMENDER_IN_POLICIES, SOURCE_ACCOUNT
from aws_check.questions.cloudformation_types import (
    AUTOMATIC_TRAINING,
    REF_VALUES,
    SCHEMA_TAGS,
    STACK_TAGS,
)
from aws_check.questions.metric_attribution import NAMESPACE_AND_DIMENSIONS
from aws_check.questions.models import (
    EMPTY_EVENT_PARAMETERS,
    FLOOR_OF_V2,
    LATEST_BEFORE_A_VERSION,
    SOLUTION_BEFORE_DATA,
)
from aws_check.questions.refusals import (
    BROKEN_CONSTRAINTS,
    DATASET_WITH_FILTERS,
    SPELLING_OF_TPS,
)

QUESTIONS: tuple[Question, ...] = (
    REF_VALUES,
    LATEST_BEFORE_A_VERSION,
    SCHEMA_TAGS,
    STACK_TAGS,
    AUTOMATIC_TRAINING,
    RECOMMENDER_IN_POLICIES,
    SOURCE_ACCOUNT,
    FLOOR_OF_V2,
    DATASET_WITH_FILTERS,
    SOLUTION_BEFORE_DATA,
    EMPTY_EVENT_PARAMETERS,
    SPELLING_OF_TPS,
    BROKEN_CONSTRAINTS,
    NAMESPACE_AND_DIMENSIONS,
)
