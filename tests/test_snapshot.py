"""What the demo and the stack of everything deploy is committed, and is always the same."""

import difflib
import os
from pathlib import Path

import pytest

from tests.readable import as_lines, readable, with_whole_policies
from tests.synthesis import DEMO, STACKS, Assembly, Synthesised, synthesise

SNAPSHOTS = Path(__file__).parent / "snapshots"
_SHOWN = 200


@pytest.fixture(scope="module", params=STACKS)
def assembly(request: pytest.FixtureRequest, synthesised: Synthesised) -> Assembly:
    return synthesised(request.param)


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
    if assembly.stack == DEMO:  # whose policies are short enough to be never split
        assert again.files() == assembly.files()
