"""What every `metric_*` method of the library takes and makes.

Each metric is read by the one dimension that is the ARN of its resource. The documentation lists
several dimensions for most metrics and its examples use one of them alone
(DG: cloudwatch-metrics).
"""

from abc import abstractmethod
from typing import TypedDict, Unpack

from aws_cdk import Duration, IResource
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk_personalize._tokens import is_token
from cdk_personalize._tree import environment_of

NAMESPACE = "AWS/Personalize"


class MetricOptions(TypedDict, total=False):
    """How a metric is read, as in `aws_cdk.aws_cloudwatch.MetricOptions`."""

    account: str
    color: str
    label: str
    period: Duration
    region: str
    statistic: str


def metric(
    resource: IResource,
    metric_name: str,
    dimensions: dict[str, str],
    **options: Unpack[MetricOptions],
) -> cloudwatch.Metric:
    """Return a metric of Amazon Personalize, of the account and region of `resource`.

    An import may be of others than its stack, which is all that the CDK looks at.
    """
    account, region = environment_of(resource)
    place: MetricOptions = {}
    if not is_token(account):
        place["account"] = account
    if not is_token(region):
        place["region"] = region
    placed: MetricOptions = {**place, **options}
    return cloudwatch.Metric(
        namespace=NAMESPACE, metric_name=metric_name, dimensions_map=dimensions, **placed
    ).attach_to(resource)


class Measured:
    """What says with which dimension its metrics are read."""

    @abstractmethod
    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric: ...

    def _total(self, metric_name: str, options: MetricOptions) -> cloudwatch.Metric:
        """Return a metric that counts, so that its sum is what a reader wants by default."""
        counted: MetricOptions = {"statistic": cloudwatch.Stats.SUM, **options}
        return self.metric(metric_name, **counted)
