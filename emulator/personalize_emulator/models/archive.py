"""The bytes of a trained model: a JSON header and numpy arrays, never code."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

_HEADER = "header"
# What numpy, zipfile and json raise at bytes that are no archive, or half of one.
_UNREADABLE = (AttributeError, EOFError, KeyError, OSError, TypeError, ValueError, BadZipFile)

if TYPE_CHECKING:
    Matrix: TypeAlias = sparse.csr_array[Any, tuple[int, int]]
else:  # older scipy takes no subscript
    Matrix = sparse.csr_array


@dataclass(frozen=True)
class Archive:
    """A model taken apart.

    Attributes:
        kind: The kind of model, which names the class that reads the rest.
        header: What JSON can hold: ids, metrics, settings.
        arrays: The numbers.
    """

    kind: str
    header: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]

    def to_bytes(self) -> bytes:
        """Write the archive; the same archive gives the same bytes."""
        text = json.dumps({"kind": self.kind, "header": self.header}, separators=(",", ":"))
        columns = {_HEADER: np.frombuffer(text.encode(), dtype=np.uint8), **self.arrays}
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **columns)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, blob: bytes) -> Self:
        """Read an archive.

        Raises:
            ValueError: If the bytes are not an archive.
        """
        try:
            with np.load(io.BytesIO(blob), allow_pickle=False) as columns:
                arrays = {name: columns[name] for name in columns.files}
            document = json.loads(arrays.pop(_HEADER).tobytes())
            return cls(document["kind"], document["header"], arrays)
        except _UNREADABLE as error:
            msg = f"not a model: {error}"
            raise ValueError(msg) from error

    def renamed(self, kind: str) -> Self:
        """The same archive for a model of another kind."""
        return replace(self, kind=kind)

    def matrix(self, name: str) -> Matrix:
        """The sparse matrix that `matrix_columns` took apart."""
        rows, columns = self.arrays[f"{name}_shape"].tolist()
        parts = tuple(self.arrays[f"{name}_{part}"] for part in ("data", "indices", "indptr"))
        return sparse.csr_array(parts, shape=(rows, columns))


def matrix_columns(name: str, matrix: Matrix) -> dict[str, NDArray[Any]]:
    """Take a sparse matrix apart for an archive."""
    return {
        f"{name}_data": matrix.data,
        f"{name}_indices": matrix.indices,
        f"{name}_indptr": matrix.indptr,
        f"{name}_shape": np.array(matrix.shape, dtype=np.int64),
    }
