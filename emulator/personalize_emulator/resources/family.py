"""What the families of resources have in common: names, states, pages, and how jobs change them."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Sequence
from typing import Any, ClassVar, NoReturn

from personalize_emulator.backend import Backend
from personalize_emulator.caller import Caller
from personalize_emulator.errors import (
    InvalidInputError,
    InvalidNextTokenError,
    LimitExceededError,
    ResourceAlreadyExistsError,
    ResourceInUseError,
    ResourceNotFoundError,
)
from personalize_emulator.jobs import Job, Outcome
from personalize_emulator.resources.tags import add_tags
from personalize_emulator.store import Document, Resource

_log = logging.getLogger(__name__)

_PAGE = 100

_SETTLED = frozenset(
    {"ACTIVE", "INACTIVE", "CREATE FAILED", "CREATE STOPPED", "COMPLETED", "FAILED"}
)


def is_settled(status: str) -> bool:
    """Tell whether a resource of this status waits for nothing, so that it can be deleted."""
    return status in _SETTLED


class ResourceFamily:
    """The resources of one kind: their operations, and how jobs change them.

    A family has a method for each of its operations, by the operation's name in Python; that is all
    it takes to answer one.
    """

    kind: ClassVar[str]
    """The kind, which is also how the resource part of an ARN begins."""

    create_seconds: ClassVar[float] = 30.0
    """How long a creation lasts, by the emulated clock."""

    update_seconds: ClassVar[float] = 60.0
    """How long an update lasts."""

    delete_seconds: ClassVar[float] = 30.0
    """How long a deletion lasts."""

    pending: ClassVar[str] = "CREATE PENDING"
    """The status of a resource whose creation has not begun."""

    latest_update: ClassVar[str] = ""
    """The member of the document that shows how the latest update gets on."""

    repeated: ClassVar[frozenset[str]] = frozenset()
    """What the clock has done again and again, behind the status; see `repeat`."""

    def __init__(self, backend: Backend) -> None:
        """Stand on the shared parts."""
        self._backend = backend
        self._store = backend.store
        self._jobs = backend.jobs
        self._quotas = backend.quotas

    # Jobs

    def begin(self, job: Job) -> None:
        """Mark the resource as being worked on."""
        if job.action in self.repeated:
            return
        if job.action == "update":
            self._change_update(job.arn, status="CREATE IN_PROGRESS")
        else:
            self._change(job.arn, status=f"{job.action.upper()} IN_PROGRESS")

    def work(self, job: Job) -> Outcome | None:
        """Do the real work of a job; most families have none."""
        return None

    def finish(self, job: Job) -> None:
        """Mark the resource as done."""
        if job.action in self.repeated:
            self.repeat(job)
        elif job.action == "update":
            self._change_update(job.arn, status="ACTIVE")
        elif job.action == "delete":
            self._remove(job.arn)
        else:
            self._change(job.arn, status="ACTIVE")

    def fail(self, job: Job, reason: str) -> None:
        """Mark the resource as failed; what is repeated changes nothing then."""
        if job.action in self.repeated:
            _log.warning("%s of %s failed: %s", job.action, job.arn, reason)
            self.repeat(job)
        elif job.action == "update":
            self._change_update(job.arn, status="CREATE FAILED", failureReason=reason)
        else:
            self._change(job.arn, status="CREATE FAILED", failureReason=reason)

    def repeat(self, job: Job) -> None:
        """See to it that a repeated job is done again, at its time."""
        raise NotImplementedError

    # What operations are made of

    def _create(
        self,
        arn: str,
        document: Document,
        caller: Caller,
        *,
        name: str,
        group: str | None = None,
        parent: str | None = None,
        tags: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Add a resource that a job then makes ACTIVE.

        Args:
            arn: The ARN.
            document: What the service would describe, but for status and dates.
            caller: Who it belongs to.
            name: The name.
            group: The dataset group that it belongs to.
            parent: What it hangs on and is listed by. (default: the group)
            tags: The tags that the request gives it.
        """
        now = self._backend.now()
        document = {
            **document,
            "status": self.pending,
            "creationDateTime": now,
            "lastUpdatedDateTime": now,
        }
        self._add(Resource(arn, self.kind, caller, name, document, group, parent or group), tags)
        self._jobs.submit(arn, "create", self.create_seconds)

    def _add(self, resource: Resource, tags: Sequence[dict[str, Any]] = ()) -> None:
        """Add a resource as it is; its ARN must be new."""
        if self._store.get(resource.arn) is not None:
            msg = f"Another resource with Arn {resource.arn} already exists."
            raise ResourceAlreadyExistsError(msg)
        self._store.add(resource)
        add_tags(self._store, resource.arn, tags, self._quotas.tags)

    def _update(
        self, resource: Resource, update: Document, *, seconds: float | None = None
    ) -> None:
        """Begin an update, which shows apart until it is done.

        Args:
            resource: What to update.
            update: What will hold then.
            seconds: How long it lasts, by the emulated clock. (default: `update_seconds`)

        Raises:
            ResourceInUseError: An update is under way.
        """
        self._require_updated(resource)
        now = self._backend.now()
        resource.document[self.latest_update] = {
            **update,
            "status": "CREATE PENDING",
            "creationDateTime": now,
            "lastUpdatedDateTime": now,
        }
        self._store.save(resource)
        lasts = self.update_seconds if seconds is None else seconds
        self._jobs.submit(resource.arn, "update", lasts)

    def _delete(self, resource: Resource) -> None:
        """Begin a deletion.

        Raises:
            ResourceInUseError: The resource is in no settled state.
        """
        if not is_settled(resource.status):
            msg = f"{resource.arn} is {resource.status}; it can be deleted once that is over."
            raise ResourceInUseError(msg)
        self._require_updated(resource)
        self._change(resource.arn, status="DELETE PENDING")
        self._jobs.submit(resource.arn, "delete", self.delete_seconds)

    def _get(self, arn: str, caller: Caller, *, kind: str | None = None) -> Resource:
        """Return the resource of an ARN.

        Args:
            arn: The ARN.
            caller: Who asks; the resources of others do not exist.
            kind: What it must be. (default: a resource of this family)

        Raises:
            InvalidInputError: The ARN is that of another kind of resource.
            ResourceNotFoundError: There is none.
        """
        kind = kind or self.kind
        resource = self._store.get(arn)
        if resource is not None and resource.caller == caller and resource.kind == kind:
            return resource
        segment = arn.split(":", 5)[5].partition("/")[0]
        if segment != ("solution" if kind == "solution-version" else kind):
            msg = f"The ARN {arn} is not that of a {kind.replace('-', ' ')}."
            raise InvalidInputError(msg)
        raise ResourceNotFoundError(arn)

    def _get_active(self, arn: str, caller: Caller, *, kind: str) -> Resource:
        """Return a resource that something is about to be built on.

        Raises:
            ResourceInUseError: It is not ACTIVE yet, or no longer.
            InvalidInputError: Its creation failed.
        """
        resource = self._get(arn, caller, kind=kind)
        if resource.status == "ACTIVE":
            return resource
        msg = f"{arn} is {resource.status}; it must be ACTIVE."
        if is_settled(resource.status):
            raise InvalidInputError(msg)
        raise ResourceInUseError(msg)

    def _page(
        self, request: Document, caller: Caller, member: str, *, parent: str | None = None
    ) -> Document:
        """Return a page of the resources of this family, oldest first.

        Args:
            request: The request, with its `maxResults` and `nextToken`.
            caller: Who asks.
            member: The member of the answer that holds the list.
            parent: Those that hang on this ARN alone.

        Raises:
            InvalidNextTokenError: The token is not from such a list.
        """
        found = self._store.find(self.kind, caller=caller, parent=parent)
        return self._page_of(list(found), request, member, parent or "")

    def _page_of(
        self, resources: Sequence[Resource], request: Document, member: str, of: str
    ) -> Document:
        """Return a page of these resources; `of` tells the lists of the family apart."""
        listing = f"{self.kind} {of}"
        after = _number_of(request["nextToken"], listing) if "nextToken" in request else 0
        size = request.get("maxResults", _PAGE)
        rest = [resource for resource in resources if resource.number > after]
        answer: Document = {member: [resource.document for resource in rest[:size]]}
        if len(rest) > size:
            answer["nextToken"] = _token_of(rest[size - 1].number, listing)
        return answer

    def _require_none(
        self, kind: str, why: str, *, group: str | None = None, parent: str | None = None
    ) -> None:
        """Refuse while there are resources of a kind in a group, or on a parent.

        Args:
            kind: What must not be there.
            why: What they are in the way of.
            group: The dataset group that they belong to.
            parent: What they hang on.

        Raises:
            ResourceInUseError: There is one.
        """
        for resource in self._store.find(kind, group=group, parent=parent):
            self._refuse(why, resource)

    def _require_settled(
        self, kind: str, why: str, *, group: str | None = None, parent: str | None = None
    ) -> None:
        """Refuse while such resources are in the making, or being deleted; see `_require_none`."""
        for resource in self._store.find(kind, group=group, parent=parent):
            if not is_settled(resource.status):
                self._refuse(why, resource)

    @staticmethod
    def _refuse(why: str, resource: Resource) -> NoReturn:
        msg = f"{why} {resource.arn}, which is {resource.status}."
        raise ResourceInUseError(msg)

    def _require_updated(self, resource: Resource) -> None:
        update = resource.document.get(self.latest_update)
        if update is not None and not is_settled(update["status"]):
            msg = f"An update of {resource.arn} is under way."
            raise ResourceInUseError(msg)

    def _require_role(self, role_arn: str, caller: Caller) -> None:
        """Refuse a role that the service cannot use.

        How the service refuses one is not documented; here it is as for any other bad value.

        Raises:
            InvalidInputError: There is something wrong with it.
        """
        finding = self._backend.roles.finding(role_arn, caller)
        if finding is not None:
            msg = f"{finding}."
            raise InvalidInputError(msg)

    def _require_room(self, quota: int | None, used: int, what: str) -> None:
        """Refuse one more than a quota allows.

        Raises:
            LimitExceededError: The quota is used up.
        """
        if quota is not None and used >= quota:
            msg = f"You have reached the limit of {quota} {what}."
            raise LimitExceededError(msg)

    def _count(self, caller: Caller, *, group: str | None = None, pending: bool = False) -> int:
        """Count the resources of this family, those alone that are in the making if wanted."""
        return sum(
            not pending or not is_settled(resource.status)
            for resource in self._store.find(self.kind, caller=caller, group=group)
        )

    def _change(self, arn: str, **changes: object) -> None:
        """Change the document of a resource."""
        resource = self._existing(arn)
        resource.document.update(changes, lastUpdatedDateTime=self._backend.now())
        self._store.save(resource)

    def _change_update(self, arn: str, **changes: object) -> None:
        """Change the part of the document that shows the latest update."""
        resource = self._existing(arn)
        resource.document[self.latest_update].update(
            changes, lastUpdatedDateTime=self._backend.now()
        )
        self._store.save(resource)

    def _existing(self, arn: str) -> Resource:
        """Return a resource that is known to be there: jobs are done for no other."""
        resource = self._store.get(arn)
        if resource is None:
            raise ResourceNotFoundError(arn)
        return resource

    def _remove(self, arn: str) -> None:
        """Remove a resource when its deletion is done."""
        self._store.remove(arn)


def _token_of(number: int, listing: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([listing, number]).encode()).decode()


def _number_of(token: str, listing: str) -> int:
    try:
        of, number = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise InvalidNextTokenError from None
    if of != listing or not isinstance(number, int):
        raise InvalidNextTokenError
    return number
