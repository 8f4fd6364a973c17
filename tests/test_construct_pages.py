"""The pages under docs/constructs are true: examples synthesise, tables are complete and right.

There is a page for each construct, for each value that declares a job of the service, and for
recipes and use cases, whose tables tests/test_recipe_pages.py looks at.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import botocore.session
import pytest
from aws_cdk.assertions import Annotations, Match, Template
from botocore.model import ListShape, MapShape, Shape, StructureShape
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from cdk_personalize import Recipe, UseCase
from tests.test_api import CONSTRUCTS, PUBLIC, properties

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "constructs"
INDEX = FOLDER / "README.md"

NOTHING = "\N{EN DASH}"
IN_PLACE = "in place"
WORDS = {IN_PLACE, "replaced", "refused", "stack only", "next run"}
HEADER = "| property | API | CloudFormation | when it changes |"

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CELL = re.compile(rf"{NOTHING}|`[\w:.]+`(, `[\w:.]+`)*")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"`([^`]+)`")
# What the API calls otherwise in the request that updates it.
_IN_UPDATES = {"metrics": "addMetrics", "solutionConfig": "solutionUpdateConfig"}


@dataclass(frozen=True)
class Row:
    """A property in the table of a page."""

    name: str
    api: str
    cloudformation: str
    change: str

    @property
    def api_paths(self) -> list[str]:
        return _PATH.findall(self.api)

    @property
    def cloudformation_paths(self) -> list[str]:
        return _PATH.findall(self.cloudformation)

    @property
    def changes(self) -> set[str]:
        return set(self.change.split(" or "))


@dataclass(frozen=True)
class Page:
    """The page of a construct, or of a job."""

    subject: type

    @property
    def name(self) -> str:
        return self.subject.__name__

    @property
    def properties(self) -> list[str]:
        if self.subject in CONSTRUCTS:
            return [each.name for each in properties(self.subject)]
        return list(inspect.signature(self.subject).parameters)

    @property
    def path(self) -> Path:
        words = "".join(f"_{c.lower()}" if c.isupper() else c for c in self.name)
        return FOLDER / f"{words[1:]}.md"

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def examples(self) -> list[str]:
        return _BLOCK.findall(self.text)

    @property
    def rows(self) -> list[Row]:
        table = self.text.partition(HEADER)[2].partition("\n\n")[0]
        lines = table.strip().splitlines()[1:]  # less the rule under the header
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        return [Row(name.strip("`"), *others) for name, *others in cells]


SERVICE = botocore.session.get_session().get_service_model("personalize")
JOBS = [
    thing
    for thing in PUBLIC
    if inspect.isclass(thing)
    and thing not in CONSTRUCTS
    and f"Create{thing.__name__}" in SERVICE.operation_names
]
PAGES = [Page(subject) for subject in (*CONSTRUCTS, *JOBS)]

ALL = [*PAGES, Page(Recipe), Page(UseCase)]

OF_THE_API = [page for page in PAGES if f"Create{page.name}" in SERVICE.operation_names]
# The page of Solution says so.
NOT_OFFERED = {
    "performAutoML",
    "solutionConfig.autoMLConfig",
    "solutionConfig.hpoConfig.hpoObjective",
}

each_page = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
each_of_all = pytest.mark.parametrize("page", ALL, ids=[page.name for page in ALL])


def links_of(path: Path) -> list[str]:
    return _LINK.findall(path.read_text(encoding="utf-8"))


def headings_of(path: Path) -> set[str]:
    headings = _HEADING.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def has_member(operation: str, path: str) -> bool:
    if operation not in SERVICE.operation_names:
        return False
    shape: Shape | None = SERVICE.operation_model(operation).input_shape
    for name in path.split("."):
        while isinstance(shape, ListShape):
            shape = shape.member
        if isinstance(shape, MapShape):
            shape = shape.value
        elif isinstance(shape, StructureShape) and name in shape.members:
            shape = shape.members[name]
        else:
            return False
    return True


def members_of(shape: Shape, path: str = "") -> Iterator[str]:
    """Yield the members of a structure of the API that hold no others, by their paths."""
    while isinstance(shape, ListShape):
        shape = shape.member
    if not isinstance(shape, StructureShape):
        yield path
        return
    for name, member in shape.members.items():
        yield from members_of(member, f"{path}.{name}".removeprefix("."))


def is_within(path: str, others: Iterable[str]) -> bool:
    """Tell whether a member of the API is one of others, or is in one of them."""
    return any(f"{path}.".startswith(f"{other}.") for other in others)


def operation_and_member(page: Page, path: str) -> tuple[str, str]:
    """Return what a path of the API means, which may name the operation."""
    operation, _, member = path.partition(".")
    return (operation, member) if operation[0].isupper() else (f"Create{page.name}", path)


def is_updatable(operation: str, path: str) -> bool:
    first, dot, rest = path.partition(".")
    updating = operation.replace("Create", "Update", 1)
    return any(
        has_member(updating, f"{name}{dot}{rest}") for name in {first, _IN_UPDATES.get(first)}
    )


@cache
def registered(resource_type: str) -> dict[str, Any]:
    """Return the schema of a type in CloudFormation's registry, as cfn-lint has it."""
    found = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-west-1", resource_type)
    return dict(found.schema)


