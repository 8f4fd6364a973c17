"""Models that several tests ask: nothing changes a model, so each is trained once."""

from __future__ import annotations

from personalize_emulator.models import Model, TrainingData, TrainingSettings, train

_AS_THE_RECIPE_DOES = TrainingSettings()

# The data is kept with its model: else other data might have its identity one day.
_trained: dict[tuple[str, int, str, int], tuple[TrainingData, Model]] = {}


def trained_once(
    recipe: str,
    data: TrainingData,
    *,
    settings: TrainingSettings = _AS_THE_RECIPE_DOES,
    seed: int = 0,
) -> Model:
    """Train the model of a recipe, unless that was done with this very data."""
    key = (recipe, id(data), repr(settings), seed)
    if key not in _trained:
        _trained[key] = (data, train(recipe, data, settings=settings, seed=seed))
    return _trained[key][1]
