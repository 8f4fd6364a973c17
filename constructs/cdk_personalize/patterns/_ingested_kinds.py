"""Where the kinds of record go that an ingestion takes, and what its function is told of it."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_iam as iam

from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.dataset import IDataset
from cdk_personalize.event_tracker import IEventTracker

_VARIABLES: Mapping[DatasetType, str] = {
    DatasetType.ITEMS: "ITEMS_DATASET_ARN",
    DatasetType.USERS: "USERS_DATASET_ARN",
    DatasetType.ACTIONS: "ACTIONS_DATASET_ARN",
    DatasetType.ACTION_INTERACTIONS: "ACTION_TRACKING_ID",
}


def environment_of(
    event_tracker: IEventTracker | None, datasets: Sequence[IDataset]
) -> dict[str, str]:
    """Return what the function is told of where each kind goes."""
    if event_tracker is None and not datasets:
        msg = "an ingestion needs an event_tracker or datasets, got neither"
        raise ValueError(msg)
    environment = {"TRACKING_ID": event_tracker.tracking_id} if event_tracker else {}
    for dataset in datasets:
        variable = _VARIABLES.get(dataset.dataset_type) if dataset.dataset_type else None
        if variable is None:
            allowed = ", ".join(_VARIABLES)
            got = dataset.dataset_type or "one whose type is not known"
            msg = f"a dataset must be of type {allowed}, got {got}: {dataset.node.path}"
            raise ValueError(msg)
        if variable in environment:
            msg = f"datasets must have one of each type, got two of {dataset.dataset_type}"
            raise ValueError(msg)
        environment[variable] = _address_of(dataset)
    return environment


def _address_of(dataset: IDataset) -> str:
    if dataset.dataset_type is not DatasetType.ACTION_INTERACTIONS:
        return dataset.dataset_arn
    if dataset.tracking_id is None:
        msg = (
            "a dataset of action interactions must be imported with its tracking_id, by"
            f" Dataset.from_dataset_attributes; got none: {dataset.node.path}"
        )
        raise ValueError(msg)
    return dataset.tracking_id


def grant_put(dataset: IDataset, grantee: iam.IGrantable) -> None:
    match dataset.dataset_type:
        case DatasetType.ITEMS:
            dataset.grant_put_items(grantee)
        case DatasetType.USERS:
            dataset.grant_put_users(grantee)
        case DatasetType.ACTIONS:
            dataset.grant_put_actions(grantee)
        case _:
            dataset.grant_put_action_interactions(grantee)
