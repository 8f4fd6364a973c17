"""Where what goes into the simulation comes from: the tables at the end of `docs/scaling.md`."""

from simulation import settings, throttling
from simulation.costs import Prices
from simulation.settings import IngestFunction, Quotas, Traffic, Visits
from simulation.words import table

_DOCS = "https://docs.aws.amazon.com"
_STREAMS = f"{_DOCS}/streams/latest/dev"
_LAMBDA = f"{_DOCS}/lambda/latest/dg"
_KINESIS_PRICES = "https://aws.amazon.com/kinesis/data-streams/pricing/"
_INFRACOST = "https://github.com/infracost/infracost"
_MILLI = 1_000


def facts() -> str:
    """Return what the services do, with the pages that say so."""
    quotas = f"[quotas of Kinesis]({_STREAMS}/service-sizes-and-limits.html)"
    modes = f"[modes of Kinesis]({_STREAMS}/how-do-i-size-a-stream.html)"
    mapping = f"[event source mappings]({_LAMBDA}/invocation-eventsourcemapping.html)"
    kinesis = f"[Lambda and Kinesis]({_LAMBDA}/with-kinesis.html)"
    lambda_quotas = f"[quotas of Lambda]({_LAMBDA}/gettingstarted-limits.html)"
    personalize = f"[quotas of Amazon Personalize]({_DOCS}/personalize/latest/dg/limits.html)"
    rows = [
        [
            f"a shard takes {settings.SHARD_WRITE_RECORDS:,} records or"
            f" {settings.SHARD_WRITE_BYTES // settings.MB} MB a second, and gives"
            f" {settings.SHARD_READ_RECORDS:,} records or"
            f" {settings.SHARD_READ_BYTES // settings.MB} MB",
            quotas,
        ],
        [
            f"a stream on demand begins with {settings.ON_DEMAND_FIRST_SHARDS} MB and"
            f" {settings.ON_DEMAND_FIRST_SHARDS * settings.SHARD_WRITE_RECORDS:,} records a second,"
            f" and grows to {settings.ON_DEMAND_MOST_BYTES // settings.GB} GB in us-east-1,"
            " us-west-2 and eu-west-1, to 200 MB and 200,000 records elsewhere",
            f"{quotas}, [questions about Kinesis](https://aws.amazon.com/kinesis/data-streams/faqs/)",
        ],
        [
            "it has room for twice the peak of the last 30 days, and refuses what is above for up"
            f" to {settings.ON_DEMAND_SPLIT_SECONDS // 60} minutes",
            modes,
        ],
        [
            "one batch of each partition at a time; a shard has 1 to"
            f" {settings.MAX_PARALLELIZATION_FACTOR} partitions; events with one key stay together",
            kinesis,
        ],
        [
            f"Lambda asks a shard that had nothing more again after {settings.POLL_SECONDS:.0f} s",
            kinesis,
        ],
        [
            "the next window begins when the function returns; a batch ends with the window, the"
            f" batch size or {settings.MAX_PAYLOAD_BYTES // settings.MIB} MB",
            mapping,
        ],
        [
            f"a function of {settings.VCPU_MEMORY:,} MB has one processor, others in proportion;"
            f" {Quotas().concurrency:,} invocations at the same time in an account",
            lambda_quotas,
        ],
        [
            f"{Quotas().put_events:,.0f} calls of `PutEvents` a second for a dataset group,"
            " adjustable",
            personalize,
        ],
        [
            f"a call takes {settings.MAX_EVENTS} events of one session",
            f"[PutEvents]({_DOCS}/personalize/latest/dg/API_UBS_PutEvents.html)",
        ],
        [
            f"the function sends {IngestFunction().threads} calls side by side for"
            f" {IngestFunction().sending_seconds:.0f} s of its minute, at a pace that goes down"
            " when many of them are throttled, and then up again; it tries a throttled call again"
            f" after a random pause: {throttling.FIRST_PAUSE} s at most, then twice that, up to"
            f" {throttling.LONGEST_PAUSE:.0f} s",
            "its code",
        ],
    ]
    return table(["what the services do", "source"], rows, numbers=False)


