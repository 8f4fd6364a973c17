"""What goes into the simulation: the traffic, the settings of a deployment, the quotas.

The defaults are those of `EventIngestion` and of a new account; `docs/scaling.md` tells where each
comes from, and which are assumed.
"""

from dataclasses import dataclass, field
from functools import cached_property

MAX_EVENTS = 10
"""The events that one call of PutEvents takes."""
KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
KB = 1000
MB = 1000 * KB
GB = 1000 * MB

# Of one shard. A limit "in MB" is taken as the smaller of its two readings.
SHARD_WRITE_BYTES = MB
SHARD_WRITE_RECORDS = 1_000
SHARD_READ_BYTES = 2 * MB
SHARD_READ_RECORDS = 2_000

# Of a stream on demand.
ON_DEMAND_FIRST_SHARDS = 4
ON_DEMAND_MOST_BYTES = 10 * GB
"""Where on-demand streams end in us-east-1, us-west-2 and eu-west-1: 200 MB/s elsewhere."""
ON_DEMAND_SPLIT_SECONDS = 15 * 60

# Of the event source.
MAX_WINDOW = 300
MAX_PARALLELIZATION_FACTOR = 10
MAX_BATCH_SIZE = 10_000
MAX_PAYLOAD_BYTES = 6 * MIB
POLL_SECONDS = 1.0
"""How often Lambda asks a shard that had nothing more for it."""

VCPU_MEMORY = 1_769
"""The MB of memory with which a function has one processor."""


@dataclass(frozen=True, kw_only=True)
class Visits:
    """What visitors do; it decides how full a call of PutEvents is.

    Args:
        seconds_between_events: The mean time from one event of a session to the next.
        seconds: How long a session lasts.
    """

    seconds_between_events: float = 15.0
    seconds: float = 300.0

    @property
    def rate(self) -> float:
        """The events a second of one session."""
        return 1 / self.seconds_between_events


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """The events of one day.

    Args:
        mean: The events a second, on the mean of the day.
        visits: Who makes them.
        event_bytes: The size of an event, as JSON.
        burst: What the traffic is multiplied with during the burst.
        burst_at: When the burst begins, in seconds of the day.
        burst_seconds: How long the burst lasts.
        noise: The relative deviation of a minute from the curve of the day.
        seed: Of the noise.
    """

    mean: float
    visits: Visits = field(default_factory=Visits)
    event_bytes: int = 350
    burst: float = 1.75
    burst_at: float = 19 * 3600
    burst_seconds: float = 600
    noise: float = 0.02
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class EventSource:
    """How Lambda reads the stream: `EventSourceOptions`.

    Args:
        batch_size: The records of one invocation, at most.
        window: The seconds to wait for a full batch.
        parallelization_factor: The batches of one shard that run side by side.
    """

    batch_size: int = 5000
    window: float = 1.0
    parallelization_factor: int = 1


@dataclass(frozen=True, kw_only=True)
class IngestFunction:
    """The function `event_ingest`, and what a call takes it.

    Args:
        memory: Its memory in MB, which brings its share of a processor.
        threads: The calls side by side in one invocation.
        call_seconds: How long Amazon Personalize takes for a call.
        processor_seconds_per_call: The work of one call: signing, TLS, JSON.
        processor_seconds_per_record: The work of one record: decoding, checking, writing.
        overhead_seconds: What an invocation takes beside its records and calls.
        sending_seconds: When it stops sending, to settle what it has.
        log_bytes: What it logs of an invocation: one line of metrics.
    """

    memory: int = VCPU_MEMORY
    threads: int = 32
    call_seconds: float = 0.030
    processor_seconds_per_call: float = 0.000_8
    processor_seconds_per_record: float = 0.000_05
    overhead_seconds: float = 0.005
    sending_seconds: float = 42.0
    log_bytes: int = 500

    @property
    def processors(self) -> float:
        """The share of a processor: Python's threads share one at most."""
        return min(1.0, self.memory / VCPU_MEMORY)

    @property
    def try_seconds(self) -> float:
        """The seconds of a call that waits for no other."""
        return self.call_seconds + self.processor_seconds_per_call / self.processors

    def duration(self, records: float, calls: float) -> float:
        """Return the seconds of an invocation that is not throttled.

        It reads all records, and then sends. The first calls go out one after the other, then one
        for each that is answered, and in the end the last answer is waited for.
        """
        reading = records * self.processor_seconds_per_record / self.processors
        first = min(calls, self.threads)
        going_out = first * self.processor_seconds_per_call / self.processors
        sending = going_out + (calls - first) / self._calls_a_second + self.call_seconds
        return self.overhead_seconds + reading + sending

    @cached_property
    def _calls_a_second(self) -> float:
        """The calls a second, where some wait for their answers and others for the processor.

        As many threads take turns on one processor: mean value analysis of a closed queueing
        network, with one thread more at a time.
        """
        work = self.processor_seconds_per_call / self.processors
        queued = rate = 0.0
        for threads in range(1, self.threads + 1):
            on_processor = work * (1 + queued)
            rate = threads / (self.call_seconds + on_processor)
            queued = rate * on_processor
        return rate


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """What the account is allowed.

    Args:
        put_events: The calls of PutEvents a second, of the dataset group.
        concurrency: The invocations at the same time, of all functions of the account.
        on_demand_bytes: The bytes a second that a stream on demand grows to.
    """

    put_events: float = 1_000
    concurrency: int = 1_000
    on_demand_bytes: float = ON_DEMAND_MOST_BYTES


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """An `EventIngestion` in an account.

    Args:
        shard_count: The shards of the stream (default: on demand).
        retention_days: How long the stream keeps events.
        event_source: How Lambda reads the stream.
        function: The function.
        quotas: What the account is allowed.
    """

    shard_count: int | None = None
    retention_days: int = 7
    event_source: EventSource = field(default_factory=EventSource)
    function: IngestFunction = field(default_factory=IngestFunction)
    quotas: Quotas = field(default_factory=Quotas)


# The fields of a record beside its data, counted on a record as Lambda hands it over.
_ENVELOPE_BYTES = 620


def payload_bytes(event_bytes: int) -> int:
    """Return the size of an event in what Lambda hands to the function: base64 and JSON."""
    return -(-event_bytes // 3) * 4 + _ENVELOPE_BYTES


def largest_batch(source: EventSource, event_bytes: int) -> int:
    """Return the records of a batch, at most: of the batch size, or of a full payload."""
    return min(source.batch_size, MAX_PAYLOAD_BYTES // payload_bytes(event_bytes))


def shard_writes(event_bytes: int) -> float:
    """Return the events a second that one shard takes."""
    return min(SHARD_WRITE_RECORDS, SHARD_WRITE_BYTES / event_bytes)


def shard_reads(event_bytes: int) -> float:
    """Return the events a second that can be read from one shard."""
    return min(SHARD_READ_RECORDS, SHARD_READ_BYTES / event_bytes)
