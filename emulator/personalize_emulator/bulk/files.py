"""The files that jobs read and write: which objects a path stands for, and how much they may hold.

An import takes the files of a folder, a data deletion those of its sub-folders as well, and a batch
job every object whose key begins as its path does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from personalize_emulator.errors import JobFailedError
from personalize_emulator.objects import (
    ObjectNotFoundError,
    ObjectStorage,
    ObjectStorageError,
    ObjectSummary,
)
from personalize_emulator.store import Document

_PATH = re.compile(r"s3://(?P<bucket>[^/]+)/?(?P<key>.*)", re.DOTALL)


@dataclass(frozen=True)
class BulkFile:
    """A file that a job reads.

    Attributes:
        path: Where it is.
        name: Its path below the folder that was given.
        body: What is in it.
    """

    path: str
    name: str
    body: bytes


@dataclass(frozen=True)
class _Location:
    bucket: str
    key: str

    @classmethod
    def of(cls, path: str) -> Self:
        """Take a path apart.

        Raises:
            JobFailedError: It leads to no bucket.
        """
        match = _PATH.fullmatch(path)
        if match is None:
            msg = f"{path} is no S3 path of the form s3://bucket/key"
            raise JobFailedError(msg)
        return cls(match["bucket"], match["key"])

    @property
    def is_folder(self) -> bool:
        return not self.key or self.key.endswith("/")

    def path(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


def read_folder(
    objects: ObjectStorage,
    path: str,
    *,
    most_bytes: int | None,
    sub_folders: bool = False,
    extension: str = "",
) -> Iterator[BulkFile]:
    """Read the file at a path or, if it ends with a slash, the files of that folder.

    Args:
        objects: The buckets.
        path: The S3 path.
        most_bytes: How much the files may hold together; None is any amount.
        sub_folders: Whether the files of sub-folders count too.
        extension: How the name of a file in a folder must end; others are ignored.

    Raises:
        JobFailedError: There is no such file, or there is too much in them.
    """
    location = _Location.of(path)
    if not location.is_folder:
        body = _get(objects, location, location.key)
        _require_size(path, len(body), most_bytes)
        yield BulkFile(path, location.key.rpartition("/")[2], body)
        return
    entries = [
        entry
        for entry in _list(objects, location)
        if entry.key.endswith(extension)
        and (sub_folders or "/" not in entry.key.removeprefix(location.key))
    ]
    if not entries:
        msg = f"{path} has no {extension} files" if extension else f"{path} has no files"
        raise JobFailedError(msg)
    yield from _read(objects, location, entries, most_bytes)


def read_prefix(
    objects: ObjectStorage, path: str, *, most_files: int | None, most_bytes: int | None
) -> Iterator[BulkFile]:
    """Read every file whose path begins so.

    Args:
        objects: The buckets.
        path: The S3 path of a file, or how the paths of some begin.
        most_files: How many files there may be; None is any number.
        most_bytes: How much they may hold together; None is any amount.

    Raises:
        JobFailedError: There is no such file, there are too many, or there is too much in them.
    """
    location = _Location.of(path)
    entries = _list(objects, location)
    if not entries:
        msg = f"No file has a path that begins with {path}"
        raise JobFailedError(msg)
    if most_files is not None and len(entries) > most_files:
        msg = f"{len(entries)} files have a path that begins with {path}, at most {most_files} may"
        raise JobFailedError(msg)
    yield from _read(objects, location, entries, most_bytes)


class Destination:
    """The folder that a job writes to."""

    def __init__(self, objects: ObjectStorage, config: Document) -> None:
        """Write where a `s3DataDestination` says, encrypted with its `kmsKeyArn` if it has one.

        Raises:
            JobFailedError: Its path leads to no bucket.
        """
        self._objects = objects
        self._location = _Location.of(config["path"])
        self._kms_key_arn = config.get("kmsKeyArn")

    def write(self, name: str, body: bytes) -> None:
        """Write a file.

        Raises:
            JobFailedError: It cannot be written.
        """
        folder = self._location.key
        if not self._location.is_folder:
            folder += "/"
        try:
            self._objects.put(
                self._location.bucket, folder + name, body, kms_key_arn=self._kms_key_arn
            )
        except ObjectStorageError as error:
            msg = f"The output cannot be written: {error}"
            raise JobFailedError(msg) from error


def _list(objects: ObjectStorage, location: _Location) -> Sequence[ObjectSummary]:
    try:
        entries = objects.list(location.bucket, location.key)
    except ObjectNotFoundError as error:
        msg = f"The data cannot be read: {error}"
        raise JobFailedError(msg) from error
    # An object whose key ends with a slash is how the console makes a folder.
    return [entry for entry in entries if not entry.key.endswith("/")]


def _read(
    objects: ObjectStorage,
    location: _Location,
    entries: Sequence[ObjectSummary],
    most_bytes: int | None,
) -> Iterator[BulkFile]:
    total = sum(entry.size for entry in entries)
    _require_size(location.path(location.key), total, most_bytes)
    folder = location.key[: location.key.rfind("/") + 1]
    for entry in entries:
        body = _get(objects, location, entry.key)
        yield BulkFile(location.path(entry.key), entry.key.removeprefix(folder), body)


def _get(objects: ObjectStorage, location: _Location, key: str) -> bytes:
    try:
        return objects.get(location.bucket, key)
    except ObjectNotFoundError as error:
        msg = f"The data cannot be read: {error}"
        raise JobFailedError(msg) from error


def _require_size(path: str, size: int, most: int | None) -> None:
    if most is not None and size > most:
        msg = f"{path} holds {size} bytes, at most {most} are allowed"
        raise JobFailedError(msg)
