"""The columns that Amazon Personalize knows: their types, and the tables of the developer guide.

The tables are those of the pages "Custom datasets and schemas", "ECOMMERCE datasets and schemas",
"VIDEO_ON_DEMAND datasets and schemas" (custom-datasets-and-schemas, ECOMMERCE-..., VIDEO-ON-...)
and, for the numbers of columns, "Amazon Personalize endpoints and quotas" (limits).
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self, get_args

FieldType = Literal["string", "long", "int", "float", "double", "boolean"]

FIELD_TYPES: tuple[str, ...] = get_args(FieldType)
NUMERIC_TYPES = frozenset({"long", "int", "float", "double"})

_ATTRIBUTES = ("categorical", "textual", "itemName")


class DatasetType(StrEnum):
    """A kind of data set; a dataset group has at most one of each."""

    INTERACTIONS = "Interactions"
    ITEMS = "Items"
    USERS = "Users"
    ACTIONS = "Actions"
    ACTION_INTERACTIONS = "Action_Interactions"

    @property
    def record_name(self) -> str:
        """The name of the Avro record that describes such a data set."""
        return self.value.replace("_", "")

    @property
    def arn_segment(self) -> str:
        """The last part of the ARN of such a data set."""
        return self.value.upper()

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the type that `text` names, in any case, as the service reads it.

        Raises:
            ValueError: If there is no such type.
        """
        for member in cls:
            if text.lower() in {member.value.lower(), member.record_name.lower()}:
                return member
        msg = f"a dataset type must be one of {', '.join(cls)}, got {text!r}"
        raise ValueError(msg)


class Domain(StrEnum):
    """A domain with ready-made use cases; its data sets need more columns."""

    ECOMMERCE = "ECOMMERCE"
    VIDEO_ON_DEMAND = "VIDEO_ON_DEMAND"


@dataclass(frozen=True, slots=True)
class SchemaField:
    """One column of a data set.

    Example:
        ```python
        SchemaField.string("CATEGORY_L1", categorical=True, nullable=True)
        ```
    """

    name: str
    type: FieldType
    nullable: bool = False
    categorical: bool = False
    textual: bool = False
    item_name: bool = False

    @classmethod
    def string(
        cls,
        name: str,
        *,
        nullable: bool = False,
        categorical: bool = False,
        textual: bool = False,
        item_name: bool = False,
    ) -> Self:
        """Return a column of text.

        Args:
            name: The name of the column.
            nullable: Whether a value may be missing.
            categorical: Whether the values are categories; several are separated by `|`.
            textual: Whether the values are prose (the Items data set, one column).
            item_name: Whether the values are the names of the items (aws-semantic-similarity).
        """
        return cls(name, "string", nullable, categorical, textual, item_name)

    @classmethod
    def long(cls, name: str, *, nullable: bool = False) -> Self:
        """Return a column of whole numbers of 64 bits, as timestamps are."""
        return cls(name, "long", nullable)

    @classmethod
    def int(cls, name: str, *, nullable: bool = False) -> Self:
        """Return a column of whole numbers of 32 bits."""
        return cls(name, "int", nullable)

    @classmethod
    def float(cls, name: str, *, nullable: bool = False) -> Self:
        """Return a column of numbers."""
        return cls(name, "float", nullable)

    @classmethod
    def double(cls, name: str, *, nullable: bool = False) -> Self:
        """Return a column of numbers of double precision."""
        return cls(name, "double", nullable)

    @classmethod
    def boolean(cls, name: str, *, nullable: bool = False) -> Self:
        """Return a column of truth values, which neither training nor filters can use."""
        return cls(name, "boolean", nullable)

    @property
    def is_trainable_metadata(self) -> bool:
        """Whether a model can learn from the column: a number, categories or prose."""
        return self.type in NUMERIC_TYPES or self.categorical or self.textual

    def as_avro(self) -> dict[str, Any]:
        """Return the field as the Avro schema writes it."""
        field: dict[str, Any] = {
            "name": self.name,
            "type": ["null", self.type] if self.nullable else self.type,
        }
        flags = (self.categorical, self.textual, self.item_name)
        return field | {name: True for name, on in zip(_ATTRIBUTES, flags, strict=True) if on}

    @classmethod
    def from_avro(cls, field: object) -> Self:
        """Read a field of an Avro schema.

        Raises:
            ValueError: If it is none that Personalize knows.
        """
        if not isinstance(field, dict) or not isinstance(name := field.get("name"), str):
            msg = f"a field must be an object with a name, got {json.dumps(field)}"
            raise ValueError(msg)
        written = field.get("type")
        union = written if isinstance(written, list) else [written]
        types = [one for one in union if one != "null"]
        if len(types) != 1 or types[0] not in FIELD_TYPES:
            msg = (
                f"the type of {name} must be one of {', '.join(FIELD_TYPES)}, "
                f"alone or in a union with null, got {json.dumps(written)}"
            )
            raise ValueError(msg)
        for attribute in _ATTRIBUTES:
            if not isinstance(field.get(attribute, False), bool):
                msg = f"{attribute} of {name} must be true or false, got {field[attribute]!r}"
                raise ValueError(msg)
        return cls(name, types[0], "null" in union, *(field.get(a, False) for a in _ATTRIBUTES))


_string, _long, _float = SchemaField.string, SchemaField.long, SchemaField.float


def _category(name: str) -> SchemaField:
    return _string(name, nullable=True, categorical=True)


def _prose(name: str) -> SchemaField:
    return _string(name, nullable=True, textual=True)


