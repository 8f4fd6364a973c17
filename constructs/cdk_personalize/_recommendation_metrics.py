"""The metrics of what answers GetRecommendations: a campaign or a recommender."""

from typing import Protocol, Unpack

from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_personalize._metrics import Measured, MetricOptions


class IRecommendationMetrics(Protocol):
    """What can be read of how requests for recommendations are answered."""

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of what answers (default: average over 5 minutes)."""
        ...

    def metric_get_recommendations(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many recommendations were asked for (default: sum over 5 minutes)."""
        ...

    def metric_get_recommendations_4xx_errors(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many of these requests were wrong (default: sum over 5 minutes)."""
        ...

    def metric_get_recommendations_5xx_errors(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many of these requests the service failed (default: sum over 5 minutes)."""
        ...

    def metric_get_recommendations_latency(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many milliseconds an answer takes (default: average over 5 minutes)."""
        ...


class RecommendationMetrics(Measured):
    """These metrics, for a resource that says with which dimension they are read."""

    def metric_get_recommendations(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many recommendations were asked for (default: sum over 5 minutes)."""
        return self._total("GetRecommendations", options)

    def metric_get_recommendations_4xx_errors(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many of these requests were wrong (default: sum over 5 minutes)."""
        return self._total("GetRecommendations4xxErrors", options)

    def metric_get_recommendations_5xx_errors(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many of these requests the service failed (default: sum over 5 minutes)."""
        return self._total("GetRecommendations5xxErrors", options)

    def metric_get_recommendations_latency(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many milliseconds an answer takes (default: average over 5 minutes)."""
        return self.metric("GetRecommendationsLatency", **options)
