"""Who is let in to an API: right, wrong, expired and missing credentials, and another's token.

The campaign is never trained, so 503 of a route and 404 of a path that there is not are the answers
of the function, which only those get who are let in. The tests run in this order.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from demo.leftovers import leftovers
from tests.local.access_stack import AUDIENCE, NAME, ORIGIN, QUOTA, SCOPE, AccessStack
from tests.local.deployment import Deployment
from tests.local.http_answers import Answered, send
from tests.local.issuer import Issuer

pytestmark = pytest.mark.local

ANNA, BEN = "anna", "ben"
PASSWORD = "Correct-Horse-1"
NOWHERE = "/nowhere"
REFUSED = {401, 403}
LET_IN = 404
NOT_READY = 503

Headers = Mapping[str, str]


@dataclass
class Apis:
    """The deployed APIs, and who asks them."""

    stack: Deployment
    issuer: Issuer
    keys: dict[str, botocore.credentials.Credentials] = field(default_factory=dict)

    def url(self, api: str, path: str) -> str:
        output = self.stack.outputs[f"{api}Url"]
        return self.stack.aws.local_url(output).rstrip("/") + path

    def ask(
        self,
        api: str,
        headers: Headers | None = None,
        path: str = NOWHERE,
        method: str = "GET",
        body: object = None,
    ) -> Answered:
        return send(method, self.url(api, path), headers=headers, body=body)

    def signed(self, api: str, user_name: str) -> Headers:
        """Sign what a user of IAM asks."""
        if user_name not in self.keys:
            made = self.stack.client("iam").create_access_key(UserName=user_name)["AccessKey"]
            self.keys[user_name] = botocore.credentials.Credentials(
                made["AccessKeyId"], made["SecretAccessKey"]
            )
        request = botocore.awsrequest.AWSRequest("GET", self.url(api, NOWHERE))
        signer = botocore.auth.SigV4Auth(self.keys[user_name], "execute-api", self.stack.aws.region)
        signer.add_auth(request)
        return dict(request.headers)

    def jwt(self, **claims: Any) -> Headers:
        given = {"sub": ANNA, "aud": AUDIENCE, "scope": SCOPE, **claims}
        return bearer(self.issuer.token(**given))

    @cached_property
    def id_token(self) -> str:
        """The token of a user of the pool, who has logged in."""
        outputs, cognito = self.stack.outputs, self.stack.client("cognito-idp")
        user = {"UserPoolId": outputs["PoolId"], "Username": ANNA}
        cognito.admin_create_user(**user)
        cognito.admin_set_user_password(**user, Password=PASSWORD, Permanent=True)
        login = cognito.initiate_auth(
            ClientId=outputs["ClientId"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": ANNA, "PASSWORD": PASSWORD},
        )
        return str(login["AuthenticationResult"]["IdToken"])

    @cached_property
    def api_key(self) -> str:
        (key,) = self.stack.client("apigateway").get_api_keys(includeValues=True)["items"]
        return str(key["value"])


def bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


def session(name: str) -> Headers:
    return {"X-Session": name}


def event_of(user: str) -> dict[str, str]:
    return {"userId": user, "sessionId": "s", "eventType": "View", "itemId": "i"}


def tampered(token: str) -> str:
    """Return a token whose claims are another's, under the old signature."""
    header, _, signature = token.split(".")
    return f"{header}.{Issuer('http://127.0.0.1').token(sub=BEN).split('.')[1]}.{signature}"


@pytest.fixture(scope="module")
def apis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apis]:
    with (
        Issuer.running() as issuer,
        Deployment.on_a_new_aws(tmp_path_factory.mktemp("access"), NAME) as stack,
    ):
        stack.deploy(partial(AccessStack, issuer=issuer.url))
        yield Apis(stack, issuer)


Credentials = Callable[[Apis], Headers]

RIGHT: dict[str, Credentials] = {
    "HttpIam": lambda apis: apis.signed("HttpIam", apis.stack.outputs["HttpIamUserName"]),
    "HttpJwt": lambda apis: apis.jwt(),
    "HttpCognito": lambda apis: bearer(apis.id_token),
    "HttpCustom": lambda _: session("session-of-anna"),
    "HttpPublic": lambda _: {},
    "RestIam": lambda apis: apis.signed("RestIam", apis.stack.outputs["RestIamUserName"]),
    "RestCognito": lambda apis: bearer(apis.id_token),
    "RestCustom": lambda _: session("session-of-anna"),
    "RestKey": lambda apis: {"X-Api-Key": apis.api_key},
}
BOUND = ["HttpJwt", "HttpCognito", "HttpCustom", "RestCognito", "RestCustom"]

