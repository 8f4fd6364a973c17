"""HTTP APIs with IAM authorization refuse unsigned requests, as on AWS.

MiniStack checks authorization only when it checks IAM as a whole (``AUTH=true``), so an API that
its stack has closed would be open here.
"""

from __future__ import annotations

import json
from typing import Any

from ministack import app

_SIGNED_HEADER = "AWS4-HMAC-SHA256"
_SIGNED_QUERY = "X-Amz-Signature"

Answer = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Refuse unsigned requests to routes with the ``AWS_IAM`` authorizer."""
    enforce = app._enforce_execute_api

    def enforce_signature(  # noqa: PLR0917 - MiniStack's own signature
        api_id: str,
        stage: str,
        method: str,
        execute_path: str,
        headers: dict[str, str],
        query_params: dict[str, Any],
        iam_action: str = "execute-api:Invoke",
    ) -> Answer | None:
        if not _is_signed(headers, query_params) and iam_action == "execute-api:Invoke":
            kind = app._execute_api_authorization_type(api_id, stage, method, execute_path)
            if kind == "AWS_IAM":
                body = json.dumps({"message": "Forbidden"}).encode()
                return 403, {"Content-Type": "application/json"}, body
        answer: Answer | None = enforce(
            api_id, stage, method, execute_path, headers, query_params, iam_action
        )
        return answer

    app._enforce_execute_api = enforce_signature


def _is_signed(headers: dict[str, str], query_params: dict[str, Any]) -> bool:
    return headers.get("authorization", "").startswith(_SIGNED_HEADER) or (
        _SIGNED_QUERY in query_params
    )
