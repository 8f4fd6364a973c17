"""What is measured of the answers, as metrics in the log (CloudWatch's embedded metric format)."""

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from personalize_runtime.observability import NAMESPACE, metrics
from recommend.declarations import Route
from recommend.serving import Told

_MILLISECONDS = 1000


class Measures:
    """Tells of the answers: of all of them, and of each model's."""

    def count(self, name: str, number: int = 1) -> None:
        """Count something of all answers."""
        metrics.add_metric(name, MetricUnit.Count, number)

    def told(self, route: Route, told: Told) -> None:
        """Tell of an answer, by the model that was asked.

        Args:
            route: The route of the request.
            told: What is measured of it.
        """
        of_model = EphemeralMetrics(namespace=NAMESPACE)
        of_model.add_dimension("route", route)
        of_model.add_dimension("model", told.served.asked)
        of_model.add_metric("Latency", MetricUnit.Milliseconds, told.seconds * _MILLISECONDS)
        of_model.add_metric("Fallbacks", MetricUnit.Count, int(told.served.is_fallback))
        of_model.add_metric("EmptyLists", MetricUnit.Count, int(not told.served.entries))
        of_model.add_metric("CacheHits", MetricUnit.Count, int(told.cached))
        of_model.add_metadata("servedBy", told.served.served_by)
        of_model.flush_metrics()
