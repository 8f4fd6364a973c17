"""The function of a recommendation API: what it is told, and what it may do."""

import json
from collections.abc import Iterable
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk_personalize._checks import check_at_synth
from cdk_personalize._function import LambdaFunction
from cdk_personalize._tokens import json_of, masked
from cdk_personalize._tree import stack_of
from cdk_personalize.patterns._api_declarations import ApiDeclarations
from cdk_personalize.patterns.api_routes import LastGoodList
from cdk_personalize.patterns.item_metadata import ItemMetadata
from cdk_personalize.patterns.request_context import RequestContext

# The share of a processor grows with the memory, and somebody waits for each answer.
_MEMORY_SIZE = 512
# What POST /events needs: two tries of four seconds (one to connect, three to answer).
_SHORTEST_TIMEOUT_SECONDS = 10
_LONGER_THAN_A_ROUTE_SECONDS = 1
MAX_ENVIRONMENT_BYTES = 4096
"""The variables of a function together (Lambda quotas)."""
_USUAL_ARN = "x" * 90
# What an ARN composed of a name begins with, where a stack is for any account and Region.
_USUAL = {"AWS.Partition": "aws", "AWS.Region": "ap-southeast-1", "AWS.AccountId": "1" * 12}


class ApiFunction(LambdaFunction):
    """Answers the requests of an API."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        declarations: ApiDeclarations,
        context: RequestContext | None,
        item_metadata: ItemMetadata | None,
        encryption_key: kms.IKey | None,
    ) -> None:
        """Define the function.

        Args:
            scope: The construct to define it in.
            construct_id: The id of the function within `scope`.
            declarations: What it answers.
            context: What the headers of requests tell models.
            item_metadata: What requests may ask of items.
            encryption_key: The key of its environment and logs.
        """
        limits = [options.limit.to_seconds() for options in declarations.routes.values()]
        longest = max(limits, default=0) + _LONGER_THAN_A_ROUTE_SECONDS
        super().__init__(
            scope,
            construct_id,
            function="recommend",
            timeout=Duration.seconds(max(_SHORTEST_TIMEOUT_SECONDS, longest)),
            memory_size=_MEMORY_SIZE,
            encryption_key=encryption_key,
        )
        self._declarations = declarations
        self._item_metadata = item_metadata
        self._told: dict[str, str] = {}
        check_at_synth(self, self._findings_of_environment)
        if context is not None and (columns := context.as_setting()):
            self._tell("CONTEXT", columns)
        if item_metadata is not None:
            self._tell_metadata(item_metadata)
        self._keep_last_good_lists()
        self._read_weights()
        self.tell()

    def tell(self) -> None:
        """Tell the function what is declared by now."""
        from_models = self._item_metadata is not None and self._item_metadata.table is None
        for name, value in self._declarations.settings(with_metadata=from_models).items():
            self._tell(name, value)

    def tell_user_claim(self, claim: str) -> None:
        """Let the function answer each user for himself alone.

        Args:
            claim: The claim of a token that names its user.
        """
        self._set("USER_CLAIM", claim)

    def tell_event_user_claim(self, claim: str | None) -> None:
        """Let the function take events by another rule than it answers.

        Args:
            claim: The claim of a token that names its user; none if events are bound to nobody.
        """
        self._set("EVENT_USER_CLAIM", claim or "")

    def tell_to_log_user_ids(self) -> None:
        """Let the log of the function name the user of each request."""
        self._set("LOG_USER_IDS", "1")

    def let_put_events(self, stream: kinesis.IStream) -> None:
        """Let the function put events on a stream."""
        self._set("STREAM_NAME", stream.stream_name)
        # An exposure of an experiment is put alone, as the answer waits for it.
        exposes = any(options.experiment for options in self._declarations.routes.values())
        iam.Grant.add_to_principal(
            grantee=self,
            actions=["kinesis:PutRecords", *(["kinesis:PutRecord"] if exposes else [])],
            resource_arns=[stream.stream_arn],
        )
        if stream.encryption_key is not None:
            stream.encryption_key.grant(self, "kms:GenerateDataKey")

    def _tell_metadata(self, metadata: ItemMetadata) -> None:
        self._tell("ITEM_COLUMNS", list(metadata.columns))
        table = metadata.table
        if table is None:
            return
        self._tell("ITEM_TABLE", metadata.table_setting())
        iam.Grant.add_to_principal(
            grantee=self, actions=["dynamodb:BatchGetItem"], resource_arns=[table.table_arn]
        )
        if table.encryption_key is not None:
            table.encryption_key.grant_decrypt(self)

    def _keep_last_good_lists(self) -> None:
        """Let the function keep and read the lists of the fallbacks, and ask for them on time."""
        lists = {
            kept.model: kept
            for options in self._declarations.routes.values()
            for fallback in options.fallbacks
            if (kept := fallback.last_good_list) is not None
        }
        if not lists:
            return
        first = next(iter(lists.values()))
        self._check_alike(lists.values(), first)
        self._set("LAST_GOOD_BUCKET", first.bucket.bucket_name)
        self._set("LAST_GOOD_PREFIX", first.key_prefix)
        iam.Grant.add_to_principal(
            grantee=self,
            actions=["s3:GetObject", "s3:PutObject"],
            resource_arns=[first.bucket.arn_for_objects(f"{first.key_prefix}*")],
        )
        if first.bucket.encryption_key is not None:
            key = first.bucket.encryption_key
            key.grant(self, "kms:Decrypt", "kms:GenerateDataKey")
        events.Rule(
            self,
            "Refresh",
            description="Keeps the last good lists of recommendations",
            schedule=events.Schedule.rate(first.refreshed_every),
            targets=[
                targets.LambdaFunction(
                    self, event=events.RuleTargetInput.from_object({"refresh": sorted(lists)})
                )
            ],
        )

    @staticmethod
    def _check_alike(lists: Iterable[LastGoodList], first: LastGoodList) -> None:
        for kept in lists:
            alike = (
                kept.bucket.bucket_name == first.bucket.bucket_name
                and kept.key_prefix == first.key_prefix
                and kept.refreshed_every.to_seconds() == first.refreshed_every.to_seconds()
            )
            if not alike:
                msg = (
                    "the last good lists of an API must be in one bucket, under one prefix and"
                    f" refreshed alike, got others for {kept.model!r} and {first.model!r}"
                )
                raise ValueError(msg)

    def _read_weights(self) -> None:
        for options in self._declarations.routes.values():
            if options.experiment is not None and options.experiment.parameter is not None:
                options.experiment.parameter.grant_read(self)

    def _tell(self, name: str, value: Any) -> None:  # noqa: ANN401 - any JSON
        self._told[name] = json.dumps(value, separators=(",", ":"))
        self.add_environment(name, json_of(stack_of(self), value))

    def _set(self, name: str, value: str) -> None:
        self._told[name] = value
        self.add_environment(name, value)

    def _findings_of_environment(self) -> list[str]:
        """Check that Lambda takes it, as far as its length is known before deployment."""
        texts = [name + masked(value, _usual) for name, value in self._told.items()]
        size = sum(len(text.encode()) for text in texts)
        if size <= MAX_ENVIRONMENT_BYTES:
            return []
        return [
            f"models, filters and routes take about {size} bytes of the function's environment,"
            f" which has {MAX_ENVIRONMENT_BYTES}: declare fewer, or in several APIs"
        ]


def _usual(token_name: str) -> str:
    return _USUAL.get(token_name, _USUAL_ARN)
