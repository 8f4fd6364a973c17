"""Signatures of tokens where there is no library of cryptography, which MiniStack leaves to chance.

Without one its API Gateway refuses every token, and its Cognito signs with random bytes.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from typing import Any

from ministack.services import apigateway, apigateway_v1, cognito

from personalize_emulator.local.rs256 import Rs256Key, is_signed_by

_KEY_ID = "personalize-local"
_Answer = tuple[int, dict[str, str], bytes]


def install() -> None:
    """Let Cognito sign its tokens, and both kinds of API check them."""
    if importlib.util.find_spec("cryptography") is not None:
        return
    jwks = cognito.well_known_jwks

    def well_known_jwks(pool_id: str) -> _Answer:
        cognito._JWKS_KEY = _key().jwk
        answer: _Answer = jwks(pool_id)
        return answer

    cognito.well_known_jwks = well_known_jwks
    cognito._signed_jwt = _signed_jwt
    apigateway._verify_rs256_signature = is_signed_by
    apigateway_v1._verify_rs256_signature = is_signed_by


@cache
def _key() -> Rs256Key:
    """Make the one key of all user pools, when the first token is asked for."""
    return Rs256Key(_KEY_ID)


def _signed_jwt(claims: Mapping[str, Any], pool_id: str = "", use: str = "") -> str:
    return _key().token(claims)
