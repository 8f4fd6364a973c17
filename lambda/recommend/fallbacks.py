"""What answers where a model does not: another model, the last good list, a list of the stack."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from personalize_runtime.aws_client import AwsClient
from personalize_runtime.observability import logger
from personalize_runtime.service_errors import code_of
from personalize_runtime.strict_json import json_of

_KEPT_SECONDS = 300.0


Entries = list[dict[str, Any]]


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
        self._read: dict[str, tuple[float, Entries | None]] = {}

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
        known = self._read.get(model)
        if known is not None and self._clock() - known[0] < _KEPT_SECONDS:
            return known[1]
        try:
            content = self.client.get_object(self._bucket, self._key(model), within=within)
            entries = json.loads(content)
        except Exception as error:
            logger.warning(
                "the last good list could not be read",
                extra={"model": model, "cause": code_of(error)},
            )
            # What was read before is still better than nothing.
            found = known[1] if known else None
        else:
            found = entries if isinstance(entries, list) else None
        self._read[model] = (self._clock(), found)
        return found

    def _key(self, model: str) -> str:
        return f"{self._prefix}{model}.json"
