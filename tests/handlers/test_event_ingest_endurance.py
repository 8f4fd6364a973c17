"""Nothing is lost or there twice when the function dies, counted from what is stored."""

from pathlib import Path
from random import Random

from benchmarks.endurance import endure
from benchmarks.ingest.front import Faults


def test_each_record_is_taken_once_or_dead_lettered_and_in_order_however_often_the_function_dies(
    tmp_path: Path,
) -> None:
    faults = Faults(
        throttled=0.1, unanswered=0.01, deadly=0.005, deadly_letters=0.1, random=Random(1)
    )

    outcome = endure(tmp_path, events=3000, batch_size=500, faults=faults)

    assert (outcome.lost, outcome.twice, outcome.disordered, outcome.misjudged) == (0, 0, 0, 0)
    assert outcome.deaths > 0
