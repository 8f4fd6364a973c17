"""`make demo-stop`: end the local AWS that `make demo KEEP=1` left running."""

import sys
from pathlib import Path

from demo.cdk_cli import ROOT
from personalize_emulator.local import LocalAws, LocalAwsError


def stop_kept(directory: Path) -> bool:
    """Stop the local AWS that was left running in a folder; return whether there was one."""
    try:
        LocalAws.connect(directory).stop()
    except LocalAwsError:
        return False
    return True


def main() -> int:
    """Stop it; return the exit code."""
    ended = stop_kept(ROOT / ".demo" / "aws")
    print("local AWS has ended" if ended else "no local AWS was left running")
    return 0


if __name__ == "__main__":
    sys.exit(main())
