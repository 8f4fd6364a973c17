"""Who may ask a recommendation API, in terms that both kinds of API of API Gateway know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_lambda as lambda_

from cdk_personalize._tokens import is_token

_AUTHORIZATION = "Authorization"
_API_KEY = "X-Api-Key"
_MOST_TTL_SECONDS = 3600
"""How long API Gateway keeps what an authorizer said, at most (API Gateway developer guide)."""


class ApiAccess:
    """Who may ask an API, and whose recommendations a caller may read.

    IAM is the default. A token can bind its user: with `user_claim` (`user_key` of a Lambda
    authorizer) a request for anybody else is answered 403.

    Example:
        ```python
        RecommendationApi(
            self,
            "Api",
            models=models,
            access=ApiAccess.jwt(
                issuer="https://login.example", audience=["shop"], user_claim="sub"
            ),
        )
        ```

    Attributes:
        user_claim: What of the caller's token is the id of the user whom the caller may ask for
            (none: the caller may ask for any user).
        identity_headers: The headers by which a caller says who it is.
    """

    user_claim: str | None = None
    identity_headers: Sequence[str] = (_AUTHORIZATION,)

    @staticmethod
    def iam() -> ApiAccess:
        """Let in callers whom IAM allows to: see `RecommendationApi.grant_invoke`."""
        return IamAccess()

    @staticmethod
    def jwt(
        *,
        issuer: str,
        audience: Sequence[str],
        user_claim: str | None = None,
        scopes: Sequence[str] | None = None,
    ) -> ApiAccess:
        """Let in callers with a token of an issuer. An HTTP API can do that.

        Args:
            issuer: The issuer's address, below which are its keys: its token's claim `iss`.
            audience: Whom the tokens are for: the claim `aud`, or `client_id`; one of them.
            user_claim: The claim that is the id of the only user to ask for (default: any user).
            scopes: What a token is to allow, one of them (default: nothing in particular).

        Raises:
            ValueError: If the issuer is no https address, or nothing is in the audience.
        """
        if not is_token(issuer) and not issuer.startswith("https://"):
            msg = f"the issuer of tokens must begin with https://, got {issuer!r}"
            raise ValueError(msg)
        _check_given("audience", audience)
        _check_claim("user_claim", user_claim)
        return JwtAccess(
            issuer=issuer,
            audience=tuple(audience),
            scopes=tuple(scopes or ()),
            user_claim=user_claim,
        )

    @staticmethod
    def cognito(
        user_pool: cognito.IUserPool,
        clients: Sequence[cognito.IUserPoolClient] = (),
        *,
        user_claim: str | None = None,
        scopes: Sequence[str] | None = None,
    ) -> ApiAccess:
        """Let in users of a user pool of Amazon Cognito.

        Args:
            user_pool: The user pool.
            clients: The apps whose tokens are taken. An HTTP API needs to know them; a REST API
                takes those of every client of the pool, and so refuses to be given any.
            user_claim: The claim that is the id of the only user to ask for (default: any user).
            scopes: What an access token is to allow, one of them (default: nothing in particular).
                A REST API takes access tokens if there are any, and else ID tokens.

        Raises:
            ValueError: If the claim has no name.
        """
        _check_claim("user_claim", user_claim)
        return CognitoAccess(
            user_pool=user_pool,
            clients=tuple(clients),
            scopes=tuple(scopes or ()),
            user_claim=user_claim,
        )

    @staticmethod
    def api_key(
        *,
        rate_limit: float = 50,
        burst_limit: int = 100,
        quota: int | None = None,
        quota_period: apigateway.Period | None = None,
        keys: Sequence[apigateway.IApiKey] = (),
    ) -> ApiAccess:
        """Let in callers with an API key, each with a share of its own. A REST API can do that.

        A key tells one app from another and does not say who a user is, so it is for servers.

        Args:
            rate_limit: The requests a second that each key has, on average.
            burst_limit: The requests that a key may send at once.
            quota: The requests that a key has in a period (default: as many as it likes).
            quota_period: The period of the quota (default: a day).
            keys: Keys that are there already (default: one is defined).

        Raises:
            ValueError: If a limit is less than 1.
        """
        for name, limit in (
            ("rate_limit", rate_limit),
            ("burst_limit", burst_limit),
            ("quota", quota),
        ):
            if limit is not None and not is_token(limit) and limit < 1:
                msg = f"{name} must be at least 1, got {limit}"
                raise ValueError(msg)
        return ApiKeyAccess(
            rate_limit=rate_limit,
            burst_limit=burst_limit,
            quota=quota,
            quota_period=quota_period or apigateway.Period.DAY,
            keys=tuple(keys),
        )

    @staticmethod
    def custom(
        function: lambda_.IFunction,
        *,
        user_key: str | None = None,
        ttl: Duration | None = None,
        headers: Sequence[str] = (_AUTHORIZATION,),
    ) -> ApiAccess:
        """Let in whom a function lets in: a Lambda authorizer.

        The function is told of a request in format 1.0 and answers with an IAM policy, whichever
        the kind of the API. What it says is kept for all routes, so the policy is to be on all.

        Args:
            function: The function.
            user_key: The key in the `context` of its answer that is the id of the only user to ask
                for (default: any user).
            ttl: How long its answer is kept for the same headers, up to an hour (default: 5
                minutes). Zero asks it each time.
            headers: What tells callers apart; a request that lacks one is refused unasked.

        Raises:
            ValueError: If `ttl` is over an hour, or there are no headers.
        """
        kept = Duration.minutes(5) if ttl is None else ttl
        if not kept.is_unresolved() and kept.to_seconds() > _MOST_TTL_SECONDS:
            msg = f"ttl must be at most an hour, got {kept.to_human_string()}"
            raise ValueError(msg)
        _check_given("headers", headers)
        _check_claim("user_key", user_key)
        return CustomAccess(
            function=function, ttl=kept, identity_headers=tuple(headers), user_claim=user_key
        )

    @staticmethod
    def public() -> ApiAccess:
        """Let in anyone, who can then ask for any user at your cost. It is a warning."""
        return PublicAccess()


@dataclass(frozen=True, kw_only=True)
class IamAccess(ApiAccess):
    """What `ApiAccess.iam()` returns."""


@dataclass(frozen=True, kw_only=True)
class JwtAccess(ApiAccess):
    """What `ApiAccess.jwt()` returns."""

    issuer: str
    audience: tuple[str, ...]
    scopes: tuple[str, ...]
    user_claim: str | None


@dataclass(frozen=True, kw_only=True)
class CognitoAccess(ApiAccess):
    """What `ApiAccess.cognito()` returns."""

    user_pool: cognito.IUserPool
    clients: tuple[cognito.IUserPoolClient, ...]
    scopes: tuple[str, ...]
    user_claim: str | None


@dataclass(frozen=True, kw_only=True)
class ApiKeyAccess(ApiAccess):
    """What `ApiAccess.api_key()` returns."""

    rate_limit: float
    burst_limit: int
    quota: int | None
    quota_period: apigateway.Period
    keys: tuple[apigateway.IApiKey, ...]
    identity_headers: Sequence[str] = (_API_KEY,)


@dataclass(frozen=True, kw_only=True)
class CustomAccess(ApiAccess):
    """What `ApiAccess.custom()` returns."""

    function: lambda_.IFunction
    ttl: Duration
    identity_headers: Sequence[str]
    user_claim: str | None


@dataclass(frozen=True, kw_only=True)
class PublicAccess(ApiAccess):
    """What `ApiAccess.public()` returns."""

    identity_headers: Sequence[str] = ()


def _check_given(name: str, values: Sequence[str]) -> None:
    if isinstance(values, str) or not values or not all(values):
        msg = f"{name} must be a list of at least one text, got {values!r}"
        raise ValueError(msg)


def _check_claim(name: str, claim: str | None) -> None:
    if claim is not None and not claim.strip():
        msg = f"{name} must be the name of a claim, got {claim!r}"
        raise ValueError(msg)
