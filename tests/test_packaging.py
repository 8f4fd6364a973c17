"""What `pip install` brings: a stack is synthesised from the installed package, far from here."""

import importlib.metadata
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UV = Path(sysconfig.get_path("scripts")) / "uv"

_APP = """
import aws_cdk as cdk
import cdk_personalize
from cdk_personalize import Recipe
from cdk_personalize.patterns import RecommendationService

print(cdk_personalize.__file__)
stack = cdk.Stack(cdk.App(outdir="out"), "Shop")
RecommendationService(stack, "Shop", models={"for-you": Recipe.USER_PERSONALIZATION_V2})
stack.node.root.synth()
"""


def run(*command: str | Path, cwd: Path) -> str:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in {"PYTHONPATH", "VIRTUAL_ENV", "UV_REQUIRE_HASHES"}
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    # It builds the source distribution, and from that the wheel.
    run(UV, "build", "--quiet", "--out-dir", folder, cwd=ROOT)
    return folder


@pytest.mark.parametrize("resolution", ["highest", "lowest-direct"])
def test_a_stack_is_synthesised_from_a_clean_environment(
    built: Path, tmp_path: Path, resolution: str
) -> None:
    (package,) = built.glob("*.whl")
    python = tmp_path / "venv" / "bin" / "python"
    run(UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv", cwd=tmp_path)
    # The highest that is tested, and not what was released this morning.
    tested = [
        f"{name}=={importlib.metadata.version(name)}" for name in ("aws-cdk-lib", "constructs")
    ]
    (tmp_path / "tested.txt").write_text("\n".join(tested if resolution == "highest" else []))
    run(
        *(UV, "pip", "install", "--quiet", "--python", python, "--resolution", resolution),
        *("--constraint", tmp_path / "tested.txt", package),
        cwd=tmp_path,
    )
    (tmp_path / "app.py").write_text(_APP)

    where = run(python, "app.py", cwd=tmp_path)

    assert str(tmp_path / "venv") in where
    assembly = tmp_path / "out"
    template = json.loads((assembly / "Shop.template.json").read_text())
    kinds = {resource["Type"] for resource in template["Resources"].values()}
    assert "Custom::PersonalizeCampaign" in kinds
    for function in ("event_ingest", "recommend", "resource_provider"):
        assert list(assembly.glob(f"asset.*/{function}/handler.py")), function
        assert list(assembly.glob(f"asset.*/{function}/../personalize_runtime/__init__.py"))


def test_the_command_line_comes_with_the_package_and_names_the_extra_that_it_needs(
    built: Path, tmp_path: Path
) -> None:
    (wheel,) = built.glob("*.whl")
    python = tmp_path / "venv" / "bin" / "python"
    run(UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv", cwd=tmp_path)
    run(UV, "pip", "install", "--quiet", "--no-deps", "--python", python, wheel, cwd=tmp_path)
    command = python.with_name("cdk-personalize")

    assert "replay" in run(command, "--help", cwd=tmp_path)

    asked = ("replay", "--stack", "Shop")
    done = subprocess.run(
        [command, *asked], env={"PATH": ""}, check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "cdk-personalize: error: boto3 is not installed: pip install 'cdk-personalize[cli]'\n"
    )


def test_importing_the_constructs_needs_neither_boto3_nor_the_emulator(
    built: Path, tmp_path: Path
) -> None:
    (wheel,) = built.glob("*.whl")
    metadata = run(
        *(sys.executable, "-c"),
        "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]);"
        " print(z.read(next(n for n in z.namelist() if n.endswith('METADATA'))).decode())",
        wheel,
        cwd=tmp_path,
    )
    required = [
        line.removeprefix("Requires-Dist: ")
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist: ") and "extra ==" not in line
    ]

    assert sorted(line.split("<")[0].split(">")[0] for line in required) == [
        "aws-cdk-lib",
        "constructs",
    ]
