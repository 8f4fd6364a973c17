"""Hyperparameter optimisation: random search for what does best on a held-out part.

The mix of the parts of a score is chosen there too.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import numpy as np

from personalize_emulator.models.hyperparameters import plain_names
from personalize_emulator.models.settings import Tuning

_Mix = TypeVar("_Mix")

_CLEARLY = 1.04
"""How much better another mix must be to be taken before the first."""


def trials(tuning: Tuning, *, seed: int) -> list[dict[str, str]]:
    """Draw hyperparameters from the ranges, no two alike.

    Args:
        tuning: The ranges, and how many trainings to spend; fewer are drawn where there are fewer
            combinations.
        seed: The same seed draws the same.
    """
    random = np.random.default_rng(seed)
    drawn: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}
    for _ in range(tuning.trials * 10):
        one = {
            **{
                name: str(int(random.integers(least, greatest, endpoint=True)))
                for name, (least, greatest) in plain_names(tuning.integers).items()
            },
            **{
                name: str(
                    min(max(round(float(random.uniform(least, greatest)), 6), least), greatest)
                )
                for name, (least, greatest) in plain_names(tuning.continuous).items()
            },
            **{
                name: values[int(random.integers(len(values)))]
                for name, values in plain_names(tuning.categorical).items()
            },
        }
        drawn.setdefault(tuple(one.items()), one)
        if len(drawn) == tuning.trials:
            break
    return list(drawn.values())


def tuned(
    tuning: Tuning | None, score: Callable[[Mapping[str, str]], float], *, seed: int
) -> dict[str, str]:
    """Return the hyperparameters that score best; of equal ones, those drawn first.

    Args:
        tuning: Where to look. (default: nowhere, and there is nothing to return)
        score: Trains with hyperparameters and says how good the model is.
        seed: The same seed looks at the same places.
    """
    if tuning is None:
        return {}
    return max(trials(tuning, seed=seed), key=score)


def clearly_best(mixes: Sequence[_Mix], score: Callable[[_Mix], float]) -> _Mix:
    """Return the mix that scores best; the first, unless another one is clearly better.

    Args:
        mixes: The mixes to choose from, the preferred one first.
        score: Says how good a model of this mix is.
    """
    scores = [score(mix) for mix in mixes]
    best = max(scores)
    return mixes[scores.index(best)] if best >= scores[0] * _CLEARLY else mixes[0]