def assumptions() -> str:
    """Return what is assumed without a source, with the parameter of each."""
    function, visits, traffic = IngestFunction(), Visits(), Traffic(mean=1)
    rows = [
        [
            "a call of `PutEvents` takes",
            f"{function.call_seconds * _MILLI:.0f} ms",
            "`call_seconds`",
        ],
        [
            "the work of a call: signing, TLS, JSON",
            f"{function.processor_seconds_per_call * _MILLI:.1f} ms of a processor",
            "`processor_seconds_per_call`",
        ],
        [
            "the work of a record: decoding, checking, writing",
            f"{function.processor_seconds_per_record * _MILLI:.2f} ms of a processor",
            "`processor_seconds_per_record`",
        ],
        [
            "what an invocation takes beside its records and calls",
            f"{function.overhead_seconds * _MILLI:.0f} ms",
            "`overhead_seconds`",
        ],
        [
            "a session has an event every",
            f"{visits.seconds_between_events:.0f} s, at random",
            "`seconds_between_events`",
        ],
        ["a session lasts", f"{visits.seconds:.0f} s", "`Visits.seconds`"],
        ["an event has", f"{traffic.event_bytes} bytes of JSON", "`event_bytes`"],
        [
            "the burst",
            f"{traffic.burst} times the traffic, for {traffic.burst_seconds / 60:.0f} minutes from"
            f" {traffic.burst_at / 3600:.0f}:00",
            "`burst`",
        ],
        [
            "a minute differs from the curve of the day by",
            f"{traffic.noise:.0%}",
            "`noise`",
        ],
        ["the function logs", f"{function.log_bytes} bytes an invocation", "`log_bytes`"],
    ]
    return table(["what is assumed", "value", "parameter"], rows, numbers=False)


def prices() -> str:
    """Return the prices, with where each was found."""
    price = Prices()
    checked = f"[the page]({_KINESIS_PRICES}) by [Infracost's tests]({_INFRACOST})"
    lambda_page = f"[the page](https://aws.amazon.com/lambda/pricing/) by [Infracost]({_INFRACOST})"
    logs = f"[the page](https://aws.amazon.com/cloudwatch/pricing/) by [Infracost]({_INFRACOST})"
    rows = [
        ["a stream on demand, an hour", f"{price.stream_hour}", checked],
        ["writing to it, a GiB, each record as whole KiB", f"{price.written_gib}", checked],
        ["reading from it, a GiB", f"{price.read_gib}", checked],
        ["keeping beyond a day, a GiB and month", f"{price.kept_gib_month:.2f}", checked],
        [
            "On-demand Advantage, for the last three",
            f"{price.advantage} of them, of 25 MiB/s at least",
            f'"at least 60% lower": [modes of Kinesis]({_STREAMS}/how-do-i-size-a-stream.html)',
        ],
        ["a provisioned shard, an hour", f"{price.shard_hour}", checked],
        ["writing to it, a million records", f"{price.put_units}", checked],
        ["keeping beyond a day, a shard and hour", f"{price.kept_shard_hour}", checked],
        ["a million invocations", f"{price.requests}", lambda_page],
        ["a GB and second, on ARM", f"{price.gib_second:.10f}", lambda_page],
        [
            "events that Amazon Personalize takes in, a GiB",
            f"{price.events_gib}",
            "**not confirmed**: three third parties agree;"
            " [the page](https://aws.amazon.com/personalize/pricing/)",
        ],
        ["logs, a GiB", f"{price.logs_gib}, and {price.logs_gib_month} a month", logs],
        [
            "a million traces",
            f"{price.traces:.0f}",
            "**not confirmed**: [the page](https://aws.amazon.com/xray/pricing/)",
        ],
    ]
    return table(["USD", "price", "source"], rows, numbers=False)
