"""The fixture `personalize_emulator` for pytest: Amazon Personalize in the process of the tests.

Installed with the package. It costs nothing until a test asks for the fixture:

    def test_shop(personalize_emulator):
        personalize = boto3.client("personalize", **personalize_emulator.client_options)

Every test has one of its own. `personalize_emulator_scope = session` in the configuration of pytest
makes one for all tests (or `module`, `class`, `package`), and a fixture of your own of the name
`personalize_emulator_options` says how it is made:

    @pytest.fixture(scope="session")
    def personalize_emulator_options():
        return {"speed": 10_000, "quotas": Quotas.none()}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

# The emulator itself is imported by the fixture: this module is loaded in every run of pytest, and
# numpy and botocore take their time.
if TYPE_CHECKING:
    from personalize_emulator.emulator import PersonalizeEmulator

SCOPE = "personalize_emulator_scope"

_SCOPES = ("function", "class", "module", "package", "session")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that says how long an emulator lasts."""
    parser.addini(
        SCOPE,
        f"how long the fixture personalize_emulator lasts: {', '.join(_SCOPES)}",
        default="function",
    )


def _scope(fixture_name: str, config: pytest.Config) -> Any:  # noqa: ANN401 - pytest's own literals
    del fixture_name
    scope = config.getini(SCOPE)
    if scope not in _SCOPES:
        message = f"{SCOPE} must be one of {', '.join(_SCOPES)}, got {scope!r}"
        raise pytest.UsageError(message)
    return scope


@pytest.fixture(scope="session")
def personalize_emulator_options() -> Mapping[str, Any]:
    """Keyword arguments of `PersonalizeEmulator`; define a fixture of this name to change them."""
    return {}


@pytest.fixture(scope=_scope)
def personalize_emulator(
    personalize_emulator_options: Mapping[str, Any],
) -> Iterator[PersonalizeEmulator]:
    """Amazon Personalize for boto3: `boto3.client("personalize", **it.client_options)`."""
    from personalize_emulator.emulator import PersonalizeEmulator  # noqa: PLC0415

    with PersonalizeEmulator(**personalize_emulator_options) as running:
        yield running
