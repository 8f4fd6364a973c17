"""What answers where a model does not: another model, the last good list, a list of the stack."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from personalize_runtime.aws_client import AwsClient
from personalize_runtime.observability import logger
from personalize_runtime.service_errors import code_of
from personalize_runtime.strict_json import json_of, read_json
from recommend.personalize_requests import Entries, are_entries

_KEPT_SECONDS = 300.0
# A bucket that does not answer holds up a request now and then, and is back soon after it is well.
_KEPT_AFTER_FAILURE_SECONDS = 10.0


class LastGoodLists:
    """The last good list of each model, in a bucket: it outlives the function and the model.

    Attributes:
        client: Amazon S3.
    """

    def __init__(
        self,
        client: AwsClient,
        bucket: str,
        prefix: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep lists in a bucket.

        Args:
            client: Amazon S3.
            bucket: The name of the bucket.
            prefix: What the keys begin with.
            clock: Tells the time in seconds.
        """
        self.client = client
        self._bucket = bucket
        self._prefix = prefix
        self._clock = clock
        self._read: dict[str, Entries | None] = {}
        self._next_read: dict[str, float] = {}

    def put(self, model: str, entries: Sequence[Mapping[str, Any]]) -> None:
        """Keep the list of a model.

        Raises:
            ClientError: If the bucket refuses it.
            OSError, http.client.HTTPException: If it does not answer.
        """
        self.client.put_object(self._bucket, self._key(model), json_of(entries).encode())

    def get(self, model: str, *, within: float) -> Entries | None:
        """Return the last good list of a model, or None if it cannot be had.

        Args:
            model: The name of the model.
            within: The seconds that reading it may take.
        """
        if self._clock() < self._next_read.get(model, -math.inf):
            return self._read[model]
        seconds = _KEPT_SECONDS
        # What was read before is still better than nothing.
        found = self._read.get(model)
        try:
            found = self._list(model, within)
        except Exception as error:
            seconds = _KEPT_AFTER_FAILURE_SECONDS
            logger.warning(
                "the last good list could not be read",
                extra={"model": model, "cause": code_of(error)},
            )
        self._read[model] = found
        self._next_read[model] = self._clock() + seconds
        return found

    def _list(self, model: str, within: float) -> Entries:
        content = self.client.get_object(self._bucket, self._key(model), within=within)
        entries = read_json(content.decode())
        if not are_entries(entries, "itemId"):
            msg = "the object is no list of items"
            raise ValueError(msg)
        return entries

    def _key(self, model: str) -> str:
        return f"{self._prefix}{model}.json"
