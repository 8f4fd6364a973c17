"""IAM in front of Amazon Personalize, by MiniStack's own evaluator; only with ``AUTH=true``.

MiniStack authenticates every request and looks the action up in its table, in which Amazon
Personalize is not. What follows here is the same question, asked for everything that a request
does. A state machine calls with its role; CloudFormation, which here acts for nobody, unasked.
"""

from __future__ import annotations

import contextvars
import hashlib
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.services import sts

from personalize_emulator.caller import Caller
from personalize_emulator.errors import ServiceError
from personalize_emulator.objects import Credentials
from personalize_emulator.permissions import Permission, permissions
from personalize_emulator.service_model import Operation
from personalize_emulator.store import Store

_NAME = "personalize"
_LOOPBACK = "127.0.0.1"


def install() -> None:
    """Ask IAM as AWS does where MiniStack asks differently.

    What stays on this machine is secure transport: the CDK's buckets refuse what comes without
    TLS. Local AWS listens on the loopback interface alone, where nobody listens in, and TLS would
    ask every client for a certificate authority. And who may send a message may send ten of them.
    """
    app.pin_request_origin = _loopback_is_secure(app.pin_request_origin)
    iam_actions.extract_iam_action = _of_single_messages(iam_actions.extract_iam_action)
    sts.register_session = _one_at_a_time(sts.register_session)


def _loopback_is_secure(pin: Callable[[str, bool], None]) -> Callable[[str, bool], None]:
    def pin_origin(source_ip: str, secure_transport: bool) -> None:
        pin(source_ip, secure_transport or source_ip == _LOOPBACK)

    return pin_origin


def _of_single_messages(action_of: Callable[..., str | None]) -> Callable[..., str | None]:
    """SQS has no actions for its batch operations (Service Authorization Reference)."""

    def single_action_of(service: str, *request: Any) -> str | None:  # noqa: ANN401
        action = action_of(service, *request)
        return action.removesuffix("Batch") if action and service == "sqs" else action

    return single_action_of


def _one_at_a_time(register: Callable[[str, dict[str, Any]], None]) -> Callable[..., None]:
    """It looks through all sessions, while the thread of another execution may add one."""
    lock = threading.Lock()

    def register_alone(access_key: str, session: dict[str, Any]) -> None:
        with lock:
            register(access_key, session)

    return register_alone


def credentials_of(role_arn: str, session_name: str) -> Credentials:
    """Assume a role on behalf of a service of this AWS.

    Args:
        role_arn: The role; one that does not exist may do nothing.
        session_name: What its principal ends with.
    """
    account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    key, secret, token = (
        hashlib.sha256(f"{use} {role_arn} {session_name}".encode()).hexdigest()
        for use in ("key", "secret", "token")
    )
    credentials = Credentials(f"ASIA{key[:16].upper()}", secret, token)
    sts.register_session(
        credentials.access_key_id,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session_name}",
            "UserId": f"{name}:{session_name}",
            "SecretAccessKey": credentials.secret_access_key,
            "SessionToken": credentials.session_token,
        },
    )
    return credentials


# The access key of the role that the running state machine has.
_calling_role: contextvars.ContextVar[str] = contextvars.ContextVar("calling_role", default="")


def call_as(role_arn: str) -> None:
    """Remember whose role the calls of this thread are made with, from now on."""
    if app.AUTH:
        _calling_role.set(credentials_of(role_arn, "StepFunctions").access_key_id)


def calling_role() -> str:
    """The access key of the role that the calls of this thread are made with."""
    return _calling_role.get()


class Authorization:
    """Asks IAM whether a caller may do what a request does."""

    def __init__(self, access_key_id: str, headers: Mapping[str, str], store: Store) -> None:
        """Ask for one caller.

        Args:
            access_key_id: The access key that the request is signed with.
            headers: The headers of the request.
            store: Where the tags of resources are.
        """
        self._access_key_id = access_key_id
        self._headers = headers
        self._store = store

    def __call__(self, operation: Operation, request: Mapping[str, Any], caller: Caller) -> None:
        """Refuse a request that IAM does not allow.

        Args:
            operation: What is asked for.
            request: The parsed body.
            caller: Who asks.

        Raises:
            ServiceError: Something that the request does is not allowed, or the caller is unknown.
        """
        # JSON 1.1 has 400 for every error, REST the status of HTTP.
        rest = operation.protocol == "rest-json"
        status = HTTPStatus.FORBIDDEN if rest else HTTPStatus.BAD_REQUEST
        for permission in permissions(operation, request, caller):
            self._require(permission, caller, status)

    def _require(self, permission: Permission, caller: Caller, status: int) -> None:
        denied = iam_evaluator.enforce(
            self._access_key_id,
            permission.action,
            _NAME,
            caller.region,
            resource_arn=permission.resource,
            service_context={**self._tags(permission.resource), **permission.context},
        )
        if denied is None:
            return
        if isinstance(denied, iam_evaluator.AuthError):
            code, status, message = iam_actions._auth_failure(
                _NAME, denied.code, denied.message, dict(self._headers)
            )
            raise ServiceError(code, message, status)
        message = iam_actions.identity_denial_message(
            permission.action, denied.principal_arn, permission.resource, denied.decision == "Deny"
        )
        code = "AccessDeniedException"
        raise ServiceError(code, message, status)

    def _tags(self, arn: str) -> dict[str, str]:
        rows = self._store.execute("SELECT key, value FROM tags WHERE arn = ?", (arn,))
        return {f"aws:ResourceTag/{key}": value for key, value in rows}
