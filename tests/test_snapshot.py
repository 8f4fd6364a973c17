"""What the demo and the stack of everything deploy is committed, and is always the same."""

import difflib
import os
from pathlib import Path

import pytest

from tests.readable import as_lines, readable, with_whole_policies
from tests.synthesis import DEMO, STACKS, Assembly, synthesise

SNAPSHOTS = Path(__file__).parent / "snapshots"
_SHOWN = 200


@pytest.fixture(scope="module", params=STACKS)
def assembly(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    return synthesise(request.param, tmp_path_factory.mktemp("once"))


def test_the_template_is_the_one_of_the_snapshot(assembly: Assembly) -> None:
    snapshot = SNAPSHOTS / f"{assembly.stack.lower()}.template.json"
    now = as_lines(readable(with_whole_policies(assembly.template)))
    if os.environ.get("SNAPSHOT") == "update":
        snapshot.write_text(now)

    before = snapshot.read_text()
    if now != before:  # pytest's own diff takes minutes on texts of this length
        lines = list(difflib.unified_diff(before.splitlines(), now.splitlines(), lineterm="", n=5))
        shown = "\n".join(lines[:_SHOWN])
        pytest.fail(
            f"{snapshot.name} differs by {len(lines)} lines; renew it with SNAPSHOT=update, and"
            f" read the diff:\n{shown}",
            pytrace=False,
        )


def test_two_synths_define_the_same(assembly: Assembly, tmp_path: Path) -> None:
    again = synthesise(assembly.stack, tmp_path / "again")

    assert with_whole_policies(assembly.template) == with_whole_policies(again.template)


def test_two_synths_are_byte_identical(tmp_path: Path) -> None:
    once, again = (synthesise(DEMO, tmp_path / name).folder for name in ("once", "again"))

    files = {file.relative_to(once) for file in once.rglob("*") if file.is_file()}
    assert files == {file.relative_to(again) for file in again.rglob("*") if file.is_file()}
    for file in files:
        assert (once / file).read_bytes() == (again / file).read_bytes(), file
