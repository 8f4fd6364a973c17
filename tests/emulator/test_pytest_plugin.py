"""The fixture for pytest, in runs of pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = "personalize_emulator.pytest_plugin"

GROUPS = """
import boto3

def names(emulator):
    client = boto3.client("personalize", **emulator.client_options)
    found = [group["name"] for group in client.list_dataset_groups()["datasetGroups"]]
    client.create_dataset_group(name=f"shop-{len(found)}")
    client.close()
    return found

def test_first(personalize_emulator):
    assert names(personalize_emulator) == []

def test_second(personalize_emulator):
    assert names(personalize_emulator) == {second}
"""


class Runs:
    """Runs pytest in a folder of its own, with the plugin as its only one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(
        self, tests: str, ini: str = "", conftest: str = "", *more: str
    ) -> subprocess.CompletedProcess[str]:
        (self.folder / "test_it.py").write_text(tests)
        (self.folder / "conftest.py").write_text(conftest)
        (self.folder / "pytest.ini").write_text(f"[pytest]\nfilterwarnings = error\n{ini}\n")
        # With the package installed anew the plugin is an entry point as well; once is enough.
        command = [sys.executable, "-m", "pytest", "-q", "-p", PLUGIN, *more]
        environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": ":".join(sys.path)}
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_each_test_has_an_emulator_of_its_own(runs: Runs) -> None:
    done = runs(GROUPS.replace("{second}", "[]"))

    assert "2 passed" in done.stdout, done.stdout


def test_all_tests_can_share_one(runs: Runs) -> None:
    done = runs(GROUPS.replace("{second}", '["shop-0"]'), "personalize_emulator_scope = session")

    assert "2 passed" in done.stdout, done.stdout


def test_a_scope_that_pytest_does_not_have_is_refused(runs: Runs) -> None:
    done = runs(GROUPS.replace("{second}", "[]"), "personalize_emulator_scope = test")

    assert done.returncode != 0
    assert "personalize_emulator_scope must be one of function, class" in done.stdout + done.stderr


def test_a_fixture_of_the_user_says_how_it_is_made(runs: Runs) -> None:
    conftest = """
import pytest

@pytest.fixture(scope="session")
def personalize_emulator_options():
    return {"region": "eu-west-1"}
"""
    test = """
def test_region(personalize_emulator):
    assert personalize_emulator.client_options["region_name"] == "eu-west-1"
"""
    assert "1 passed" in runs(test, "", conftest).stdout


def test_it_ends_with_its_test(runs: Runs) -> None:
    test = """
import threading

def test_uses_it(personalize_emulator):
    assert any(thread.name == "personalize-jobs" for thread in threading.enumerate())

def test_finds_nothing_of_it():
    assert not any(thread.name == "personalize-jobs" for thread in threading.enumerate())
"""
    done = runs(test)

    assert "2 passed" in done.stdout, done.stdout


def test_nothing_slow_is_imported_before_a_test_wants_it(runs: Runs) -> None:
    test = """
import sys

def test_nothing():
    assert not {"numpy", "scipy", "botocore", "personalize_emulator.service"} & set(sys.modules)
"""
    assert "1 passed" in runs(test).stdout


def test_pytest_lists_the_fixtures_with_what_they_are(runs: Runs) -> None:
    done = runs("", "", "", "--fixtures")

    assert "Amazon Personalize for boto3" in done.stdout
    assert "Keyword arguments of `PersonalizeEmulator`" in done.stdout
