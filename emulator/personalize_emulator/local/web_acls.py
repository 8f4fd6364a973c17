"""``AWS::WAFv2::WebACLAssociation``, which MiniStack's CloudFormation does not know.

Its AWS WAF keeps what is associated with what, and looks at no request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import waf
from ministack.services.cloudformation import provisioners

_TYPE = "AWS::WAFv2::WebACLAssociation"
_CREATE_ONLY = ("ResourceArn", "WebACLArn")
_OK = 200

_Properties = Mapping[str, Any]
_Answer = tuple[str, dict[str, Any]]


def install() -> None:
    """Let CloudFormation associate a web ACL with a stage of a REST API."""
    provisioners._RESOURCE_HANDLERS[_TYPE] = {"create": _create, "delete": _delete}
    provisioners._REPLACING_PROPERTIES[_TYPE] = _CREATE_ONLY


def _create(logical_id: str, props: _Properties, stack_name: str) -> _Answer:
    resource, web_acl = (props[name] for name in _CREATE_ONLY)
    _call(waf._associate_web_acl, {"ResourceArn": resource, "WebACLArn": web_acl})
    return f"{resource}|{web_acl}", {}


def _delete(physical_id: str, props: _Properties) -> None:
    resource, _, web_acl = physical_id.partition("|")
    # The one that took its place is there already.
    if waf._associations.get(resource) == web_acl:
        _call(waf._disassociate_web_acl, {"ResourceArn": resource})


def _call(operation: Callable[[dict[str, str]], Any], request: dict[str, str]) -> None:
    status, _, body = operation(request)
    if status != _OK:
        raise ValueError(json.loads(body).get("message") or body)
