"""How long a million interactions take to train on, and how much memory.

Each training has a process of its own, so that its peak of memory is its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from benchmarks.figure import Figure
from personalize_emulator.generated_data import generate_shop
from personalize_emulator.models import TrainingData, train
from tests.emulator.shop_data import training_data

_USERS, _ITEMS, _INTERACTIONS = 50_000, 100_000, 1_000_000
_ROOT = Path(__file__).parents[1]


def run() -> dict[str, Figure]:
    """Measure user personalisation, ALS of implicit, and the matrix that both begin with."""
    measured = {name: _in_a_process(name) for name in _TRAININGS}
    return {
        figure: Figure(
            unit=unit,
            ours=measured["ours"][at],
            naive=measured["naive"][at],
            floor=measured["floor"][at],
        )
        for at, (figure, unit) in enumerate(
            (("emulator.train_1m", "s"), ("emulator.train_1m_memory", "MiB"))
        )
    }


def _in_a_process(name: str) -> tuple[float, float]:
    """Return the seconds that a training takes, and the peak of memory of its process."""
    command = [sys.executable, "-m", "benchmarks.training", name]
    done = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True)
    seconds, mebibytes = json.loads(done.stdout)
    return seconds, mebibytes


def _ours(data: TrainingData) -> None:
    train("aws-user-personalization-v2", data)


def _naive(data: TrainingData) -> None:
    # Here, and not above: the other processes do not have it in memory.
    from implicit.als import AlternatingLeastSquares  # noqa: PLC0415

    with threadpool_limits(1, "blas"), warnings.catch_warnings(action="ignore"):
        model = AlternatingLeastSquares(factors=64, iterations=15, random_state=0)
        model.fit(_matrix(data), show_progress=False)


def _matrix(data: TrainingData) -> sparse.csr_matrix:
    """Users by items: how often they met."""
    ones = np.ones(len(data), dtype=np.float32)
    shape = (len(data.user_ids), len(data.item_ids))
    return sparse.csr_matrix((ones, (data.user, data.item)), shape=shape)


_TRAININGS: dict[str, Callable[[TrainingData], object]] = {
    "ours": _ours,
    "naive": _naive,
    "floor": _matrix,
}


def main() -> None:
    """Do one training, and print what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("training", choices=_TRAININGS)
    training = _TRAININGS[parser.parse_args().training]
    data = training_data(generate_shop(users=_USERS, items=_ITEMS, interactions=_INTERACTIONS))
    before = time.perf_counter()
    training(data)
    seconds = time.perf_counter() - before
    print(json.dumps([seconds, _peak() / 2**20]))


def _peak() -> int:
    """The most memory that this process ever had, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
