"""Tags, on the resources that take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cdk_personalize.tag_limits import findings_of_tag
from personalize_emulator.backend import Backend
from personalize_emulator.caller import Caller
from personalize_emulator.errors import (
    InvalidInputError,
    ResourceInUseError,
    ResourceNotFoundError,
    ServiceError,
)
from personalize_emulator.store import Document, Resource, Store

TAGGABLE = frozenset(
    {
        "batch-inference-job",
        "batch-segment-job",
        "campaign",
        "data-deletion-job",
        "dataset",
        "dataset-export-job",
        "dataset-group",
        "dataset-import-job",
        "event-tracker",
        "filter",
        "recommender",
        "solution",
        "solution-version",
    }
)


class Tags:
    """The operations on tags."""

    def __init__(self, backend: Backend) -> None:
        """Stand on the shared parts."""
        self._store = backend.store
        self._quotas = backend.quotas

    def tag_resource(self, request: Document, caller: Caller) -> Document:
        """Add tags to a resource, or change their values."""
        arn = self._changeable(request["resourceArn"], caller)
        add_tags(self._store, arn, request["tags"], self._quotas.tags)
        return {}

    def untag_resource(self, request: Document, caller: Caller) -> Document:
        """Remove tags; one that is not there is removed already."""
        arn = self._changeable(request["resourceArn"], caller)
        most = self._quotas.tags
        if most is not None and len(request["tagKeys"]) > most:
            code = "TooManyTagKeysException"
            raise ServiceError(code, f"A resource has at most {most} tags to remove.")
        for key in request["tagKeys"]:
            self._store.execute("DELETE FROM tags WHERE arn = ? AND key = ?", (arn, key))
        return {}

    def list_tags_for_resource(self, request: Document, caller: Caller) -> Document:
        """List the tags of a resource."""
        arn = self._taggable(request["resourceArn"], caller).arn
        rows = self._store.execute("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (arn,))
        return {"tags": [{"tagKey": key, "tagValue": value} for key, value in rows]}

    def _changeable(self, arn: str, caller: Caller) -> str:
        resource = self._taggable(arn, caller)
        if resource.status.startswith("DELETE"):
            msg = f"{arn} is {resource.status}; its tags go with it."
            raise ResourceInUseError(msg)
        return arn

    def _taggable(self, arn: str, caller: Caller) -> Resource:
        resource = self._store.get(arn)
        if resource is None or resource.caller != caller:
            raise ResourceNotFoundError(arn)
        if resource.kind not in TAGGABLE:
            msg = f"Resources of the type of {arn} take no tags."
            raise InvalidInputError(msg)
        return resource


def add_tags(store: Store, arn: str, tags: Sequence[dict[str, Any]], quota: int | None) -> None:
    """Add tags to a resource, or change their values.

    Args:
        store: The state.
        arn: The resource.
        tags: The tags, as requests have them.
        quota: How many tags the resource may have.

    Raises:
        InvalidInputError: A key comes twice, or is one of AWS's own.
        ServiceError: There would be too many (`TooManyTagsException`).
    """
    keys = [tag["tagKey"] for tag in tags]
    if len(keys) != len(set(keys)):
        msg = "Each tag key must be given once."
        raise InvalidInputError(msg)
    for tag in tags:
        if found := findings_of_tag(tag["tagKey"], tag["tagValue"]):
            msg = f"The tags are not valid: {'; '.join(found)}."
            raise InvalidInputError(msg)
    for tag in tags:
        store.execute(
            "INSERT OR REPLACE INTO tags VALUES (?, ?, ?)", (arn, tag["tagKey"], tag["tagValue"])
        )
    ((count,),) = store.execute("SELECT count(*) FROM tags WHERE arn = ?", (arn,))
    if quota is not None and count > quota:
        code = "TooManyTagsException"
        raise ServiceError(code, f"A resource has at most {quota} tags, this would be {count}.")
