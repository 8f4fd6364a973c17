"""Where the data lies that Amazon Personalize learns from, and who may read it."""

from typing import cast

from aws_cdk import Annotations, CfnResource, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct, IDependable

from cdk_personalize._principals import service_principal
from cdk_personalize._service_role import RoleAccess, ServiceRole
from cdk_personalize._tokens import is_token
from cdk_personalize._tree import address_of, remember_scope, stack_of
from cdk_personalize.avro_schema import DatasetType
from cdk_personalize.dataset_import_job import IMPORT_PREFIX

_EMPTYING = "Custom::S3AutoDeleteObjectsCustomResourceProvider"
DEAD_LETTER_PREFIX = "dead-letters/"
"""Where records lie that could not be ingested and that no message of the queue holds."""
# As long as the queue keeps the letters that name them, and a fortnight more.
_DEAD_LETTERS_KEPT = Duration.days(28)
_LOGS_KEPT = Duration.days(90)
# Long enough to notice a file that was overwritten by a wrong one.
_OLD_VERSIONS_KEPT = Duration.days(30)
_ABANDONED_UPLOADS_KEPT = Duration.days(7)


class DataStore(Construct):
    """Define a bucket for data, its key, and the role by which Amazon Personalize reads it.

    Each data set has a folder in the bucket, `import/interactions/` say, and every file in it is
    part of the data set. The bucket takes encrypted connections alone, keeps old versions for 30
    days, logs who reads it, and tells EventBridge of new files.

    What uses the role depends on `role_ready`, since the role alone may do nothing.

    Example:
        ```python
        store = DataStore(self, "Data")
        group = DatasetGroup(self, "Group", encryption_key=store.key, role=store.role)
        group.node.add_dependency(store.role_ready)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: s3.IBucket | None = None,
        encryption_key: kms.IKey | None = None,
        role: iam.IRole | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        auto_delete_objects: bool = False,
    ) -> None:
        """Define a store of data.

        What exists already keeps its own policies: warnings tell the statements to add there.

        Args:
            scope: The construct to define the store in.
            construct_id: The id of the store within `scope`.
            bucket: A bucket that exists already (default: a new one, and another for its logs).
            encryption_key: A key that exists already (default: a new one, rotated each year).
            role: A role that exists already, which Amazon Personalize can assume (default: a new
                one).
            removal_policy: What becomes of the new buckets and the new key when they are removed.
            auto_delete_objects: Whether the new buckets are emptied when they are destroyed.

        Raises:
            ValueError: If objects should be deleted from a bucket that is kept, or that exists
                already.
        """
        super().__init__(scope, construct_id)
        remember_scope(self, scope, construct_id)
        if auto_delete_objects and (bucket or removal_policy is not RemovalPolicy.DESTROY):
            got = "an existing bucket" if bucket else f"removal_policy {removal_policy.name}"
            msg = f"auto_delete_objects needs a new bucket and removal_policy DESTROY, got {got}"
            raise ValueError(msg)

        self._key = encryption_key or kms.Key(
            self,
            "Key",
            description=f"The data of Amazon Personalize in {stack_of(self).stack_name}.",
            enable_key_rotation=True,
            removal_policy=removal_policy,
        )
        self._bucket = bucket or self._define_bucket(removal_policy, auto_delete_objects)
        self._role = role or ServiceRole(self, "Role")
        self._access = RoleAccess(self, self._role)
        self._access.allow_key(self._key)
        bucket_key = self._bucket.encryption_key
        if bucket_key is not None and address_of(bucket_key) != address_of(self._key):
            self._access.allow_key(bucket_key)
        self._readable: list[str] = []
        self._writable: list[str] = []
        self.allow_read(IMPORT_PREFIX)
        if bucket is not None:
            self._warn_of_notifications(bucket)

    @property
    def bucket(self) -> s3.IBucket:
        """The bucket of the data."""
        return self._bucket

    @property
    def key(self) -> kms.IKey:
        """The key of the data, for everything else too that has to be encrypted."""
        return self._key

    @property
    def role(self) -> iam.IRole:
        """The role that Amazon Personalize assumes."""
        return self._role

    @property
    def role_ready(self) -> IDependable:
        """What has to be there before the role is of use: the policies of both sides."""
        return self._access.ready

    def import_prefix(self, dataset_type: str) -> str:
        """Return where in the bucket the files of a data set lie, with a slash at its end.

        Raises:
            ValueError: If there is no such type of data set.
        """
        return f"{IMPORT_PREFIX}{DatasetType.of(dataset_type).lower()}/"

    def allow_read(self, prefix: str) -> None:
        """Let Amazon Personalize read what begins with `prefix`, as it may read all imports.

        Both sides are told: its role, and the policy of the bucket. Where that cannot be changed,
        a warning tells the statement to add.

        Args:
            prefix: A folder of the bucket, with a slash at its end.
        """
        if not any(prefix.startswith(known) for known in self._readable):
            self._readable.append(prefix)
            self._access.allow_bucket_read(self._bucket, prefix)

    def allow_write(self, prefix: str) -> None:
        """Let Amazon Personalize write what begins with `prefix`; see `allow_read`.

        Args:
            prefix: A folder of the bucket, with a slash at its end.
        """
        if not any(prefix.startswith(known) for known in self._writable):
            self._writable.append(prefix)
            self._access.allow_bucket_write(self._bucket, prefix)

    def _define_bucket(self, removal_policy: RemovalPolicy, auto_delete: bool) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self._key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            lifecycle_rules=[
                s3.LifecycleRule(
                    noncurrent_version_expiration=_OLD_VERSIONS_KEPT,
                    abort_incomplete_multipart_upload_after=_ABANDONED_UPLOADS_KEPT,
                ),
                s3.LifecycleRule(prefix=DEAD_LETTER_PREFIX, expiration=_DEAD_LETTERS_KEPT),
            ],
            removal_policy=removal_policy,
            auto_delete_objects=auto_delete,
        )
        if auto_delete:
            self._log_emptying(bucket)
        resource = cast("s3.CfnBucket", bucket.node.default_child)
        # The L2's switch would add a function of the CDK's own to set what is one property.
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )
        # The L2 lets S3 write by an access control list or by a policy, as a feature flag says.
        log_bucket = self._define_log_bucket(removal_policy, auto_delete)
        log_bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[service_principal("logging.s3.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[log_bucket.arn_for_objects("*")],
                conditions={
                    "ArnLike": {"aws:SourceArn": bucket.bucket_arn},
                    "StringEquals": {"aws:SourceAccount": stack_of(self).account},
                },
            )
        )
        resource.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=log_bucket.bucket_name
        )
        return bucket

    def _define_log_bucket(self, removal_policy: RemovalPolicy, auto_delete: bool) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "LogBucket",
            # S3 delivers its logs to no bucket with a KMS key of one's own.
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=_LOGS_KEPT,
                    abort_incomplete_multipart_upload_after=_ABANDONED_UPLOADS_KEPT,
                )
            ],
            removal_policy=removal_policy,
            auto_delete_objects=auto_delete,
        )
        if auto_delete:
            self._log_emptying(bucket)
        return bucket

    @staticmethod
    def _log_emptying(bucket: s3.Bucket) -> None:
        """Let go of what the function logs that empties a bucket.

        It is the CDK's own, and Lambda would make it a log group that outlives the stack.
        """
        provider = cast("Construct", stack_of(bucket).node.find_child(_EMPTYING))
        if provider.node.try_find_child("Log") is None:
            log = logs.LogGroup(
                provider,
                "Log",
                retention=logs.RetentionDays.ONE_WEEK,
                removal_policy=RemovalPolicy.DESTROY,
            )
            # The function refers to the group, so it is gone before the group is deleted, and
            # cannot write to it, or make it, any more.
            function = cast("CfnResource", provider.node.find_child("Handler"))
            function.add_property_override("LoggingConfig", {"LogGroup": log.log_group_name})

    def _warn_of_notifications(self, bucket: s3.IBucket) -> None:
        name = bucket.bucket_name
        named = bucket.node.path if is_token(name) else name
        Annotations.of(self).add_warning_v2(
            "cdk-personalize:bucketNotifications",
            "an upload starts the pipeline only if the notification configuration of the bucket"
            f' {named} has "EventBridgeConfiguration": {{}} beside what is there;'
            " if it has, acknowledge this warning",
        )