def type_and_property(page: Page, path: str) -> tuple[str, str]:
    """Return what a path of CloudFormation means, which may name the type."""
    resource_type, _, name = path.partition(".")
    is_named = resource_type.startswith("AWS::")
    return (resource_type, name) if is_named else (f"AWS::Personalize::{page.name}", path)


def has_property(resource_type: str, path: str) -> bool:
    schema = registered(resource_type)
    node = schema
    for name in path.split("."):
        while "$ref" in node or "items" in node:
            node = node.get("items") or schema["definitions"][node["$ref"].rpartition("/")[2]]
        if name in node.get("properties", {}):
            node = node["properties"][name]
        elif "patternProperties" not in node:
            return False
    return True


def is_create_only(resource_type: str, path: str) -> bool:
    create_only = registered(resource_type).get("createOnlyProperties", [])
    return f"/properties/{path.partition('.')[0]}" in create_only


def changes_in_place(page: Page, row: Row) -> bool:
    """Tell whether a property can: CloudFormation says so of its own types, the API of others."""
    types = {one["Type"] for one in template_of(page)["Resources"].values()}
    by_cloudformation = any(
        not is_create_only(resource_type, name)
        for resource_type, name in (
            type_and_property(page, path) for path in row.cloudformation_paths
        )
        if resource_type in types
    )
    by_the_api = any(
        is_updatable(operation, member)
        for operation, member in (operation_and_member(page, path) for path in row.api_paths)
        if f"Custom::Personalize{operation.removeprefix('Create')}" in types
    )
    return by_cloudformation or by_the_api


@cache
def names_in(page: Page) -> dict[str, Any]:
    """Return the names that the examples of a page leave, run one after the other in a stack."""
    stack = cdk.Stack(
        cdk.App(), "Shop", env=cdk.Environment(account="111111111111", region="eu-west-1")
    )
    names: dict[str, Any] = {"self": stack}
    for example in page.examples:
        exec(compile(example, str(page.path), "exec"), names)
    return names


@cache
def template_of(page: Page) -> dict[str, Any]:
    return dict(Template.from_stack(names_in(page)["self"]).to_json())


@each_of_all
def test_every_construct_has_a_page_that_bears_its_name(page: Page) -> None:
    assert page.text.startswith(f"# {page.name}\n")


@each_of_all
def test_the_examples_of_a_page_synthesise(page: Page) -> None:
    assert template_of(page)["Resources"]
    assert Annotations.from_stack(names_in(page)["self"]).find_error("*", Match.any_value()) == []


@each_page
def test_the_examples_show_what_the_page_is_about(page: Page) -> None:
    stack, *others = names_in(page).values()

    assert any(isinstance(each, page.subject) for each in (*stack.node.find_all(), *others))


@each_page
def test_the_table_has_the_properties_of_the_construct(page: Page) -> None:
    assert [row.name for row in page.rows] == page.properties


@each_page
def test_the_table_is_written_in_the_words_of_the_index(page: Page) -> None:
    for row in page.rows:
        assert row.changes <= WORDS, row
        assert _CELL.fullmatch(row.api), row
        assert _CELL.fullmatch(row.cloudformation), row


@each_page
def test_the_table_names_members_that_the_api_has(page: Page) -> None:
    for path in (path for row in page.rows for path in row.api_paths):
        assert has_member(*operation_and_member(page, path)), path


@pytest.mark.parametrize("page", OF_THE_API, ids=[page.name for page in OF_THE_API])
def test_the_table_has_every_member_that_the_api_has(page: Page) -> None:
    told = {path for row in page.rows for path in row.api_paths}
    # Tags of constructs are not among their properties; a pipeline knows its role by itself.
    apart = {*NOT_OFFERED, "tags"} if page.subject in CONSTRUCTS else {"roleArn"}
    shape = SERVICE.operation_model(f"Create{page.name}").input_shape
    assert shape is not None

    missing = [path for path in members_of(shape) if not is_within(path, told | apart)]

    assert missing == []


@each_page
def test_the_table_names_properties_that_cloudformation_has(page: Page) -> None:
    for path in (path for row in page.rows for path in row.cloudformation_paths):
        assert has_property(*type_and_property(page, path)), path


@each_page
def test_the_table_says_how_the_resource_really_changes(page: Page) -> None:
    for row in page.rows:
        if not (row.api_paths or row.cloudformation_paths):
            continue
        assert (IN_PLACE in row.changes) is changes_in_place(page, row), row


@pytest.mark.parametrize("word", sorted(WORDS))
def test_the_index_explains_the_words_of_the_tables(word: str) -> None:
    assert f"| `{word}` | " in INDEX.read_text(encoding="utf-8")


def test_the_index_lists_every_page_once() -> None:
    listed = [link for link in links_of(INDEX) if "/" not in link]

    assert sorted(listed) == sorted(page.path.name for page in ALL)


def test_the_table_of_the_readme_leads_to_every_page() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    for page in ALL:
        assert f"(docs/constructs/{page.path.name})" in readme, page.name


@pytest.mark.parametrize("path", [*FOLDER.glob("*.md"), ROOT / "README.md"], ids=lambda p: p.name)
def test_the_links_lead_somewhere(path: Path) -> None:
    for link in links_of(path):
        if not link.startswith("https://"):
            file, _, heading = link.partition("#")
            target = path.parent / file if file else path
            assert target.exists(), link
            assert not heading or heading in headings_of(target), link
