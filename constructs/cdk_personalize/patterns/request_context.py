"""What the headers of a request tell a model, by itself."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, kw_only=True)
class RequestContext:
    """The contextual columns of the interactions that the headers of a request fill.

    What is left out is off, and what a request says itself (`context.DEVICE=tv`) counts. Behind
    CloudFront the headers are those that it adds; without it a client tells its time zone by
    `X-Time-Zone`, and what it runs on by its user agent. It is for models whose recipes know
    contextual metadata (developer guide, "Increasing recommendation relevance with contextual
    metadata").

    Args:
        device: The column of `mobile`, `tablet`, `desktop` or `tv`.
        country: The column of two capital letters (ISO 3166).
        time_of_day: The column of `morning` from 6, `afternoon` from 12, `evening` from 18, `night`
            from 22, where the user is.
        weekday: The column of `monday` to `sunday`, where the user is.
        season: The column of `spring`, `summer`, `autumn` or `winter`, where the user is.
    """

    device: str | None = None
    country: str | None = None
    time_of_day: str | None = None
    weekday: str | None = None
    season: str | None = None

    def as_setting(self) -> dict[str, str]:
        """Return it as the function reads it."""
        columns = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: column for name, column in columns.items() if column is not None}
