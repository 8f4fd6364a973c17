"""Processes and their groups, as the client's side of local AWS sees them."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

_PROC = Path("/proc/self/stat")  # macOS has none


def signal_group(group: int, number: int) -> bool:
    """Send a signal to a process group; False when it has no process any more."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS, for a group of zombies alone
        return False
    return True


def group_lives(group: int) -> bool:
    """Whether a group has a process that has not ended; one that nobody has reaped has ended."""
    if not signal_group(group, 0):
        return False
    if not _PROC.exists():
        return True
    for stat in _PROC.parent.parent.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            state, _parent, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in {"Z", "X"}:
                return True
    return False


def command_of(pid: int) -> str:
    """The command line of a process, empty when there is none."""
    if _PROC.exists():
        try:
            path = _PROC.parent.parent / str(pid) / "cmdline"
            return path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    listing = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout
