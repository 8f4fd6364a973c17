"""How two schemas differ, column by column, for people to read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from resource_provider.control_plane import unless_missing
from resource_provider.listing import listed

if TYPE_CHECKING:
    from mypy_boto3_personalize import PersonalizeClient


def difference(personalize: PersonalizeClient, old_arn: str, new_arn: str) -> str:
    """Return which columns are gone, changed or new, the first of them if there are many."""
    old, new = _columns(personalize, old_arn), _columns(personalize, new_arn)
    found = [
        *(f"{name} is gone" for name in old if name not in new),
        *(
            f"{name} was {_written(column)} and is {_written(new[name])}"
            for name, column in old.items()
            if name in new and new[name] != column
        ),
        *(f"{name} is new, {_written(new[name])}" for name in new if name not in old),
    ]
    return listed(found, between="; ")


def _columns(personalize: PersonalizeClient, schema_arn: str) -> dict[str, dict[str, Any]]:
    answer = unless_missing(lambda: personalize.describe_schema(schemaArn=schema_arn))
    fields = json.loads(answer["schema"]["schema"])["fields"] if answer else []
    return {
        field["name"]: {key: value for key, value in field.items() if key != "name"}
        for field in fields
    }


def _written(column: dict[str, Any]) -> str:
    return json.dumps(column)
