"""The metrics of PutEvents, which are read of an event tracker or of its dataset group."""

from typing import Protocol, Unpack

from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_personalize._metrics import Measured, MetricOptions


class IEventMetrics(Protocol):
    """What can be read of how events are sent."""

    def metric_put_events_requests(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many requests sent events (default: sum over 5 minutes)."""
        ...

    def metric_put_events_4xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many of these requests were wrong (default: sum over 5 minutes)."""
        ...

    def metric_put_events_5xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many of these requests the service failed (default: sum over 5 minutes)."""
        ...

    def metric_put_event_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many milliseconds a request takes (default: average over 5 minutes)."""
        ...


class EventMetrics(Measured):
    """These metrics, for a resource that says with which dimension they are read."""

    def metric_put_events_requests(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many requests sent events (default: sum over 5 minutes)."""
        return self._total("PutEventsRequests", options)

    def metric_put_events_4xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many of these requests were wrong (default: sum over 5 minutes)."""
        return self._total("PutEvents4xxErrors", options)

    def metric_put_events_5xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many of these requests the service failed (default: sum over 5 minutes)."""
        return self._total("PutEvents5xxErrors", options)

    def metric_put_event_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many milliseconds a request takes (default: average over 5 minutes)."""
        return self.metric("PutEventLatency", **options)
