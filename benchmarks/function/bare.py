"""A handler that does nothing: what the interpreter itself takes."""


def handler(_: object, __: object) -> None:
    """Do nothing."""
