"""The folder constructs/ has the name of a dependency; these tests keep that harmless."""

import tomllib
import zipfile
from pathlib import Path

import constructs
import pytest
from hatchling.builders.wheel import WheelBuilder

import cdk_personalize
from cdk_personalize._assets import lambda_root

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the files of the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = next(WheelBuilder(str(ROOT)).build(directory=str(folder)))
    return set(zipfile.ZipFile(wheel).namelist())


def sources(folder: Path, within: str) -> set[str]:
    """Return the Python files of a folder, as the wheel is to name them."""
    return {f"{within}/{file.relative_to(folder).as_posix()}" for file in folder.rglob("*.py")}


@pytest.mark.parametrize("root", ["constructs", "lambda", "emulator", "operations"])
def test_source_roots_are_not_packages(root: str) -> None:
    assert (ROOT / root).is_dir()
    assert not (ROOT / root / "__init__.py").exists()


def test_constructs_is_the_dependency() -> None:
    assert constructs.__file__ is not None
    assert ROOT / "constructs" not in Path(constructs.__file__).parents


def test_the_lambda_code_is_found_in_a_checkout() -> None:
    assert lambda_root() == ROOT / "lambda"


@pytest.mark.parametrize(
    ("folder", "within"),
    [
        ("constructs/cdk_personalize", "cdk_personalize"),
        ("lambda", "cdk_personalize/_lambda"),
        ("emulator/personalize_emulator", "personalize_emulator"),
        ("operations/personalize_operations", "personalize_operations"),
    ],
)
def test_the_wheel_ships(shipped: set[str], folder: str, within: str) -> None:
    wanted = sources(ROOT / folder, within)

    assert wanted
    assert wanted <= shipped


def test_the_wheel_says_that_it_is_typed(shipped: set[str]) -> None:
    packages = (cdk_personalize.__name__, "personalize_emulator", "personalize_operations")

    assert {f"{package}/py.typed" for package in packages} <= shipped


def test_the_wheel_ships_nothing_else(shipped: set[str]) -> None:
    tops = {name.partition("/")[0] for name in shipped}

    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "cdk_personalize",
        "personalize_emulator",
        "personalize_operations",
    }
    assert [name for name in shipped if name.endswith(".pyc")] == []


def test_local_aws_is_locked_with_what_the_extras_name() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    lines = (ROOT / "requirements" / "local.in").read_text().splitlines()

    named = {each for extra in ("emulator", "local") for each in extras[extra]}
    assert {line for line in lines if line and not line.startswith("#")} == {
        each for each in named if not each.startswith("cdk-personalize")
    }