WRONG: dict[str, tuple[str, Credentials]] = {
    "nothing to an API with IAM": ("HttpIam", lambda _: {}),
    "the user of another API": (
        "HttpIam",
        lambda apis: apis.signed("HttpIam", apis.stack.outputs["RestIamUserName"]),
    ),
    "a signature for another API": (
        "HttpIam",
        lambda apis: apis.signed("RestIam", apis.stack.outputs["HttpIamUserName"]),
    ),
    "no token": ("HttpJwt", lambda _: {}),
    "no JWT": ("HttpJwt", lambda _: bearer("anna")),
    "an expired token": ("HttpJwt", lambda apis: apis.jwt(exp=int(time.time()) - 60)),
    "a token of tomorrow": ("HttpJwt", lambda apis: apis.jwt(nbf=int(time.time()) + 86400)),
    "a token for another audience": ("HttpJwt", lambda apis: apis.jwt(aud="bank")),
    "a token of another issuer": ("HttpJwt", lambda apis: apis.jwt(iss="https://evil.example")),
    "a token without the scope": ("HttpJwt", lambda apis: apis.jwt(scope="profile")),
    "a token that another has signed": (
        "HttpJwt",
        lambda apis: bearer(Issuer(apis.issuer.url).token(sub=ANNA, aud=AUDIENCE, scope=SCOPE)),
    ),
    "claims that were changed": (
        "HttpJwt",
        lambda apis: bearer(tampered(apis.jwt()["Authorization"].split()[1])),
    ),
    "no token of Cognito": ("HttpCognito", lambda _: {}),
    "a token of another issuer than Cognito": ("HttpCognito", lambda apis: apis.jwt()),
    "no session": ("HttpCustom", lambda _: {}),
    "a session that the function denies": ("HttpCustom", lambda _: session("guessed")),
    "nothing to a REST API with IAM": ("RestIam", lambda _: {}),
    "the user of another API than this": (
        "RestIam",
        lambda apis: apis.signed("RestIam", apis.stack.outputs["HttpIamUserName"]),
    ),
    "no token of Cognito to a REST API": ("RestCognito", lambda _: {}),
    "a token of another issuer to a REST API": ("RestCognito", lambda apis: apis.jwt()),
    "a changed token of Cognito": (
        "RestCognito",
        lambda apis: bearer(tampered(apis.id_token)),
    ),
    "no session to a REST API": ("RestCustom", lambda _: {}),
    "a denied session to a REST API": ("RestCustom", lambda _: session("guessed")),
    "a broken session to a REST API": ("RestCustom", lambda _: session("broken")),
    "no key": ("RestKey", lambda _: {}),
    "a wrong key": ("RestKey", lambda _: {"X-Api-Key": "0" * 40}),
    "anything from outside the VPC": ("RestPrivate", lambda _: {}),
}


@pytest.mark.parametrize("who", WRONG)
def test_does_not_let_in(apis: Apis, who: str) -> None:
    api, credentials = WRONG[who]

    assert apis.ask(api, credentials(apis)).status in REFUSED


@pytest.mark.parametrize("api", RIGHT)
def test_lets_in_who_has_the_right_credentials(apis: Apis, api: str) -> None:
    answer = apis.ask(api, RIGHT[api](apis))

    assert answer.status == LET_IN
    assert NOWHERE in answer.document["detail"]


@pytest.mark.parametrize("api", BOUND)
def test_a_user_may_ask_for_herself(apis: Apis, api: str) -> None:
    answer = apis.ask(api, RIGHT[api](apis), f"/recommendations?userId={ANNA}")

    assert answer.status == NOT_READY


@pytest.mark.parametrize("api", BOUND)
def test_a_user_may_not_ask_for_another(apis: Apis, api: str) -> None:
    answer = apis.ask(api, RIGHT[api](apis), f"/recommendations?userId={BEN}")

    assert answer.status == 403


def test_a_user_may_not_send_events_of_another(apis: Apis) -> None:
    answer = apis.ask("HttpJwt", apis.jwt(), "/events", "POST", event_of(BEN))

    assert answer.status == 403


def test_events_need_a_token_where_all_else_does(apis: Apis) -> None:
    answer = apis.ask("HttpJwt", {}, "/events", "POST", event_of(ANNA))

    assert answer.status == 401


@pytest.mark.parametrize("user", [ANNA, BEN])
def test_a_user_without_a_token_may_send_events_where_anyone_may(apis: Apis, user: str) -> None:
    answer = apis.ask("RestCustom", {}, "/events", "POST", event_of(user))

    assert answer.status == 202


def test_the_method_of_a_route_is_answered_by_a_rest_api_too(apis: Apis) -> None:
    answer = apis.ask("RestCustom", session("session-of-anna"), "/recommendations", "DELETE")

    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


def test_what_a_rest_api_refuses_is_a_problem_document(apis: Apis) -> None:
    answer = apis.ask("RestCustom")

    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.document["title"] == "UNAUTHORIZED"


def test_a_browser_may_ask_a_rest_api_before_it_has_credentials(apis: Apis) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}

    answer = apis.ask("RestCognito", asked, "/recommendations", "OPTIONS")

    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


def test_a_page_may_read_why_a_rest_api_refused_it(apis: Apis) -> None:
    answer = apis.ask("RestCognito", {"Origin": ORIGIN})

    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_a_page_may_read_what_a_rest_api_answers(apis: Apis) -> None:
    headers = {**bearer(apis.id_token), "Origin": ORIGIN}

    answer = apis.ask("RestCognito", headers, f"/recommendations?userId={ANNA}")

    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_a_key_has_its_quota_and_no_more(apis: Apis) -> None:
    key = {"X-Api-Key": apis.api_key}

    statuses = [apis.ask("RestKey", key).status for _ in range(QUOTA + 1)]

    assert statuses[-1] == 429


def test_nothing_is_left_of_it(apis: Apis) -> None:
    iam = apis.stack.client("iam")
    for user, credentials in apis.keys.items():
        iam.delete_access_key(UserName=user, AccessKeyId=credentials.access_key)

    apis.stack.destroy()

    # The role for logs is the account's, and other APIs may rest on it.
    assert [each for each in leftovers(apis.stack.aws) if "CloudWatchRole" not in each] == []
