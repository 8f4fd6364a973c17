"""How long GetRecommendations takes, in process, with a hundred thousand items to choose from.

Of many requests it is the time that 99 of 100 do not exceed. The users have a history, the items
are described, users have a country, and the model is that of aws-user-personalization-v2.
"""

import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figure import Figure
from cdk_personalize.avro_schema import AvroSchema, DatasetType, SchemaField
from personalize_emulator.generated_data import write_shop
from personalize_emulator.objects import MemoryObjects
from personalize_emulator.service import HttpRequest, PersonalizeService

_USERS, _ITEMS, _INTERACTIONS = 20_000, 100_000, 400_000
_REQUESTS, _WARM_UP = 2000, 100
_FACTORS = 64
_ROLE = "arn:aws:iam::123456789012:role/personalize"
_HEADERS = {"Content-Type": "application/json"}

_FIELDS: Mapping[DatasetType, Sequence[SchemaField]] = {
    DatasetType.INTERACTIONS: (
        SchemaField.string("EVENT_TYPE"),
        SchemaField.float("EVENT_VALUE", nullable=True),
    ),
    DatasetType.ITEMS: (
        SchemaField.float("PRICE"),
        SchemaField.string("CATEGORY_L1", categorical=True),
        SchemaField.long("CREATION_TIMESTAMP"),
        SchemaField.string("PRODUCT_DESCRIPTION", textual=True),
    ),
    DatasetType.USERS: (SchemaField.string("COUNTRY", categorical=True),),
}
_FILES = {
    DatasetType.INTERACTIONS: "interactions.csv",
    DatasetType.ITEMS: "items.csv",
    DatasetType.USERS: "users.csv",
}


def run() -> dict[str, Figure]:
    """Measure requests; a product with dense factors and a full sort; and a partition alone."""
    random = np.random.default_rng(0)
    factors = random.standard_normal((_ITEMS, _FACTORS), dtype=np.float32)
    tastes = random.standard_normal((_WARM_UP + _REQUESTS, _FACTORS), dtype=np.float32)
    scores = random.standard_normal(_ITEMS, dtype=np.float32)
    return {
        "emulator.recommend_p99": Figure(
            unit="ms",
            ours=_asked(),
            naive=_p99(lambda number: np.argsort(-(factors @ tastes[number]))[:25]),
            floor=_p99(lambda _: np.argpartition(scores, _ITEMS - 25)[_ITEMS - 25 :]),
        )
    }


def _p99(do: Callable[[int], object]) -> float:
    """Return the time, in ms, that 99 of 100 do not exceed, after a warm-up."""
    taken = []
    for number in range(_WARM_UP + _REQUESTS):
        before = time.perf_counter()
        do(number)
        taken.append(time.perf_counter() - before)
    return float(np.percentile(taken[_WARM_UP:], 99) * 1000)


def _asked() -> float:
    """Ask a campaign for the customers of a generated shop, one after the other."""
    objects = MemoryObjects()
    with PersonalizeService(objects=objects) as service:
        campaign = _deploy(service, objects)

        def ask(number: int) -> None:
            body = {"campaignArn": campaign, "userId": f"U{1 + number % _USERS:05d}"}
            answer = service.handle(
                HttpRequest("POST", "/recommendations", _HEADERS, json.dumps(body).encode())
            )
            if answer.status != HTTPStatus.OK:
                raise RuntimeError(answer.body.decode())

        return _p99(ask)


def _deploy(service: PersonalizeService, objects: MemoryObjects) -> str:
    """Bring the shop into the service, train on it, and return the ARN of a campaign."""
    with tempfile.TemporaryDirectory() as folder:
        write_shop(Path(folder), users=_USERS, items=_ITEMS, interactions=_INTERACTIONS)
        for name in _FILES.values():
            objects.put("shop", name, (Path(folder) / name).read_bytes())
    group = _create(service, "DatasetGroup", {"name": "shop"})
    for dataset_type, fields in _FIELDS.items():
        schema = AvroSchema.of(dataset_type, fields).to_json()
        described = service.call("CreateSchema", {"name": dataset_type.value, "schema": schema})
        dataset = _create(
            service,
            "Dataset",
            {
                "name": dataset_type.value,
                "datasetType": dataset_type.value,
                "datasetGroupArn": group,
                "schemaArn": described["schemaArn"],
            },
        )
        _create(
            service,
            "DatasetImportJob",
            {
                "jobName": dataset_type.value,
                "datasetArn": dataset,
                "dataSource": {"dataLocation": f"s3://shop/{_FILES[dataset_type]}"},
                "roleArn": _ROLE,
            },
        )
    solution = _create(
        service,
        "Solution",
        {
            "name": "for-you",
            "datasetGroupArn": group,
            "recipeArn": "arn:aws:personalize:::recipe/aws-user-personalization-v2",
            "performAutoTraining": False,
        },
    )
    version = _create(service, "SolutionVersion", {"solutionArn": solution})
    return _create(service, "Campaign", {"name": "live", "solutionVersionArn": version})


def _create(service: PersonalizeService, kind: str, request: Mapping[str, Any]) -> str:
    """Create a resource, let time pass until it is there, and return its ARN."""
    member = kind[0].lower() + kind[1:]
    arn = str(service.call(f"Create{kind}", request)[f"{member}Arn"])
    while True:
        found = service.call(f"Describe{kind}", {f"{member}Arn": arn})[member]
        if found["status"] == "ACTIVE":
            return arn
        if found["status"] == "CREATE FAILED":
            raise RuntimeError(found["failureReason"])
        service.backend.clock.advance(60)
        time.sleep(0.01)
