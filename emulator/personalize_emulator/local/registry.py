"""The ``AWS::Personalize::*`` types, as CloudFormation's registry describes them.

What the service checks itself is not said twice here: constraints are those alone in which
CloudFormation is stricter than the API. A test holds all of it against the registry's own schemas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_TRUTHS = {"true": True, "false": False}
_KINDS = {"string": "String", "integer": "Integer", "number": "Number", "boolean": "Boolean"}


def _text(given: object) -> str:
    if isinstance(given, (Mapping, list)):
        raise TypeError
    return str(given).lower() if isinstance(given, bool) else str(given)


_SCALARS: Mapping[str, Callable[[Any], object]] = {
    "boolean": lambda given: _TRUTHS[str(given).lower()],
    "integer": int,
    "number": float,
    "string": _text,
}


@dataclass(frozen=True)
class Property:
    """One property, or a part of one.

    Attributes:
        type: Its type in JSON schema.
        properties: Those of a structure, by name.
        required: Those of a structure that must be given.
        item: What a list is made of.
        value: What a map has under keys of the user's own.
        enum: The only values that it has. (default: any)
        max_length: How long a string may be. (default: as long as the service takes)
    """

    type: str = "string"
    properties: Mapping[str, Property] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    item: Property | None = None
    value: Property | None = None
    enum: tuple[str, ...] = ()
    max_length: int | None = None

    def findings(self, given: Any, path: str = "#") -> Iterator[str]:  # noqa: ANN401 - JSON
        """Yield what is wrong with a value, in the words of CloudFormation.

        Args:
            given: The value in the template, resolved.
            path: Where it is.
        """
        if self.properties:
            yield from self._findings_of_structure(given, path)
        elif self.item is not None:
            for number, entry in enumerate(given if isinstance(given, list) else [given]):
                yield from self.item.findings(entry, f"{path}/{number}")
        elif self.value is not None and isinstance(given, Mapping):
            for name, entry in given.items():
                yield from self.value.findings(entry, f"{path}/{name}")
        elif self.value is not None:
            yield f"{path}: expected type: JSONObject, found: {type(given).__name__}"
        else:
            yield from self._findings_of_scalar(given, path)

    def _findings_of_structure(self, given: Any, path: str) -> Iterator[str]:  # noqa: ANN401
        if not isinstance(given, Mapping):
            yield f"{path}: expected type: JSONObject, found: {type(given).__name__}"
            return
        for name in sorted(self.required - {*given}):
            yield f"{path}: required key [{name}] not found"
        for name, value in given.items():
            if name in self.properties:
                yield from self.properties[name].findings(value, f"{path}/{name}")
            else:
                yield f"{path}: extraneous key [{name}] is not permitted"

    def _findings_of_scalar(self, given: Any, path: str) -> Iterator[str]:  # noqa: ANN401
        try:
            value = self.converted(given)
        except (KeyError, TypeError, ValueError):
            yield f"{path}: expected type: {_KINDS[self.type]}, found: {type(given).__name__}"
            return
        if self.enum and value not in self.enum:
            yield f"{path}: #: {value} is not a valid enum value"
        if self.max_length is not None and len(str(value)) > self.max_length:
            yield f"{path}: expected maxLength: {self.max_length}, actual: {len(str(value))}"

    def converted(self, given: Any) -> Any:  # noqa: ANN401
        """Return a value as the API has it: names in camelCase, numbers and booleans as such.

        Args:
            given: The value in the template; its parameters and conditions make strings of all.

        Raises:
            KeyError: It is no boolean.
            TypeError: It is a list or a map.
            ValueError: It is no number.
        """
        if self.properties:
            return {camel(name): self.properties[name].converted(v) for name, v in given.items()}
        if self.item is not None:
            return [self.item.converted(entry) for entry in given]
        if self.value is not None:
            return {name: self.value.converted(entry) for name, entry in given.items()}
        return _SCALARS[self.type](given)


@dataclass(frozen=True)
class ResourceType:
    """One type of the registry.

    Attributes:
        noun: Its name, the same in the registry and in the API's operations.
        shape: Its properties.
        create_only: Properties whose change replaces the resource.
        attributes: Attributes besides the ARN.
        updates: Properties that an ``Update*`` operation changes.
        upper_case: Properties of the entries of a list, by the list, that read back in upper case.
        has_status: Whether it is created and deleted in the background.
        deleted_first: Whether a replacement begins with the deletion of what is replaced.
    """

    noun: str
    shape: Property
    create_only: frozenset[str]
    attributes: frozenset[str] = frozenset()
    updates: frozenset[str] = frozenset()
    upper_case: Mapping[str, frozenset[str]] = field(default_factory=dict)
    has_status: bool = True
    deleted_first: bool = False

    @property
    def name(self) -> str:
        """Name of the type."""
        return f"AWS::Personalize::{self.noun}"

    @property
    def member(self) -> str:
        """Member of a description that has the resource."""
        return camel(self.noun)

    @property
    def arn(self) -> str:
        """Member of requests and answers that has its ARN."""
        return f"{self.member}Arn"


def camel(name: str) -> str:
    """The name that a property has in the API."""
    return name[:1].lower() + name[1:]


def _structure(*required: str, **properties: Property) -> Property:
    return Property("object", properties=properties, required=frozenset(required))


def _list(item: Property) -> Property:
    return Property("array", item=item)


def _map(value: Property) -> Property:
    return Property("object", value=value)


_TEXT = Property()
_INTEGER = Property("integer")
_NUMBER = Property("number")
_BOOLEAN = Property("boolean")
_DOMAIN = Property(enum=("ECOMMERCE", "VIDEO_ON_DEMAND"))
_TAGS = _list(_structure("Key", "Value", Key=_TEXT, Value=_TEXT))
_DATES = frozenset({"CreationDateTime", "LastUpdatedDateTime"})

_SOLUTION_CONFIG = _structure(
    AlgorithmHyperParameters=_map(_TEXT),
    AutoMLConfig=_structure(MetricName=_TEXT, RecipeList=_list(_TEXT)),
    EventValueThreshold=_TEXT,
    FeatureTransformationParameters=_map(_TEXT),
    HpoConfig=_structure(
        AlgorithmHyperParameterRanges=_structure(
            CategoricalHyperParameterRanges=_list(_structure(Name=_TEXT, Values=_list(_TEXT))),
            ContinuousHyperParameterRanges=_list(
                _structure(Name=_TEXT, MinValue=_NUMBER, MaxValue=_NUMBER)
            ),
            IntegerHyperParameterRanges=_list(
                _structure(Name=_TEXT, MinValue=_INTEGER, MaxValue=_INTEGER)
            ),
        ),
        HpoObjective=_structure(
            MetricName=_TEXT, MetricRegex=_TEXT, Type=Property(enum=("Maximize", "Minimize"))
        ),
        HpoResourceConfig=_structure(MaxNumberOfTrainingJobs=_TEXT, MaxParallelTrainingJobs=_TEXT),
    ),
)

_CAMPAIGN_CONFIG = _structure(
    EnableMetadataWithRecommendations=_BOOLEAN,
    ItemExplorationConfig=_map(_TEXT),
    RankingInfluence=_map(_NUMBER),
    SyncWithLatestSolutionVersion=_BOOLEAN,
)

TYPES = (
    ResourceType(
        "Schema",
        # The API takes 20,000 characters, and no tags; those of a template come to nothing.
        _structure(
            "Name",
            "Schema",
            Name=_TEXT,
            Schema=Property(max_length=10_000),
            Domain=_DOMAIN,
            Tags=_TAGS,
        ),
        create_only=frozenset({"Name", "Schema", "Domain", "Tags"}),
        has_status=False,
    ),
    ResourceType(
        "DatasetGroup",
        _structure("Name", Name=_TEXT, RoleArn=_TEXT, KmsKeyArn=_TEXT, Domain=_DOMAIN, Tags=_TAGS),
        create_only=frozenset({"Name", "RoleArn", "KmsKeyArn", "Domain", "Tags"}),
    ),
    ResourceType(
        "Dataset",
        _structure(
            *("Name", "DatasetType", "DatasetGroupArn", "SchemaArn"),
            Name=_TEXT,
            DatasetType=Property(enum=("Interactions", "Items", "Users")),
            DatasetGroupArn=_TEXT,
            SchemaArn=_TEXT,
            DatasetImportJob=_structure(
                DatasetImportJobArn=_TEXT,
                DatasetArn=_TEXT,
                JobName=_TEXT,
                DataSource=_structure(DataLocation=_TEXT),
                RoleArn=_TEXT,
            ),
            Tags=_TAGS,
        ),
        create_only=frozenset({"Name", "DatasetType", "DatasetGroupArn", "SchemaArn", "Tags"}),
        deleted_first=True,
    ),
    ResourceType(
        "Solution",
        _structure(
            *("Name", "DatasetGroupArn"),
            Name=_TEXT,
            DatasetGroupArn=_TEXT,
            RecipeArn=_TEXT,
            EventType=_TEXT,
            PerformAutoML=_BOOLEAN,
            PerformHPO=_BOOLEAN,
            SolutionConfig=_SOLUTION_CONFIG,
            Tags=_TAGS,
        ),
        create_only=frozenset(
            {
                "Name",
                "DatasetGroupArn",
                "RecipeArn",
                "EventType",
                "PerformAutoML",
                "PerformHPO",
                "SolutionConfig",
                "Tags",
            }
        ),
    ),
    ResourceType(
        "EventTracker",
        _structure("Name", "DatasetGroupArn", Name=_TEXT, DatasetGroupArn=_TEXT, Tags=_TAGS),
        create_only=frozenset({"Name", "DatasetGroupArn"}),
        attributes=frozenset({"TrackingId"}),
    ),
    ResourceType(
        "Filter",
        _structure(
            *("Name", "DatasetGroupArn", "FilterExpression"),
            Name=_TEXT,
            DatasetGroupArn=_TEXT,
            FilterExpression=_TEXT,
            Tags=_TAGS,
        ),
        create_only=frozenset({"Name", "DatasetGroupArn", "FilterExpression"}),
        attributes=_DATES | {"Status"},
    ),
    ResourceType(
        "Campaign",
        _structure(
            *("Name", "SolutionVersionArn"),
            Name=_TEXT,
            SolutionVersionArn=_TEXT,
            MinProvisionedTPS=_INTEGER,
            CampaignConfig=_CAMPAIGN_CONFIG,
            Tags=_TAGS,
        ),
        create_only=frozenset({"Name"}),
        attributes=_DATES | {"Status"},
        updates=frozenset({"SolutionVersionArn", "MinProvisionedTPS", "CampaignConfig"}),
    ),
    ResourceType(
        "MetricAttribution",
        _structure(
            *("Name", "DatasetGroupArn", "Metrics", "MetricsOutputConfig"),
            Name=_TEXT,
            DatasetGroupArn=_TEXT,
            Metrics=_list(
                _structure(
                    *("EventType", "MetricName", "Expression"),
                    EventType=_TEXT,
                    MetricName=_TEXT,
                    Expression=_TEXT,
                )
            ),
            MetricsOutputConfig=_structure(
                "RoleArn",
                RoleArn=_TEXT,
                S3DataDestination=_structure("Path", Path=_TEXT, KmsKeyArn=_TEXT),
            ),
        ),
        create_only=frozenset({"Name", "DatasetGroupArn", "Metrics"}),
        attributes=frozenset({"Status"}),
        updates=frozenset({"MetricsOutputConfig"}),
        # The registry's `propertyTransform`: what is read back is in upper case, so it is kept so.
        upper_case={"Metrics": frozenset({"EventType", "MetricName"})},
    ),
)
