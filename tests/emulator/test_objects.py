"""Buckets behind an S3 endpoint, as jobs use them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from personalize_emulator.bulk.files import Destination, read_folder
from personalize_emulator.errors import JobFailedError
from personalize_emulator.objects import ObjectNotFoundError, ObjectStorageError, S3Objects

KEY = "arn:aws:kms:us-east-1:123456789012:key/0d0e"


@dataclass
class Endpoint:
    """An S3 that takes every object but those of the bucket `closed`, and has none.

    Attributes:
        url: Where it is.
        puts: The headers of every PUT, in lower case.
    """

    url: str = ""
    puts: list[dict[str, str]] = field(default_factory=list)

    def put(self, path: str, headers: dict[str, str]) -> int:
        self.puts.append(headers)
        return 403 if path.startswith("/closed/") else 200


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    found = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.answer(found.put(self.path, headers))

        def do_GET(self) -> None:
            self.answer(404)

        def answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        found.url = f"http://127.0.0.1:{server.server_port}"
        yield found
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def objects(endpoint: Endpoint) -> S3Objects:
    return S3Objects(endpoint.url, access_key_id="123456789012", secret_access_key="test")


def test_an_object_is_encrypted_with_the_key_that_is_given(
    endpoint: Endpoint, objects: S3Objects
) -> None:
    objects.put("data", "key", b"body", kms_key_arn=KEY)
    headers = endpoint.puts[-1]
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == KEY


def test_an_object_is_encrypted_as_the_bucket_says_without_a_key(
    endpoint: Endpoint, objects: S3Objects
) -> None:
    objects.put("data", "key", b"body")
    assert not [name for name in endpoint.puts[-1] if "encryption" in name]


def test_an_object_that_cannot_be_written_is_named(objects: S3Objects) -> None:
    with pytest.raises(ObjectStorageError, match=r"s3://closed/key: .*403"):
        objects.put("closed", "key", b"body")


def test_an_object_that_is_not_there_is_named(objects: S3Objects) -> None:
    with pytest.raises(ObjectNotFoundError, match="s3://data/key"):
        objects.get("data", "key")


def test_a_bucket_that_cannot_be_is_named(objects: S3Objects) -> None:
    with pytest.raises(ObjectNotFoundError, match="s3://no bucket!/key"):
        objects.get("no bucket!", "key")


def test_a_job_fails_that_cannot_write(objects: S3Objects) -> None:
    destination = Destination(objects, {"path": "s3://closed/out"})
    with pytest.raises(JobFailedError, match="The output cannot be written: s3://closed/out/name"):
        destination.write("name", b"body")


def test_a_job_fails_that_cannot_read(objects: S3Objects) -> None:
    with pytest.raises(JobFailedError, match="The data cannot be read: s3://data/"):
        list(read_folder(objects, "s3://data/", most_bytes=None))
