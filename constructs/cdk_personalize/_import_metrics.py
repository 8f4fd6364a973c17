"""The metrics of imports, which are read of a dataset or of all datasets of a group."""

from typing import Protocol, Unpack

from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_personalize._metrics import Measured, MetricOptions


class IImportMetrics(Protocol):
    """What can be read of how data is imported."""

    def metric_dataset_import_job_requests(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many imports were asked for (default: sum over 5 minutes)."""
        ...

    def metric_dataset_import_job_error(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many imports failed (default: sum over 5 minutes)."""
        ...

    def metric_dataset_import_job_execution_time(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many seconds imports take (default: average over 5 minutes)."""
        ...

    def metric_dataset_size(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many bytes were imported (default: average over 5 minutes)."""
        ...


class ImportMetrics(Measured):
    """These metrics, for a resource that says with which dimension they are read."""

    def metric_dataset_import_job_requests(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many imports were asked for (default: sum over 5 minutes)."""
        return self._total("DatasetImportJobRequests", options)

    def metric_dataset_import_job_error(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many imports failed (default: sum over 5 minutes)."""
        return self._total("DatasetImportJobError", options)

    def metric_dataset_import_job_execution_time(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Return how many seconds imports take (default: average over 5 minutes)."""
        return self.metric("DatasetImportJobExecutionTime", **options)

    def metric_dataset_size(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Return how many bytes were imported (default: average over 5 minutes)."""
        return self.metric("DatasetSize", **options)
