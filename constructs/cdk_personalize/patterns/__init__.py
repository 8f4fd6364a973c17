"""What the resources of Amazon Personalize are put together to do.

The names below are loaded when they are first used, as those of `cdk_personalize` are.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_personalize.patterns.api_access import ApiAccess
    from cdk_personalize.patterns.api_endpoint import (
        Cors,
        CustomDomain,
        HttpEndpoint,
        RestEndpoint,
        Throttle,
        WebAcl,
    )
    from cdk_personalize.patterns.api_routes import (
        ApiRoute,
        Caching,
        Experiment,
        Fallback,
        RouteOptions,
    )
    from cdk_personalize.patterns.content_delivery import ContentDelivery
    from cdk_personalize.patterns.data_store import DataStore
    from cdk_personalize.patterns.event_archive import EventArchive
    from cdk_personalize.patterns.event_ingestion import EventIngestion
    from cdk_personalize.patterns.event_source import EventSourceOptions, KafkaTopic
    from cdk_personalize.patterns.item_metadata import ItemMetadata
    from cdk_personalize.patterns.recommendation_api import RecommendationApi
    from cdk_personalize.patterns.recommendation_service import (
        ApiOptions,
        ExistingResources,
        Model,
        RecommendationService,
    )
    from cdk_personalize.patterns.request_context import RequestContext
    from cdk_personalize.patterns.training_pipeline import TrainingPipeline

__all__ = [
    "ApiAccess",
    "ApiOptions",
    "ApiRoute",
    "Caching",
    "ContentDelivery",
    "Cors",
    "CustomDomain",
    "DataStore",
    "EventArchive",
    "EventIngestion",
    "EventSourceOptions",
    "ExistingResources",
    "Experiment",
    "Fallback",
    "HttpEndpoint",
    "ItemMetadata",
    "KafkaTopic",
    "Model",
    "RecommendationApi",
    "RecommendationService",
    "RequestContext",
    "RestEndpoint",
    "RouteOptions",
    "Throttle",
    "TrainingPipeline",
    "WebAcl",
]

_MODULES = {
    "api_access": ("ApiAccess",),
    "api_endpoint": (
        "Cors",
        "CustomDomain",
        "HttpEndpoint",
        "RestEndpoint",
        "Throttle",
        "WebAcl",
    ),
    "api_routes": ("ApiRoute", "Caching", "Experiment", "Fallback", "RouteOptions"),
    "content_delivery": ("ContentDelivery",),
    "data_store": ("DataStore",),
    "event_archive": ("EventArchive",),
    "event_ingestion": ("EventIngestion",),
    "event_source": ("EventSourceOptions", "KafkaTopic"),
    "item_metadata": ("ItemMetadata",),
    "recommendation_api": ("RecommendationApi",),
    "recommendation_service": ("ApiOptions", "ExistingResources", "Model", "RecommendationService"),
    "request_context": ("RequestContext",),
    "training_pipeline": ("TrainingPipeline",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """Load the module of a public name (PEP 562)."""
    if name not in _MODULE_OF:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value: object = getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
