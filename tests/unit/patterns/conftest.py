"""The state machines of a pipeline, made once."""

from typing import Any

import pytest

from tests.unit.patterns.pipeline_machines import States, read_definitions, states_of


@pytest.fixture(scope="session")
def definitions() -> dict[str, dict[str, Any]]:
    return read_definitions()


@pytest.fixture(scope="session")
def all_states(definitions: dict[str, dict[str, Any]]) -> States:
    return {
        f"{machine}: {name}": state
        for machine, definition in definitions.items()
        for name, state in states_of(definition)
    }
