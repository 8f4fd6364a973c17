"""The pages under docs/ are true: their examples run, and their tables are complete."""

from __future__ import annotations

import re
from pathlib import Path

import boto3
import pytest

from personalize_emulator.service_model import Surface

ROOT = Path(__file__).parents[1]
EMULATOR = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")

_ROW = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytest_plugins = ["pytester"]


def blocks(language: str) -> list[str]:
    return [body for tag, body in _BLOCK.findall(EMULATOR) if tag == language]


def test_the_table_of_operations_has_each_of_the_service_once() -> None:
    listed = [name for name, _ in _ROW.findall(EMULATOR)]

    assert sorted(listed) == sorted(operation.name for operation in Surface().operations)


def test_the_example_for_pytest_passes(pytester: pytest.Pytester) -> None:
    example = next(body for body in blocks("python") if "def test_" in body)
    pytester.makepyfile(example)

    # The plugin is there by its entry point where the package is installed, and by name here.
    plugin = ["-p", "personalize_emulator.pytest_plugin"]
    result = pytester.runpytest_subprocess("-p", "no:personalize_emulator", *plugin)

    result.assert_outcomes(passed=1)


def test_the_example_in_process_runs() -> None:
    example = next(body for body in blocks("python") if "with PersonalizeEmulator()" in body)
    names: dict[str, object] = {"boto3": boto3}

    exec(example, names)

    aws = names["aws"]
    assert aws.objects.get("my-bucket", "users.csv") == b"USER_ID,AGE\n1,42\n"  # type: ignore[attr-defined]


def test_the_links_of_the_page_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", EMULATOR):
        assert target.startswith("https://") or (ROOT / "docs" / target).exists(), target
