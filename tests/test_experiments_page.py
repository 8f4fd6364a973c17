"""The page about experiments is true: its stack synthesises, and its texts are what is read."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsonschema
import pytest
from aws_cdk.assertions import Annotations, Match, Template

from recommend.experiments import Experiment

DOCS = Path(__file__).parents[1] / "docs"
PAGE = DOCS / "experiments.md"
SCHEMA = json.loads((DOCS / "events.schema.json").read_text(encoding="utf-8"))

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def blocks(language: str) -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    return [body for tag, body in _BLOCK.findall(text) if tag == language]


@cache
def stack() -> cdk.Stack:
    shop = cdk.Stack(cdk.App(), "Shop")
    names: dict[str, object] = {"self": shop}
    for example in blocks("python"):
        exec(compile(example, str(PAGE), "exec"), names)
    return shop


@cache
def template() -> Template:
    return Template.from_stack(stack())


def deployed_experiment() -> dict[str, Any]:
    functions = template().find_resources("AWS::Lambda::Function").values()
    variables = [one["Properties"].get("Environment", {}).get("Variables") for one in functions]
    (routes,) = [each["ROUTES"] for each in variables if each and "ROUTES" in each]
    text = routes if isinstance(routes, str) else "".join(map(_as_text, routes["Fn::Join"][1]))
    experiment: dict[str, Any] = json.loads(text)["recommendations"]["experiment"]
    return experiment


def _as_text(part: str | dict[str, Any]) -> str:
    return part if isinstance(part, str) else "token"


def allowed_actions() -> set[str]:
    policies = template().find_resources("AWS::IAM::Policy").values()
    actions: set[str] = set()
    for policy in policies:
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            given = statement["Action"]
            actions |= {given} if isinstance(given, str) else set(given)
    return actions


def test_the_stack_synthesises() -> None:
    assert Annotations.from_stack(stack()).find_error("*", Match.any_value()) == []
    assert template().find_resources("AWS::CloudWatch::Dashboard")


def test_the_function_is_told_of_the_experiment() -> None:
    experiment = deployed_experiment()

    assert experiment["name"] == "launch"
    assert experiment["weights"] == {"for-you": 90, "new": 10}
    assert experiment["parameter"]


def test_the_function_may_put_exposures_and_read_the_weights() -> None:
    assert {"kinesis:PutRecord", "ssm:GetParameter"} <= allowed_actions()


def test_the_weights_of_the_parameter_are_read() -> None:
    deployed = Experiment.of("launch", deployed_experiment()["weights"])
    (parameter,) = template().find_resources("AWS::SSM::Parameter").values()
    (put,) = re.findall(r"--value '([^']+)'", "".join(blocks("sh")))

    assert deployed.reweighted(parameter["Properties"]["Value"]) == deployed
    assert deployed.reweighted(put).weights == {"for-you": 0.5, "new": 0.5}


def test_the_events_are_what_the_stream_takes() -> None:
    _, *events = map(json.loads, blocks("json"))

    assert [event["eventType"] for event in events] == ["Click", "exposure"]
    for event in events:
        jsonschema.validate(event, SCHEMA)


def test_the_events_are_credited_as_the_answer_says() -> None:
    answer, *events = map(json.loads, blocks("json"))
    source = Experiment.of("launch", {"new": 1}).source("new")

    assert answer["metricAttribution"] == {"eventAttributionSource": source}
    for event in events:
        assert event["metricAttribution"] == answer["metricAttribution"]
        assert event["recommendationId"] == answer["recommendationId"]


@pytest.mark.parametrize("metric", ["CLICKS", "PURCHASES"])
@pytest.mark.parametrize("variant", ["for-you", "new"])
def test_the_dashboard_has_the_rate_of_each_variant(metric: str, variant: str) -> None:
    (dashboard,) = template().find_resources("AWS::CloudWatch::Dashboard").values()
    body = "".join(map(_as_text, dashboard["Properties"]["DashboardBody"]["Fn::Join"][1]))
    expressions = [
        each["expression"]
        for widget in json.loads(body)["widgets"]
        for (each,) in widget["properties"]["metrics"]
    ]

    def total(name: str) -> str:
        return f"SUM(SEARCH('\"launch/{variant}\" MetricName=\"{name}\"', 'Sum', 86400))"

    assert f"100 * {total(metric)} / {total('EXPOSURES')}" in expressions


def test_the_links_lead_somewhere() -> None:
    for link in _LINK.findall(PAGE.read_text(encoding="utf-8")):
        file, _, heading = link.partition("#")
        target = DOCS / file if file else PAGE
        headings = _HEADING.findall(target.read_text(encoding="utf-8"))
        slugs = {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}
        assert not heading or heading in slugs, link
