"""Another schema for a dataset that is there: refused, replaced, taken back, imported again.

The tests run in this order on one deployment; the last one destroys it.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from demo.leftovers import leftovers
from demo.progress import DemoError
from tests.local.cloud_assembly import DeploymentError
from tests.local.deployment import Deployment, wait_until
from tests.local.schemas_stack import NAME, SchemasStack

pytestmark = pytest.mark.local

# It fits both schemas, which differ in the type of the ratings.
FILE = "USER_ID,ITEM_ID,TIMESTAMP,RATING\n" + "".join(
    f"u{n % 50},i{n % 20},{1_700_000_000 + n},{n % 5}\n" for n in range(1000)
)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment.on_a_new_aws(tmp_path_factory.mktemp("schemas"), NAME) as stack:
        stack.deploy(SchemasStack)
        stack.put("import/interactions/all.csv", FILE)
        wait_until(lambda: is_imported(stack))
        yield stack


def dataset(stack: Deployment, dataset_type: str = "Interactions") -> dict[str, Any]:
    (arn,) = [
        summary["datasetArn"]
        for summary in stack.personalize.list_datasets()["datasets"]
        if summary["datasetType"] == dataset_type
    ]
    return dict(stack.personalize.describe_dataset(datasetArn=arn)["dataset"])


def schema(stack: Deployment, dataset_type: str = "Interactions") -> str:
    arn = dataset(stack, dataset_type)["schemaArn"]
    found = stack.personalize.describe_schema(schemaArn=arn)["schema"]
    return str(found["schema"])


def schemas(stack: Deployment) -> int:
    return len(stack.personalize.list_schemas()["schemas"])


def imports(stack: Deployment) -> list[dict[str, Any]]:
    """Return the imports into the dataset that is there."""
    created = dataset(stack)["creationDateTime"]
    jobs = stack.personalize.list_dataset_import_jobs()["datasetImportJobs"]
    return [job for job in jobs if job["creationDateTime"] > created]


def is_imported(stack: Deployment) -> bool:
    return any(job["status"] == "ACTIVE" for job in imports(stack))


def test_a_schema_for_which_data_would_have_to_be_deleted_is_refused(stack: Deployment) -> None:
    before = dataset(stack)

    stack.synthesise(partial(SchemasStack, is_float=True))

    # The CLI itself, which is to say why.
    with pytest.raises(DemoError, match="ended with exit code"):
        stack.cli.deploy(NAME, anew=False)

    assert "cannot take the schema" in stack.cli.log.read_text(encoding="utf-8")
    assert stack.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert dataset(stack) == before


def test_a_dataset_is_replaced_where_that_is_allowed(stack: Deployment) -> None:
    before = dataset(stack)

    stack.deploy(partial(SchemasStack, is_float=True, may_replace=True))

    assert dataset(stack)["creationDateTime"] > before["creationDateTime"]
    assert '"float"' in schema(stack)


def test_the_files_of_a_replaced_dataset_are_imported_again_and_once(stack: Deployment) -> None:
    stack.wait(lambda: is_imported(stack))
    run = stack.run_of(stack.start_pipeline)

    assert run["status"] == "SUCCEEDED"
    assert [job["importMode"] for job in imports(stack)] == ["FULL"]


def test_a_replacement_is_taken_back_when_a_later_resource_fails(stack: Deployment) -> None:
    with pytest.raises(DeploymentError):
        stack.deploy(partial(SchemasStack, may_replace=True, columns=1, is_broken=True))

    assert stack.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert '"float"' in schema(stack)


def test_a_column_that_was_taken_back_can_be_deployed_again(stack: Deployment) -> None:
    assert "BRAND" in schema(stack, "Items")  # the service takes none away

    stack.deploy(partial(SchemasStack, is_float=True, may_replace=True, columns=1))

    assert "BRAND" in schema(stack, "Items")
    assert schemas(stack) == 2


def test_what_a_roll_back_left_goes_with_the_stack(stack: Deployment) -> None:
    with pytest.raises(DeploymentError):
        stack.deploy(partial(SchemasStack, is_float=True, columns=2, is_broken=True))
    assert schemas(stack) == 3

    stack.destroy()

    assert leftovers(stack.aws) == []
