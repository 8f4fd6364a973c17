"""`make demo-stop`: end the local AWS that `make demo KEEP=1` left running."""

import sys

from demo.cdk_cli import ROOT
from personalize_emulator.local import LocalAws, LocalAwsError


def main() -> int:
    """Stop it; return the exit code."""
    try:
        LocalAws.connect(ROOT / ".demo" / "aws").stop()
    except LocalAwsError as error:
        print(error)
        return 0
    print("local AWS has ended")
    return 0


if __name__ == "__main__":
    sys.exit(main())
