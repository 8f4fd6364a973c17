"""The package of a function, and how long it takes to load."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

from benchmarks.function.lambda_process import SOURCE

_KILOBYTE = 1000


def lay_out(names: Sequence[str], folder: Path) -> float:
    """Lay the code of a function into a folder, without bytecode; return its KB as a ZIP."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
        for source in (SOURCE / name for name in names):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / source.name, ignore=ignored)
        for file in sorted(folder.rglob("*.py")):
            package.write(file, file.relative_to(folder))
    return len(archive.getvalue()) / _KILOBYTE


def seconds_to_load(
    modules: Mapping[str, str | None], settings: Mapping[str, str], rounds: int
) -> dict[str, list[float]]:
    """Return the seconds from the start of a process until it says that its handler is loaded.

    The endpoint has TLS, as on AWS: ours begins to read the certificates while it is loaded, and
    boto3 with its first call.

    Args:
        modules: The module of each handler; None is an interpreter that loads nothing.
        settings: The environment.
        rounds: How often each is loaded.
    """
    endpoint = settings["AWS_ENDPOINT_URL"].replace("http:", "https:")
    environment = {**settings, "AWS_ENDPOINT_URL": endpoint}
    taken: dict[str, list[float]] = {name: [] for name in modules}
    for _ in range(rounds):
        for name, module in modules.items():
            statement = f"import {module}" if module else "pass"
            started = time.perf_counter()
            with subprocess.Popen(
                [sys.executable, "-c", f"{statement}; print('loaded', flush=True)"],
                env=environment,
                stdout=subprocess.PIPE,
                text=True,
            ) as process:
                assert process.stdout is not None
                said = process.stdout.readline()
                taken[name].append(time.perf_counter() - started)
            if said != "loaded\n":
                msg = f"{module} must be loaded, got {said!r}"
                raise ValueError(msg)
    return taken
