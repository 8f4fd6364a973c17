"""One bare local AWS for the tests of this folder: no CDK, no stack of the library."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from personalize_emulator.local import LocalAws
from tests.local.services.cloud import Cloud

REPOSITORY = Path(__file__).parents[3]
LOCAL_PYTHON = os.environ.get(
    "PERSONALIZE_LOCAL_PYTHON", str(REPOSITORY / ".venv-local" / "bin" / "python")
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of the one local AWS on one worker."""
    for item in items:
        if "cloud" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("cloud"))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with LocalAws(tmp_path_factory.mktemp("aws"), python=LOCAL_PYTHON) as aws:
        yield Cloud(aws)
