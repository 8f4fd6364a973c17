"""The journal of the emulator, where what Amazon Personalize has been told can be read."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


@dataclass(frozen=True)
class Journal:
    """The journal of a local AWS.

    Attributes:
        state: The file that the local AWS keeps its state in.
    """

    state: Path

    def ask(self, query: str, *values: str) -> list[Any]:
        """Ask a copy of it: the service keeps the file to itself."""
        with TemporaryDirectory() as folder:
            for file in self.state.parent.glob(f"{self.state.name}*"):
                if file.is_file():
                    shutil.copy(file, folder)
            # What only reads does not write the log into the file at the end.
            copy = f"{(Path(folder) / self.state.name).as_uri()}?mode=ro"
            with closing(sqlite3.connect(copy, uri=True)) as journal:
                return journal.execute(query, values).fetchall()
