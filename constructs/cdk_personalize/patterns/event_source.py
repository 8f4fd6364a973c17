"""Where the function of an ingestion reads its records: how, and which topic of Kafka."""

from dataclasses import dataclass, field

from aws_cdk import Duration

from cdk_personalize._tokens import is_token

_MAX_BATCH_SIZE = 10_000
_MAX_PARALLELIZATION_FACTOR = 10
# Lambda's guide, "provisioned mode" for Amazon MSK.
_MAX_MINIMUM_POLLERS = 200
_MAX_POLLERS = 2000


@dataclass(frozen=True, kw_only=True)
class EventSourceOptions:
    """How the function reads the stream, and how long what it cannot send is kept.

    The function settles every record itself, so a retry here means that Amazon Personalize or the
    dead-letter queue could not be reached for a whole invocation. The stream is then the buffer:
    records are tried again until `max_record_age`, which has to stay below the stream's retention.

    Args:
        batch_size: The records of one invocation, at most.
        max_batching_window: How long to wait for a full batch; an event moves the
            recommendations later by as much.
        parallelization_factor: The batches of one shard that run side by side. Events with the
            same partition key stay in order.
        max_record_age: When to give up on a record that could not be settled.
        retry_attempts: How often to try a batch again (default: until `max_record_age`).
        bisect_batch_on_error: Whether a batch on which the function itself breaks is tried again in
            halves, so that one record holds up no others.
        dead_letter_retention: How long the queue keeps dead letters; 14 days are the longest that
            Amazon SQS allows.
    """

    batch_size: int = 5000
    max_batching_window: Duration = field(default_factory=lambda: Duration.seconds(1))
    parallelization_factor: int = 1
    max_record_age: Duration = field(default_factory=lambda: Duration.hours(24))
    retry_attempts: int | None = None
    bisect_batch_on_error: bool = True
    dead_letter_retention: Duration = field(default_factory=lambda: Duration.days(14))

    def __post_init__(self) -> None:
        """Check the limits of the event source."""
        _check_range("batch_size", self.batch_size, _MAX_BATCH_SIZE)
        _check_range(
            "parallelization_factor", self.parallelization_factor, _MAX_PARALLELIZATION_FACTOR
        )


@dataclass(frozen=True, kw_only=True)
class KafkaTopic:
    """A topic of Amazon MSK that records are read from.

    Lambda reports single failures of a topic only with pollers of its own (provisioned mode), and
    those are billed as long as they are there.

    Args:
        cluster_arn: The cluster, which lets its clients in by IAM.
        topic: The name of the topic.
        consumer_group_id: The consumer group (default: one that Lambda names; another group reads
            from the beginning again).
        minimum_pollers: The pollers that are always there.
        maximum_pollers: The pollers that there are at most.
    """

    cluster_arn: str
    topic: str
    consumer_group_id: str | None = None
    minimum_pollers: int = 1
    maximum_pollers: int = 10

    def __post_init__(self) -> None:
        """Check the limits of provisioned mode."""
        _check_range("minimum_pollers", self.minimum_pollers, _MAX_MINIMUM_POLLERS)
        _check_range("maximum_pollers", self.maximum_pollers, _MAX_POLLERS)
        least, most = self.minimum_pollers, self.maximum_pollers
        if not is_token(least) and not is_token(most) and least > most:
            msg = f"minimum_pollers must be at most maximum_pollers, got {least} and {most}"
            raise ValueError(msg)


def _check_range(name: str, value: int, limit: int) -> None:
    if not is_token(value) and not 1 <= value <= limit:
        msg = f"{name} must be between 1 and {limit}, got {value}"
        raise ValueError(msg)
