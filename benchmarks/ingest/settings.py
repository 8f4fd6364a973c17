"""The settings of the function that takes the events of a stream."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.function.lambda_process import SOURCE, environment


def settings(
    upstream: str, *, code: Path = SOURCE, tracking_id: str = "tracker-1"
) -> Mapping[str, str]:
    """Return the environment of the function.

    Args:
        upstream: The URL that stands for all of AWS.
        code: The folder that its package lies in.
        tracking_id: The event tracker.
    """
    return environment(upstream, code) | {
        "TRACKING_ID": tracking_id,
        "DEAD_LETTER_QUEUE_URL": f"{upstream}/123456789012/dead-letters",
    }
