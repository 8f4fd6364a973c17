"""Every private name of MiniStack that this package rests on, in one place.

MiniStack has no way to add a service, a CloudFormation type or a fix, so we reach into it. Its
version is pinned exactly; ``missing()`` says which name a newer one has taken away or changed, at
start and in the contract test.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Hook:
    """A private name of MiniStack, and what it must look like.

    Attributes:
        module: Module that has it.
        name: Its name there.
        use: What it is for here.
        parameters: Parameters that it must still take, when it is a function.
    """

    module: str
    name: str
    use: str
    parameters: tuple[str, ...] | None = None

    def __str__(self) -> str:
        """Name it, with its use."""
        return f"{self.module}.{self.name} ({self.use})"

    def load(self) -> Any:  # noqa: ANN401 - MiniStack has no types
        """Fetch it from MiniStack."""
        return getattr(importlib.import_module(self.module), self.name)

    def fits(self) -> bool:
        """Whether MiniStack still has it, as it was."""
        try:
            found = self.load()
        except (ImportError, AttributeError):
            return False
        if self.parameters is None:
            return True
        return callable(found) and tuple(inspect.signature(found).parameters) == self.parameters


_APP = "ministack.app"
_APIS = "ministack.services.apigateway"
_PROVISIONERS = "ministack.services.cloudformation.provisioners"
_STACKS = "ministack.services.cloudformation.stacks"
_STATES = "ministack.services.stepfunctions"
_EVENTS = "ministack.services.eventbridge"
_LAMBDA = "ministack.services.lambda_svc"
_KINESIS = "ministack.services.kinesis"
_FIREHOSE = "ministack.services.firehose"
_S3 = "ministack.services.s3"
_HTTP_API = "ministack.services.apigateway"
_REST_API = "ministack.services.apigateway_v1"
_COGNITO = "ministack.services.cognito"
_WAF = "ministack.services.waf"
_RUNTIME = "ministack.core.lambda_runtime"
_ROUTER = "ministack.core.router"
_SCOPE = "ministack.core.responses"
_EVALUATOR = "ministack.core.iam_evaluator"
_ACTIONS = "ministack.core.iam_actions"
_IAM = "ministack.services.iam"
_STS = "ministack.services.sts"

HOOKS = (
    Hook(_APP, "main", "runs the server", ()),
    Hook(_APP, "SERVICE_REGISTRY", "the list of services"),
    Hook(_APP, "SERVICE_HANDLERS", "requests to a service"),
    Hook(_APP, "_loaded_modules", "modules of services"),
    Hook(_APP, "_state_map", "modules that a reset empties"),
    Hook(_APP, "AUTH", "whether IAM is asked"),
    Hook(
        _APP,
        "pin_request_origin",
        "the transport of a request",
        ("source_ip", "secure_transport"),
    ),
    Hook(_APP, "_lazy_handler", "requests to a service", ("module_name",)),
    Hook(_APIS, "_apis", "origins that an HTTP API answers"),
    Hook(_RUNTIME, "Worker", "processes of functions"),
    Hook(_RUNTIME, "_signal", "processes of functions", ("proc",)),
    Hook(_RUNTIME, "_collect", "processes of functions", ("proc", "deadline")),
    Hook(_ROUTER, "SERVICE_PATTERNS", "requests to a service"),
    Hook(_ROUTER, "extract_access_key_id", "the caller of a request", ("headers", "query_params")),
    Hook(
        _EVALUATOR,
        "enforce",
        "permissions",
        ("access_key_id", "iam_action", "service", "region", "resource_arn", "service_context"),
    ),
    Hook(_EVALUATOR, "AuthError", "callers that nobody knows"),
    Hook(_EVALUATOR, "EvalContext", "the conditions of a trust policy"),
    Hook(
        _EVALUATOR,
        "evaluate_resource_policy",
        "trust policies",
        ("doc", "ctx", "service", "named_only", "direct_only"),
    ),
    Hook(
        _ACTIONS,
        "extract_iam_action",
        "permissions for messages",
        ("service", "method", "path", "headers", "body", "query_params"),
    ),
    Hook(
        _ACTIONS,
        "_auth_failure",
        "callers that nobody knows",
        ("service", "code", "message", "headers"),
    ),
    Hook(
        _ACTIONS,
        "identity_denial_message",
        "permissions that are missing",
        ("action", "principal_arn", "resource", "explicit_deny"),
    ),
    Hook(_STS, "register_session", "roles that a service assumes", ("access_key", "session")),
    Hook(_IAM, "_roles", "the roles of an account"),
    Hook(_SCOPE, "get_account_id", "account of a request", ()),
    Hook(_SCOPE, "get_region", "region of a request", ()),
    Hook(_SCOPE, "request_scope", "account and region of a call", ("account_id", "region")),
    Hook(_PROVISIONERS, "_RESOURCE_HANDLERS", "CloudFormation types"),
    Hook(_PROVISIONERS, "_REPLACING_PROPERTIES", "properties whose change replaces a resource"),
    Hook(_PROVISIONERS, "_tag_map", "tags of a resource", ("tags",)),
    Hook(
        _PROVISIONERS,
        "_reconcile_tag_map",
        "tags of a function",
        ("store", "old_props", "new_props", "prop"),
    ),
    Hook(_STACKS, "_runs_on_worker_thread", "types that wait", ("resource_type",)),
    Hook(_STATES, "_AWS_SDK_SERVICE_MAP", "aws-sdk integrations"),
    Hook(
        _STATES,
        "_sdk_json_param_value",
        "arguments of aws-sdk integrations",
        ("value", "shape"),
    ),
    Hook(_STATES, "_sdk_json_value", "answers of aws-sdk integrations", ("value", "shape")),
    Hook(
        _STATES,
        "_invoke_aws_sdk_integration",
        "calls of aws-sdk integrations",
        ("resource", "input_data"),
    ),
    Hook(
        _STATES,
        "_dispatch_aws_sdk_rest_xml",
        "answers of S3 in aws-sdk integrations",
        ("service_info", "service_name", "action", "input_data"),
    ),
    Hook(_STATES, "_api_name_to_sfn_key", "parameter names of aws-sdk integrations", ("name",)),
    Hook(_STATES, "_service_model", "parameter names of aws-sdk integrations", ("service",)),
    Hook(_STATES, "_ExecutionError", "errors of states"),
    Hook(_STATES, "_scaled_sleep", "waits of states", ("seconds",)),
    Hook("jsonata.timebox", "Timebox", "time limit of JSONata"),
    Hook(_STATES, "_executions", "executions that a state machine starts"),
    Hook(_STATES, "_nested_execution_failure", "failures of children", ("payload",)),
    Hook(
        _STATES,
        "_invoke_nested_start_execution_sync",
        "executions that a state machine starts",
        ("resource", "input_data"),
    ),
    Hook(
        _STATES,
        "_execute_task",
        "tasks of a stopped execution",
        ("state_def", "raw_input", "execution", "ctx"),
    ),
    Hook(_STATES, "_fail_execution", "stopped executions", ("execution", "error", "cause")),
    Hook(_STATES, "_start_execution", "executions that EventBridge starts", ("data",)),
    Hook(
        _EVENTS,
        "_dispatch_to_stepfunctions",
        "executions that EventBridge starts",
        ("arn", "payload"),
    ),
    Hook(_EVENTS, "_dispatch_to_lambda", "functions that EventBridge calls", ("arn", "payload")),
    Hook(
        _LAMBDA,
        "_get_func_record_for_ref",
        "functions that EventBridge calls",
        ("function_ref",),
    ),
    Hook(
        _LAMBDA,
        "_execution_record_for_config",
        "functions that EventBridge calls",
        ("func", "config"),
    ),
    Hook(_LAMBDA, "invoke_async_with_retry", "functions that EventBridge calls", ("func", "event")),
    Hook(_STATES, "_resolve_state_machine_arn", "executions that EventBridge starts", ("arn",)),
    Hook(_LAMBDA, "_poll_kinesis", "event source mappings of streams", ()),
    Hook(_LAMBDA, "_iter_all_esms", "event source mappings of streams", ()),
    Hook(_LAMBDA, "_esms", "event source mappings of streams"),
    Hook(
        _LAMBDA,
        "_emit_lambda_logs",
        "logs of functions",
        ("func", "request_id", "log_text", "error", "duration_ms", "log_source"),
    ),
    Hook(_LAMBDA, "_functions", "logs and tags of functions"),
    Hook(_LAMBDA, "_apply_filter_criteria", "filters of mappings", ("records", "esm")),
    Hook(_LAMBDA, "esm_wake", "wakes the pollers"),
    Hook(_KINESIS, "_streams", "streams and their records"),
    Hook(_KINESIS, "_put_record", "streams as targets of event buses", ("data",)),
    Hook(_EVENTS, "_invoke_target", "targets of rules", ("target", "event", "rule", "view")),
    Hook(_EVENTS, "_pattern_event_view", "events as targets get them"),
    Hook(_KINESIS, "_ensure_base64", "data of records", ("value",)),
    Hook(_KINESIS, "_start_stream_encryption", "encryption of streams", ("data",)),
    Hook(_KINESIS, "_stop_stream_encryption", "encryption of streams", ("data",)),
    Hook(_FIREHOSE, "_streams", "Firehose streams"),
    Hook(
        _FIREHOSE,
        "_deliver_records_to_s3",
        "delivery of records",
        ("stream", "dest", "records"),
    ),
    Hook(
        _FIREHOSE,
        "_apply_lambda_processors",
        "delivery of records",
        ("stream", "dest", "records", "metadata_sink", "partition_sink"),
    ),
    Hook(
        _FIREHOSE,
        "_evaluate_prefix",
        "names of delivered objects",
        ("template", "t", "query_keys", "lambda_keys", "error_type"),
    ),
    Hook(_FIREHOSE, "_java_time", "names of delivered objects", ("pattern", "t")),
    Hook(_FIREHOSE, "_s3_bucket_from_arn", "buckets of deliveries", ("bucket_arn",)),
    Hook(_S3, "_resolve_sse_write_headers", "encryption", ("headers", "bucket_name")),
    Hook(_S3, "_put_bucket_tagging", "tags of buckets", ("name", "body")),
    Hook(_S3, "_put_bucket_encryption", "encryption of buckets", ("name", "body")),
    Hook(_S3, "_put_bucket_lifecycle", "lifecycle of buckets", ("name", "body")),
    Hook(_S3, "_put_bucket_logging", "access logs of buckets", ("name", "body")),
    Hook(_HTTP_API, "_verify_rs256_signature", "signatures of tokens", ("token", "jwk")),
    Hook(_REST_API, "_verify_rs256_signature", "signatures of tokens", ("token", "jwk")),
    Hook(_COGNITO, "_signed_jwt", "signatures of tokens", ("claims", "pool_id", "use")),
    Hook(_COGNITO, "well_known_jwks", "signatures of tokens", ("pool_id",)),
    Hook(_COGNITO, "_JWKS_KEY", "signatures of tokens"),
    Hook(_WAF, "_associate_web_acl", "web ACLs of REST APIs", ("data",)),
    Hook(_WAF, "_disassociate_web_acl", "web ACLs of REST APIs", ("data",)),
    Hook(_WAF, "_associations", "web ACLs of REST APIs"),
    Hook(_S3, "_bucket_tags", "tags of buckets"),
    Hook(_S3, "_bucket_encryption", "encryption of buckets"),
    Hook(_S3, "_bucket_lifecycle", "lifecycle of buckets"),
    Hook(_S3, "_bucket_logging_config", "access logs of buckets"),
)


def missing() -> list[str]:
    """The hooks that this MiniStack lacks, or has in another form; empty when all fit."""
    return [str(hook) for hook in HOOKS if not hook.fits()]


if __name__ == "__main__":
    json.dump(missing(), sys.stdout)