_USER, _ITEM, _ACTION = _string("USER_ID"), _string("ITEM_ID"), _string("ACTION_ID")
_EVENT, _TIME, _CREATED = _string("EVENT_TYPE"), _long("TIMESTAMP"), _long("CREATION_TIMESTAMP")

_Fields = tuple[SchemaField, ...]

_INTERACTION_EXTRAS: _Fields = (
    _float("EVENT_VALUE", nullable=True),
    _string("IMPRESSION", nullable=True),
    _string("RECOMMENDATION_ID", nullable=True),
    _string("EVENT_ATTRIBUTION_SOURCE", nullable=True),
)

# What the guide's tables list under "required fields".
REQUIRED: dict[tuple[Domain | None, DatasetType], _Fields] = {
    (None, DatasetType.INTERACTIONS): (_USER, _ITEM, _TIME),
    (None, DatasetType.USERS): (_USER,),
    (None, DatasetType.ITEMS): (_ITEM,),
    (None, DatasetType.ACTIONS): (_ACTION,),
    (None, DatasetType.ACTION_INTERACTIONS): (_USER, _ACTION, _EVENT, _TIME),
    (Domain.ECOMMERCE, DatasetType.INTERACTIONS): (_USER, _ITEM, _TIME, _EVENT),
    (Domain.ECOMMERCE, DatasetType.USERS): (_USER,),
    (Domain.ECOMMERCE, DatasetType.ITEMS): (
        _ITEM,
        _float("PRICE"),
        _string("CATEGORY_L1", categorical=True),
    ),
    (Domain.VIDEO_ON_DEMAND, DatasetType.INTERACTIONS): (_USER, _ITEM, _TIME, _EVENT),
    (Domain.VIDEO_ON_DEMAND, DatasetType.USERS): (_USER,),
    (Domain.VIDEO_ON_DEMAND, DatasetType.ITEMS): (
        _ITEM,
        _string("GENRES", categorical=True),
        _CREATED,
    ),
}

# What they list under "reserved keywords": optional, but of this type when they are there.
RESERVED: dict[tuple[Domain | None, DatasetType], _Fields] = {
    (None, DatasetType.INTERACTIONS): (_EVENT, *_INTERACTION_EXTRAS),
    (None, DatasetType.ITEMS): (_CREATED,),
    (None, DatasetType.ACTIONS): (
        _CREATED,
        _long("VALUE", nullable=True),
        _string("TYPE", nullable=True),
        # The guide's table has the first name, the text below it the second.
        _long("EXPIRATION_TIMESTAMP", nullable=True),
        _long("ACTION_EXPIRATION_TIMESTAMP", nullable=True),
        _long("REPEAT_FREQUENCY", nullable=True),
    ),
    (None, DatasetType.ACTION_INTERACTIONS): (
        _string("IMPRESSION", nullable=True),
        _string("RECOMMENDATION_ID", nullable=True),
    ),
    (Domain.ECOMMERCE, DatasetType.INTERACTIONS): _INTERACTION_EXTRAS,
    (Domain.ECOMMERCE, DatasetType.ITEMS): (
        *map(_category, ("CATEGORY_L2", "CATEGORY_L3", "AGE_GROUP", "ADULT", "GENDER")),
        _prose("PRODUCT_DESCRIPTION"),
        _CREATED,
    ),
    (Domain.VIDEO_ON_DEMAND, DatasetType.INTERACTIONS): _INTERACTION_EXTRAS,
    (Domain.VIDEO_ON_DEMAND, DatasetType.USERS): (_category("SUBSCRIPTION_MODEL"),),
    (Domain.VIDEO_ON_DEMAND, DatasetType.ITEMS): (
        *(_float(name, nullable=True) for name in ("PRICE", "DURATION", "AVERAGE_RATING")),
        *map(_category, ("GENRE_L2", "GENRE_L3", "CONTENT_OWNER", "CONTENT_CLASSIFICATION")),
        _prose("PRODUCT_DESCRIPTION"),
    ),
}

# What a schema holds, beyond the required columns, when nobody says. The service has default
# schemas for domains only; for custom data sets these are the columns that most shops have.
DEFAULT_EXTRAS: dict[tuple[Domain | None, DatasetType], _Fields] = {
    (None, DatasetType.INTERACTIONS): (_EVENT, _float("EVENT_VALUE", nullable=True)),
    (None, DatasetType.ITEMS): (
        _float("PRICE", nullable=True),
        _category("CATEGORY_L1"),
        _CREATED,
        _prose("PRODUCT_DESCRIPTION"),
    ),
    (None, DatasetType.USERS): (_category("COUNTRY"),),
    (None, DatasetType.ACTIONS): (_long("VALUE", nullable=True), _category("MEMBERSHIP_LEVEL")),
    (Domain.ECOMMERCE, DatasetType.USERS): (_string("MEMBERSHIP_STATUS", categorical=True),),
    (Domain.VIDEO_ON_DEMAND, DatasetType.USERS): (_string("SUBSCRIPTION_MODEL", categorical=True),),
}

MAX_METADATA = {
    DatasetType.INTERACTIONS: 5,
    DatasetType.ITEMS: 100,
    DatasetType.USERS: 25,
    DatasetType.ACTIONS: 10,
    DatasetType.ACTION_INTERACTIONS: 5,
}
NEEDS_METADATA = frozenset({DatasetType.ITEMS, DatasetType.USERS, DatasetType.ACTIONS})
