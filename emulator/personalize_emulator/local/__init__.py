"""A whole AWS on this machine, with Amazon Personalize in it.

This side starts and stops it; the server runs in an interpreter of its own, where MiniStack is
installed (``pip install cdk-personalize[local]``), and nothing here imports it.
"""

from personalize_emulator.local.local_aws import LocalAws, LocalAwsError

__all__ = ["LocalAws", "LocalAwsError"]
