"""The errors of the service: what a client sees, and what fails a job."""

from __future__ import annotations


class ServiceError(Exception):
    """An error that the service answers with.

    The HTTP status is that of JSON 1.1, where every modelled error is a 400; for the REST services
    the dispatcher reads the status from the service model.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Answer with the error of this name."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class InvalidInputError(ServiceError):
    """The request is of the right shape and makes no sense, or is of the wrong shape."""

    def __init__(self, message: str) -> None:
        """Say what is wrong with the request."""
        super().__init__("InvalidInputException", message)


class SerializationError(ServiceError):
    """The body is no JSON, or a value in it is of the wrong type."""

    def __init__(self, message: str) -> None:
        """Say which value cannot be read."""
        super().__init__("SerializationException", message)


class UnknownOperationError(ServiceError):
    """The service has no such operation."""

    def __init__(self, status: int) -> None:
        """Answer as JSON 1.1 does (400) or as REST does (404)."""
        super().__init__("UnknownOperationException", "", status)


class ThrottlingError(ServiceError):
    """There were more requests than the rates allow."""

    def __init__(self, status: int) -> None:
        """Answer as JSON 1.1 does (400) or as REST does (429)."""
        super().__init__("ThrottlingException", "Rate exceeded", status)


class NotEmulatedError(ServiceError):
    """The service has it, the emulator has not."""

    def __init__(self, what: str) -> None:
        """Name what is missing."""
        message = f"{what} is a part of Amazon Personalize that the emulator does not have yet."
        super().__init__("NotImplementedException", message, 501)


class InvalidNextTokenError(ServiceError):
    """A page was asked for with a token that this list never gave."""

    def __init__(self) -> None:
        """Refuse the token."""
        super().__init__("InvalidNextTokenException", "The provided next token is invalid.")


class ResourceNotFoundError(ServiceError):
    """What the request names is not there."""

    def __init__(self, what: str) -> None:
        """Name what is missing: an ARN, or a sentence that ends in one."""
        super().__init__("ResourceNotFoundException", f"Resource {what} does not exist.")


class ResourceAlreadyExistsError(ServiceError):
    """The name is taken, or the group has its only one already."""

    def __init__(self, message: str) -> None:
        """Say which resource is in the way."""
        super().__init__("ResourceAlreadyExistsException", message)


class ResourceInUseError(ServiceError):
    """The resource is in no state for this, or others rest on it."""

    def __init__(self, message: str) -> None:
        """Say who holds the resource."""
        super().__init__("ResourceInUseException", message)


class LimitExceededError(ServiceError):
    """A quota is used up."""

    def __init__(self, message: str) -> None:
        """Say which quota."""
        super().__init__("LimitExceededException", message)


class JobFailedError(Exception):
    """The work of a job failed: its resource becomes CREATE FAILED, for this reason."""


class StateFileError(Exception):
    """The state file cannot be used."""
