"""The deployed API as the tests find it: it has learnt, and is asked over HTTP by anyone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from cdk_personalize import DatasetType
from cdk_personalize.patterns import ApiRoute
from cdk_personalize.recipe import ServiceRecipe
from tests.local.api_shop import ApiShop
from tests.local.api_stack import (
    CAMPAIGNS,
    MORE_CAMPAIGNS,
    NAME,
    RECOMMENDERS,
    VIDEO_RECOMMENDERS,
    ApiStack,
)
from tests.local.deployment import Deployment, as_csv
from tests.local.http_answers import Answered, send
from tests.local.journal import Journal

ITEM, USER = "I0001", "U0001"
GIVEN = ["I0005", "I0003", "I0009", "no such item", "I0001"]
"""Items to rank."""
ASKED: Mapping[ApiRoute, dict[str, str]] = {
    ApiRoute.RECOMMENDATIONS: {"userId": USER},
    ApiRoute.RELATED: {"itemId": ITEM},
    ApiRoute.POPULAR: {},
    ApiRoute.TRENDING: {},
    ApiRoute.ACTIONS: {"userId": USER},
}
"""What the routes of `GET` need to be asked."""


def _routes(kind: str, *models: Mapping[str, ServiceRecipe]) -> dict[str, tuple[ApiRoute, str]]:
    named = [(name, ApiRoute.of(recipe)) for some in models for name, recipe in some.items()]
    return {name: (route, kind) for name, route in named if route is not None}


MODELS = {
    **_routes("campaign", CAMPAIGNS, MORE_CAMPAIGNS),
    **_routes("recommender", RECOMMENDERS),
}
"""The route and the kind of each model."""
VIDEO_MODELS = _routes("recommender", VIDEO_RECOMMENDERS)
"""The same of the API for videos."""

Query = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class DeployedApi:
    """The stack, and what its models have learnt from."""

    stack: Deployment
    shop: ApiShop
    journal: Journal
    output: str = "ApiUrl"

    @property
    def videos(self) -> "DeployedApi":
        """The API for videos."""
        return replace(self, output="VideosUrl")

    @classmethod
    @contextmanager
    def learnt(cls, folder: Path) -> Iterator["DeployedApi"]:
        """Deploy the stack on an AWS of its own, and let all its models learn."""
        shop, state = ApiShop.generate(), folder / "state.db"
        with Deployment.on_a_new_aws(folder, NAME, state=state) as stack:
            stack.deploy(ApiStack)
            # The interactions come last, since they are what models are trained for.
            for kind in sorted(shop.rows, key=lambda kind: kind is DatasetType.INTERACTIONS):
                name = kind.lower()
                stack.put(f"import/{name}/{name}.csv", as_csv(shop.rows[kind]))

            def is_learnt() -> bool:
                personalize = stack.personalize
                models = [
                    *personalize.list_campaigns()["campaigns"],
                    *personalize.list_recommenders()["recommenders"],
                ]
                return [model["status"] for model in models] == ["ACTIVE"] * (
                    len(MODELS) + len(VIDEO_MODELS)
                )

            stack.wait(is_learnt)
            yield cls(stack, shop, Journal(state))

    def get(
        self, path: str, query: Query | None = None, headers: Mapping[str, str] | None = None
    ) -> Answered:
        """Send a GET."""
        asked = urlencode(query or {}, doseq=True, quote_via=quote, safe="")
        return self.send("GET", f"{path}?{asked}" if asked else path, headers=headers)

    def post(self, path: str, body: object) -> Answered:
        """Send a POST of JSON."""
        return self.send("POST", path, body=body)

    def ask(self, route: ApiRoute, **more: str) -> Answered:
        """Ask a route what it needs to be asked, and more."""
        if route is ApiRoute.RANKING:
            return self.post("/ranking", {"userId": USER, "itemIds": GIVEN, **more})
        return self.get(f"/{route}", {**ASKED[route], **more})

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Answered:
        """Send a request."""
        url = self.stack.aws.local_url(self.stack.outputs[self.output])
        return send(method, url.rstrip("/") + path, headers=headers, body=body)

    def refresh(self, model: str) -> dict[str, Any]:
        """Let the function do what the rule lets it do every hour, and return its answer."""
        answer = self.stack.client("lambda").invoke(
            FunctionName=self.stack.outputs["FunctionName"],
            Payload=json.dumps({"refresh": [model]}).encode(),
        )
        read: dict[str, Any] = json.loads(answer["Payload"].read())
        return read
