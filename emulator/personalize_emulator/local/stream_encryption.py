"""Encryption of ``AWS::Kinesis::Stream``, which MiniStack's CloudFormation leaves out."""

from __future__ import annotations

from ministack.services import kinesis

from personalize_emulator.local.provisioning import Properties, also_apply

_STREAM = "AWS::Kinesis::Stream"


def install() -> None:
    """Let creates and updates of streams start and stop their encryption."""
    also_apply(_STREAM, _encrypt)


def _encrypt(name: str, props: Properties) -> None:
    encryption = props.get("StreamEncryption")
    if encryption:
        kinesis._start_stream_encryption({"StreamName": name, **encryption})
    else:
        kinesis._stop_stream_encryption({"StreamName": name})
