"""What the function of the API tells CloudWatch of its answers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.handlers.declared_api import DeclaredApi, declared_api
from tests.handlers.upstream import Answer, refused


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[DeclaredApi]:
    routes = {"trending": {"fallbacks": [{"ids": ["a"]}], "keep": 60}}
    with declared_api(monkeypatch, ROUTES=routes) as declared:
        yield declared


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Any:
    def read() -> list[dict[str, Any]]:
        told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return [line for line in told if "_aws" in line]

    return read


def test_an_answer_is_one_line(api: DeclaredApi, lines: Any) -> None:
    api.get("/trending")

    (line,) = lines()
    assert (line["route"], line["model"], line["servedBy"]) == ("trending", "rising", "campaign")
    assert (line["Requests"], line["Failures"], line["Fallbacks"]) == (1, 0, 0)
    assert line["Latency"] > 0


def test_each_metric_has_its_dimensions(api: DeclaredApi, lines: Any) -> None:
    api.get("/trending")

    (line,) = lines()
    of_all, of_model = line["_aws"]["CloudWatchMetrics"]
    assert of_all["Dimensions"] == [["service"]]
    assert [metric["Name"] for metric in of_all["Metrics"]] == ["Requests", "Failures"]
    assert of_model["Dimensions"] == [["service"], ["service", "route", "model"]]
    assert of_model["Metrics"] == [
        {"Name": "Latency", "Unit": "Milliseconds"},
        {"Name": "Fallbacks", "Unit": "Count"},
        {"Name": "EmptyLists", "Unit": "Count"},
        {"Name": "CacheHits", "Unit": "Count"},
    ]


def test_every_value_and_dimension_is_in_the_line(api: DeclaredApi, lines: Any) -> None:
    api.get("/trending")

    (line,) = lines()
    for directive in line["_aws"]["CloudWatchMetrics"]:
        names = [metric["Name"] for metric in directive["Metrics"]]
        for name in (*names, *(one for of in directive["Dimensions"] for one in of)):
            assert name in line


def test_a_fallback_is_counted_for_the_model_that_was_asked(api: DeclaredApi, lines: Any) -> None:
    api.personalize.answer = lambda _: refused("InternalFailure", 500)

    api.get("/trending")

    (line,) = lines()
    assert (line["model"], line["Fallbacks"], line["Failures"]) == ("rising", 1, 0)
    assert line["servedBy"] == "static-list"


def test_an_empty_list_and_a_kept_one_are_counted(api: DeclaredApi, lines: Any) -> None:
    api.personalize.answer = lambda _: Answer({"itemList": []})

    api.get("/trending")
    api.get("/trending")

    first, second = lines()
    assert (first["EmptyLists"], first["CacheHits"]) == (1, 0)
    assert (second["EmptyLists"], second["CacheHits"]) == (1, 1)


def test_a_failure_is_counted(api: DeclaredApi, lines: Any) -> None:
    api.personalize.answer = lambda _: refused("InternalFailure", 500)

    api.get("/recommendations", userId="ann")

    (line,) = lines()
    assert (line["Requests"], line["Failures"]) == (1, 1)
    assert "Latency" not in line


def test_no_user_is_named_unless_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, api: DeclaredApi, lines: Any
) -> None:
    api.get("/recommendations", userId="ann")
    with declared_api(monkeypatch, LOG_USER_IDS="1") as naming:
        naming.get("/recommendations", userId="ann")
        naming.get("/trending")

    silent, told, of_nobody = lines()
    assert "userId" not in silent
    assert told["userId"] == "ann"
    assert "userId" not in of_nobody


def test_nothing_is_told_twice(api: DeclaredApi, lines: Any) -> None:
    api.get("/trending")
    api.get("/health")

    _, health = lines()
    assert "Latency" not in health
    assert health["Requests"] == 1
