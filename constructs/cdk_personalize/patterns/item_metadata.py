"""What an answer can tell of its items besides their ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_cdk import Duration

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb

MAX_COLUMNS = 10
"""The columns that Amazon Personalize tells in an answer (DG:limits)."""
_DEFAULT_KEPT_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class ItemMetadata:
    """What the parameter `fields` of a request may ask for, and where it is from."""

    columns: Sequence[str]
    table: "dynamodb.ITable | None" = None
    key: str = "ITEM_ID"
    kept: Duration | None = None

    @classmethod
    def of_personalize(cls, *columns: str) -> "ItemMetadata":
        """Let models tell columns of the Items dataset, which some recipes do at an extra cost.

        Args:
            columns: The columns, at most ten. An answer with them has at most 50 items.

        Raises:
            ValueError: If there are none, or more than ten.
        """
        if not 1 <= len(columns) <= MAX_COLUMNS:
            msg = f"models can tell 1 to {MAX_COLUMNS} columns, got {len(columns)}"
            raise ValueError(msg)
        return cls(columns=columns)

    @classmethod
    def of_table(
        cls,
        table: "dynamodb.ITable",
        *,
        attributes: Sequence[str],
        key: str = "ITEM_ID",
        kept: Duration | None = None,
    ) -> "ItemMetadata":
        """Let a DynamoDB table tell attributes of the items; without it there are still answers.

        Args:
            table: The table. Its only key is the id of an item, a text.
            attributes: The attributes that requests may ask for.
            key: The name of the key.
            kept: How long the function remembers an item (default: 5 minutes).

        Raises:
            ValueError: If there are no attributes.
        """
        if not attributes:
            msg = "a table must tell one attribute or more, got none"
            raise ValueError(msg)
        return cls(
            columns=attributes,
            table=table,
            key=key,
            kept=kept or Duration.seconds(_DEFAULT_KEPT_SECONDS),
        )

    def table_setting(self) -> dict[str, Any] | None:
        """Return the table as the function reads it, if there is one."""
        if self.table is None or self.kept is None:
            return None
        return {
            "name": self.table.table_name,
            "key": self.key,
            "attributes": list(self.columns),
            "seconds": self.kept.to_seconds(),
        }
