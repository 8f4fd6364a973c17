"""How likely users are to take actions: logistic regression, with weights of each action's own."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit

_PENALTY = 0.5
"""Holds back the weights of single actions, which have few examples."""

_COMMON_PENALTY = 0.05
_ROUNDS = 60
"""Steps of the optimiser: more of them change a chance by a thousandth at most."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Propensity:
    """A logistic regression.

    Attributes:
        common: A weight for each feature of an example, the same for all actions.
        own: For each action, a row: its bias, and a weight for each number of the user's tastes.
    """

    common: Floats
    own: Floats

    @classmethod
    def fit(
        cls,
        actions: int,
        action: NDArray[np.intp],
        features: Floats,
        tastes: Floats,
        taken: NDArray[np.bool_],
    ) -> Self:
        """Learn from examples.

        Args:
            actions: The number of actions; one without examples has weights of zero.
            action: The action of each example.
            features: What happened before each example, a row for each.
            tastes: What the user of each example likes, a row for each.
            taken: Whether the action was taken.
        """
        number = len(action)
        ones = np.ones(number)
        inputs = np.column_stack([ones, tastes])
        known, row = np.unique(action, return_inverse=True)
        split, shape = features.shape[1], (len(known), inputs.shape[1])
        by_action = sparse.csr_array((ones, (row, np.arange(number))), shape=(len(known), number))
        target = taken.astype(np.float64)
        whole = np.zeros((actions, shape[1]))
        if number == 0:
            return cls(np.zeros(split), whole)

        def loss(weights: Floats) -> tuple[float, Floats]:
            common, own = weights[:split], weights[split:].reshape(shape)
            score = features @ common + np.einsum("ij,ij->i", inputs, own[row])
            wrong = expit(score) - target
            # log(1 + exp(s)) - y s, written so that no score overflows.
            fit = np.logaddexp(0, score).sum() - target @ score
            held = _COMMON_PENALTY * (common @ common) + _PENALTY * np.vdot(own, own)
            slope = np.concatenate(
                [
                    features.T @ wrong + 2 * _COMMON_PENALTY * common,
                    (by_action @ (inputs * wrong[:, None]) + 2 * _PENALTY * own).ravel(),
                ]
            )
            return float(fit + held), slope

        # Imported for a training alone: an idle server is smaller without it.
        from scipy import optimize  # noqa: PLC0415

        start = np.zeros(split + shape[0] * shape[1])
        found: Any = optimize.minimize(
            loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ROUNDS}
        )
        whole[known] = found.x[split:].reshape(shape)
        return cls(found.x[:split], whole)

    def chance(self, action: NDArray[np.intp], features: Floats, tastes: Floats) -> Floats:
        """Return how likely each example is to be taken, from 0 to 1.

        Args:
            action: The action of each example.
            features: What happened before each example, a row for each.
            tastes: What its user likes, a row for each, or one for all.
        """
        own = self.own[action]
        score = features @ self.common + own[:, 0] + (own[:, 1:] * tastes).sum(axis=1)
        chance: Floats = expit(score)
        return chance
