"""The metrics of a dataset: of its imports, and of the items and users that are put into it."""

from abc import abstractmethod
from typing import Protocol, Unpack

from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_personalize._import_metrics import IImportMetrics, ImportMetrics
from cdk_personalize._metrics import MetricOptions
from cdk_personalize.avro_schema import DatasetType


class IDatasetMetrics(IImportMetrics, Protocol):
    """What can be read of how a dataset is filled; the service measures no put of actions."""

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return a metric of this dataset (default: average over 5 minutes)."""
        ...

    def metric_put_items_requests(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many requests put items (default: sum over 5 minutes)."""
        ...

    def metric_put_items_4xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many puts of items were wrong (default: sum over 5 minutes)."""
        ...

    def metric_put_items_5xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many puts of items the service failed (default: sum over 5 minutes)."""
        ...

    def metric_put_items_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many milliseconds a put of items takes (default: average over 5 minutes)."""
        ...

    def metric_put_users_requests(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many requests put users (default: sum over 5 minutes)."""
        ...

    def metric_put_users_4xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many puts of users were wrong (default: sum over 5 minutes)."""
        ...

    def metric_put_users_5xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many puts of users the service failed (default: sum over 5 minutes)."""
        ...

    def metric_put_users_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many milliseconds a put of users takes (default: average over 5 minutes)."""
        ...


class DatasetMetrics(ImportMetrics):
    """These metrics, for a dataset that says with which dimension they are read."""

    @abstractmethod
    def _check_type(self, method: str, wanted: DatasetType) -> None: ...

    def metric_put_items_requests(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many requests put items (default: sum over 5 minutes)."""
        self._check_type("metric_put_items_requests", DatasetType.ITEMS)
        return self._total("PutItemsRequests", options)

    def metric_put_items_4xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many puts of items were wrong (default: sum over 5 minutes)."""
        self._check_type("metric_put_items_4xx_errors", DatasetType.ITEMS)
        return self._total("PutItems4xxErrors", options)

    def metric_put_items_5xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many puts of items the service failed (default: sum over 5 minutes)."""
        self._check_type("metric_put_items_5xx_errors", DatasetType.ITEMS)
        return self._total("PutItems5xxErrors", options)

    def metric_put_items_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many milliseconds a put of items takes (default: average over 5 minutes)."""
        self._check_type("metric_put_items_latency", DatasetType.ITEMS)
        return self.metric("PutItemsLatency", **options)

    def metric_put_users_requests(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many requests put users (default: sum over 5 minutes)."""
        self._check_type("metric_put_users_requests", DatasetType.USERS)
        return self._total("PutUsersRequests", options)

    def metric_put_users_4xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many puts of users were wrong (default: sum over 5 minutes)."""
        self._check_type("metric_put_users_4xx_errors", DatasetType.USERS)
        return self._total("PutUsers4xxErrors", options)

    def metric_put_users_5xx_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many puts of users the service failed (default: sum over 5 minutes)."""
        self._check_type("metric_put_users_5xx_errors", DatasetType.USERS)
        return self._total("PutUsers5xxErrors", options)

    def metric_put_users_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many milliseconds a put of users takes (default: average over 5 minutes)."""
        self._check_type("metric_put_users_latency", DatasetType.USERS)
        return self.metric("PutUsersLatency", **options)
