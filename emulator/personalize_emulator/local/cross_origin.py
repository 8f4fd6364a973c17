"""The origins that an HTTP API answers: MiniStack keeps them under the names of the template.

What answers a browser looks for them under those of the service, so that it finds none.
"""

from __future__ import annotations

from ministack.services import apigateway

from personalize_emulator.local.provisioning import Properties, also_apply

_API = "AWS::ApiGatewayV2::Api"


def install() -> None:
    """Let creates and updates of HTTP APIs apply these properties too."""
    also_apply(_API, _apply)


def _apply(api_id: str, props: Properties) -> None:
    if given := props.get("CorsConfiguration"):
        apigateway._apis[api_id]["corsConfiguration"] = {
            name[0].lower() + name[1:]: value for name, value in given.items()
        }
