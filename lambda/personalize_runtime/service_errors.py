"""What went wrong when an AWS service was called, and so what to do about it."""

from collections.abc import Mapping
from enum import StrEnum
from http.client import HTTPException

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    ParamValidationError,
    ReadTimeoutError,
)

_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500
_TOO_LARGE = 413
_REFUSED = frozenset({"InvalidInputException", "ValidationException", "SerializationException"})
_THROTTLED = frozenset(
    {"TooManyRequestsException", "RequestLimitExceeded", "ProvisionedThroughputExceededException"}
)
_BUSY = frozenset({"ResourceInUseException", "RequestTimeout", "RequestTimeoutException"})


class Trouble(StrEnum):
    """A kind of failure, by whose fault it is and whether it passes."""

    REFUSED = "refused"
    """The request is at fault: the same request would be refused again."""
    MISSING = "missing"
    """What the request is about is not there."""
    THROTTLED = "throttled"
    TIMED_OUT = "timed out"
    UNAVAILABLE = "unavailable"
    """The service is at fault, or the way to it."""
    FORBIDDEN = "forbidden"
    """The set-up is at fault: permissions, credentials, configuration."""
    UNKNOWN = "unknown"
    """The request could not be written, or its answer not be read."""

    @property
    def passes(self) -> bool:
        """Whether the same request may succeed a little later."""
        return self in {Trouble.THROTTLED, Trouble.TIMED_OUT, Trouble.UNAVAILABLE}


def trouble_of(error: Exception) -> Trouble:
    """Return the kind of failure that `error` tells of."""
    match error:
        case ClientError():
            return _answered(error)
        case ConnectTimeoutError() | ReadTimeoutError() | TimeoutError():
            return Trouble.TIMED_OUT
        case HTTPClientError() | HTTPException() | OSError():
            return Trouble.UNAVAILABLE
        case ParamValidationError():
            return Trouble.REFUSED
        case BotoCoreError():
            return Trouble.FORBIDDEN
        case _:
            return Trouble.UNAVAILABLE if _is_unreadable(error) else Trouble.UNKNOWN


def code_of(error: BaseException | None) -> str:
    """Return what to log of a failure; its message is left out, as it may quote what was sent."""
    if isinstance(error, ClientError):
        return error.response.get("Error", {}).get("Code", "")
    return type(error).__name__


def client_error(
    operation: str, code: str, message: str, status: int, headers: Mapping[str, str] | None = None
) -> ClientError:
    """Return the error that a service answered, as boto3 has it.

    Args:
        operation: The operation that was called.
        code: The code of the error.
        message: What the service says of it.
        status: The status of HTTP.
        headers: The headers of the answer.
    """
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "HTTPHeaders": dict(headers or {}),
                "HostId": "",
                "RequestId": (headers or {}).get("x-amzn-requestid", ""),
                "RetryAttempts": 0,
            },
        },
        operation,
    )


def _is_unreadable(error: Exception) -> bool:
    """Whether boto3 could not read an answer."""
    from botocore.parsers import ResponseParserError  # noqa: PLC0415, as it takes long and is rare

    return isinstance(error, ResponseParserError)


def _answered(error: ClientError) -> Trouble:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status == _TOO_MANY_REQUESTS or code in _THROTTLED or "throttl" in code.lower():
        return Trouble.THROTTLED
    if status >= _SERVER_ERROR or code in _BUSY:
        return Trouble.UNAVAILABLE
    if code == "ResourceNotFoundException":
        return Trouble.MISSING
    if status == _TOO_LARGE or code in _REFUSED:
        return Trouble.REFUSED
    return Trouble.FORBIDDEN
