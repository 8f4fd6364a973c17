"""The private names of MiniStack that local AWS rests on, held against the pinned version.

MiniStack has an environment of its own, so these run there.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
LOCAL_PYTHON = os.environ.get(
    "PERSONALIZE_LOCAL_PYTHON", str(REPOSITORY / ".venv-local" / "bin" / "python")
)


def run(*arguments: str) -> str:
    finished = subprocess.run(
        [LOCAL_PYTHON, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return finished.stdout


def test_ministack_has_every_hook() -> None:
    assert run("-m", "personalize_emulator.local.hooks") == "[]"


def test_a_hook_that_is_gone_is_named() -> None:
    script = """
from personalize_emulator.local import hooks
from ministack.services.cloudformation import provisioners
del provisioners._RESOURCE_HANDLERS
print(hooks.missing())
"""

    assert "provisioners._RESOURCE_HANDLERS (CloudFormation types)" in run("-c", script)


def test_a_hook_that_takes_other_arguments_is_named() -> None:
    script = """
from personalize_emulator.local import hooks
from ministack.services import stepfunctions
stepfunctions._scaled_sleep = lambda seconds, scale: None
print(hooks.missing())
"""

    assert "stepfunctions._scaled_sleep" in run("-c", script)


def test_every_private_name_in_use_is_a_hook() -> None:
    script = """
import ast, pathlib
from personalize_emulator.local import hooks
known = {(hook.module.rsplit(".", 1)[-1], hook.name) for hook in hooks.HOOKS}
modules = {module for module, _ in known}
for path in pathlib.Path(hooks.__file__).parent.glob("*.py"):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            use = (node.value.id, node.attr)
            if use[0] in modules and use[1].startswith("_") and use not in known:
                print(path.name, *use)
"""

    assert run("-c", script) == ""


def test_roles_are_assumed_side_by_side() -> None:
    script = """
import sys, threading
from personalize_emulator.local import authorization
authorization.install()
sys.setswitchinterval(1e-6)
assumed = []
def assume(name):
    for number in range(300):
        role = f"arn:aws:iam::123456789012:role/{name}-{number}"
        assumed.append(authorization.credentials_of(role, "session"))
threads = [threading.Thread(target=assume, args=(name,)) for name in "abcd"]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(assumed))
"""

    assert run("-c", script) == "1200\n"
