"""The deployed stack as its users see it: a bucket, a stream, an API, and a pipeline to watch."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.httpsession

from demo.cloud import Cloud
from demo.progress import DemoError

_POLL_SECONDS = 0.25
_MAX_RECORDS = 500  # of one PutRecords
OK = 200
UNAVAILABLE = 503


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    headers: Mapping[str, str]
    body: dict[str, Any]

    @property
    def item_ids(self) -> list[str]:
        """The ids of the items, best first."""
        return [item["itemId"] for item in self.body["items"]]


class DeployedStack:
    """One deployed recommendation service."""

    def __init__(self, aws: Cloud, outputs: Mapping[str, str]) -> None:
        """Keep the outputs of the stack.

        Args:
            aws: Where it is deployed.
            outputs: Its outputs; the names end in a hash that the CDK adds.
        """
        self._aws = aws
        self._outputs = outputs
        options: Mapping[str, Any] = aws.client_options
        self._session: Any = boto3.Session(  # its types know no service by a variable name
            options.get("aws_access_key_id"), options.get("aws_secret_access_key")
        )
        self._http = botocore.httpsession.URLLib3Session()
        self._settled: set[str] = set()
        self._clients: dict[str, Any] = {}

    def output(self, name: str) -> str:
        """Return an output of the service.

        Raises:
            DemoError: The stack has no such output.
        """
        for key, value in self._outputs.items():
            if name in key:
                return value
        msg = f"the stack has no output {name}, only {', '.join(self._outputs) or 'none'}"
        raise DemoError(msg)

    @property
    def api_url(self) -> str:
        """The URL under which the API answers."""
        return self._aws.local_url(self.output("ApiUrl")).rstrip("/")

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        """Return a boto3 client, the same each time: it takes longer to make than to use."""
        if service not in self._clients:
            self._clients[service] = self._session.client(service, **self._aws.client_options)
        return self._clients[service]

    def upload(self, files: Iterable[Path]) -> None:
        """Put CSV files where the pipeline looks for them."""
        self._settled = self._runs(running=False)
        bucket = self.client("s3")
        for file in files:
            key = f"import/{file.stem}/{file.name}"
            bucket.upload_file(str(file), self.output("BucketName"), key)

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        *,
        signed: bool = True,
    ) -> Answer:
        """Send a request to the API, signed as IAM wants it."""
        url = f"{self.api_url}{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        request = botocore.awsrequest.AWSRequest(
            method, url, data=data, headers={"content-type": "application/json"} if data else {}
        )
        if signed:
            credentials = self._session.get_credentials().get_frozen_credentials()
            botocore.auth.SigV4Auth(credentials, "execute-api", self._aws.region).add_auth(request)
        response = self._http.send(request.prepare())
        text = response.content.decode()
        try:
            answer = json.loads(text) if text else {}
        except ValueError as error:
            msg = f"{method} {url} answered {response.status_code} with no JSON: {text[:200]!r}"
            raise DemoError(msg) from error
        return Answer(response.status_code, dict(response.headers), answer)

    def recommend(self, user_id: str, num_results: int = 10) -> list[str]:
        """Return the ids of the items that a user is recommended.

        Raises:
            DemoError: The API did not answer 200.
        """
        query = {"userId": user_id, "numResults": str(num_results)}
        return self._items(self.ask("GET", "/recommendations", query))

    def related(self, item_id: str, num_results: int = 10) -> list[str]:
        """Return the ids of the items that are like an item."""
        query = {"itemId": item_id, "numResults": str(num_results)}
        return self._items(self.ask("GET", "/related", query))

    def rank(self, user_id: str, item_ids: list[str]) -> list[str]:
        """Return items in the order that a user would like them."""
        return self._items(
            self.ask("POST", "/ranking", body={"userId": user_id, "itemIds": item_ids})
        )

    @staticmethod
    def _items(answer: Answer) -> list[str]:
        if answer.status != OK:
            msg = f"the API answered {answer.status}: {json.dumps(answer.body)}"
            raise DemoError(msg)
        return answer.item_ids

    def send(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Put events on the stream, as a web shop does: the session is the partition key."""
        records = [
            {"Data": json.dumps(event).encode(), "PartitionKey": str(event["sessionId"])}
            for event in events
        ]
        kinesis = self.client("kinesis")
        for start in range(0, len(records), _MAX_RECORDS):
            answer = kinesis.put_records(
                StreamName=self.output("StreamName"), Records=records[start : start + _MAX_RECORDS]
            )
            if answer["FailedRecordCount"]:
                msg = f"the stream refused {answer['FailedRecordCount']} of {len(records)} records"
                raise DemoError(msg)

    def events_of(self, user_id: str, item_ids: Iterable[str]) -> list[dict[str, Any]]:
        """Return the events of a user who looks at items and buys them, one a second."""
        now = int(datetime.now(tz=UTC).timestamp())
        return [
            {
                "userId": user_id,
                "sessionId": f"{user_id}-{now}",
                "eventType": event_type,
                "itemId": item_id,
                "sentAt": now + 2 * number + (event_type == "Purchase"),
            }
            for number, item_id in enumerate(item_ids)
            for event_type in ("View", "Purchase")
        ]

    def wait_until_learnt(
        self,
        say: Callable[[str], None],
        models: int,
        timeout: float = 300,
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        """Wait until the pipeline has taken up the last upload and every model serves.

        Args:
            say: Told what is under way.
            models: How many campaigns have to be active.
            timeout: When to give up, in seconds.
            poll_seconds: How long to wait between two looks.

        Raises:
            DemoError: A run of the pipeline failed, or it takes too long.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            # A run before the last upload says nothing about it; the upload starts one at least.
            ended = self._runs(running=False) - self._settled
            for run in ended:
                self._check(run)
            active = self._active_campaigns()
            if ended and active == models and not self._runs(running=True):
                return
            say(self._under_way(active, models))
            time.sleep(poll_seconds)
        msg = f"the pipeline did not end within {timeout:.0f} s: {self._under_way(0, models)}"
        raise DemoError(msg)

    def _runs(self, *, running: bool) -> set[str]:
        """Return the ARNs of the executions of the pipeline that run, or that have ended."""
        pages = (
            self.client("stepfunctions")
            .get_paginator("list_executions")
            .paginate(stateMachineArn=self.output("StateMachineArn"))
        )
        return {
            run["executionArn"]
            for page in pages
            for run in page["executions"]
            if (run["status"] == "RUNNING") == running
        }

    def _check(self, run: str) -> None:
        run_details = self.client("stepfunctions").describe_execution(executionArn=run)
        if run_details["status"] != "SUCCEEDED":
            cause = run_details.get("cause") or run_details.get("error") or "no cause was given"
            msg = f"the pipeline {run_details['status'].lower()}: {cause}"
            raise DemoError(msg)

    def _active_campaigns(self) -> int:
        campaigns = self._of_each_solution("list_campaigns", "campaigns")
        return sum(campaign["status"] == "ACTIVE" for campaign in campaigns)

    def _under_way(self, active: int, models: int) -> str:
        imports = [
            job
            for dataset in self._pages("list_datasets", "datasets", datasetGroupArn=self._group)
            for job in self._pages(
                "list_dataset_import_jobs", "datasetImportJobs", datasetArn=dataset["datasetArn"]
            )
        ]
        versions = self._of_each_solution("list_solution_versions", "solutionVersions")
        imported = sum(job["status"] == "ACTIVE" for job in imports)
        trained = sum(version["status"] == "ACTIVE" for version in versions)
        return (
            f"{imported} of {len(imports)} imports, {trained} of {len(versions)} trainings,"
            f" {active} of {models} campaigns"
        )

    @property
    def _group(self) -> str:
        return self.output("DatasetGroupArn")

    def _of_each_solution(self, operation: str, listed: str) -> list[dict[str, Any]]:
        """Return a list of the service for the solutions of this stack, and no other's."""
        gone = self.client("personalize").exceptions.ResourceNotFoundException
        found: list[dict[str, Any]] = []
        for solution in self._pages("list_solutions", "solutions", datasetGroupArn=self._group):
            with contextlib.suppress(gone):  # it was deleted meanwhile, as one that is replaced is
                found += self._pages(operation, listed, solutionArn=solution["solutionArn"])
        return found

    def _pages(self, operation: str, listed: str, **arguments: str) -> list[dict[str, Any]]:
        pages = self.client("personalize").get_paginator(operation).paginate(**arguments)
        return [entry for page in pages for entry in page[listed]]

    def wait_for_change(
        self,
        user_id: str,
        before: list[str],
        timeout: float = 60,
        poll_seconds: float = _POLL_SECONDS,
    ) -> list[str]:
        """Wait until a user's list is another one, and has come to rest.

        Raises:
            DemoError: The list stayed as it was.
        """
        deadline = time.monotonic() + timeout
        last = before
        while time.monotonic() < deadline:
            time.sleep(poll_seconds)
            now = self.recommend(user_id, len(before))
            if now != before and now == last:
                return now
            last = now
        msg = f"the recommendations of user {user_id} did not change within {timeout:.0f} s"
        raise DemoError(msg)
