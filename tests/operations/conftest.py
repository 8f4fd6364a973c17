"""One local AWS a worker, with a queue, a stream and a bucket for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from personalize_emulator.local import LocalAws
from personalize_operations.aws import Services
from tests.operations.shop import Shop

LOCAL_PYTHON = os.environ.get(
    "PERSONALIZE_LOCAL_PYTHON", str(Path(__file__).parents[2] / ".venv-local" / "bin" / "python")
)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("aws"), python=LOCAL_PYTHON) as aws:
        yield aws


@pytest.fixture(scope="session")
def services(aws: LocalAws) -> Services:
    """The clients of that AWS, which take a while to make."""
    with pytest.MonkeyPatch.context() as patch:
        point_at(aws, patch)
        return Services.of(profile=None, region=None)


@pytest.fixture
def shop(aws: LocalAws, services: Services, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The function's own clients find that AWS by the environment."""
    point_at(aws, monkeypatch)
    return Shop.of(services)


def point_at(aws: LocalAws, patch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        patch.delenv(name)
    for name, value in aws.variables.items():
        patch.setenv(name, value)
