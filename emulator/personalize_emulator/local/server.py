"""The server's side of local AWS: MiniStack, with what it lacks, in an interpreter of its own.

``python -m personalize_emulator.local.server --port 4566 --directory .local``
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

_HOST = "127.0.0.1"
_TERM_SECONDS = 3.0
_SAVE_SECONDS = 15.0
_REFUSED = 2
_DETACH = b"detach"
_STANDARD_INPUT = 0


def main() -> None:
    """Run until stopped, or until the process that holds the lifeline is gone."""
    options = _options()
    _configure(options)

    # MiniStack reads its settings when it is imported, so not before.
    from ministack import app  # noqa: PLC0415

    from personalize_emulator.errors import StateFileError  # noqa: PLC0415
    from personalize_emulator.local import (  # noqa: PLC0415
        authorization,
        buckets,
        cloudformation,
        cross_origin,
        delivery_streams,
        event_bus,
        event_source_mapping,
        function_logs,
        function_workers,
        hooks,
        personalize,
        personalize_tasks,
        rule_targets,
        stepfunctions,
        stream_encryption,
        token_signatures,
        web_acls,
    )

    if missing := hooks.missing():
        _refuse("this MiniStack does not fit; it lacks " + ", ".join(missing))
    endpoint_url = f"http://{_HOST}:{options.port}"
    try:
        service = personalize.install(
            endpoint_url=endpoint_url,
            speed=options.speed,
            seed=options.seed,
            state=options.state,
            throttling=options.throttling,
        )
    except StateFileError as error:
        _refuse(str(error))
    cloudformation.install(service)
    stepfunctions.install(speed=options.speed)
    personalize_tasks.install(service)
    event_source_mapping.install(endpoint_url)
    delivery_streams.install(endpoint_url, speed=options.speed)
    event_bus.install()
    function_logs.install()
    function_workers.install()
    rule_targets.install()
    buckets.install()
    cross_origin.install()
    stream_encryption.install()
    token_signatures.install()
    web_acls.install()
    authorization.install()
    if options.lifeline:
        threading.Thread(
            target=_end_with_parent, args=(options.state,), name="lifeline", daemon=True
        ).start()
    sys.argv = ["ministack"]  # it parses them again
    try:
        app.main()
    finally:
        service.close()


def _refuse(reason: str) -> NoReturn:
    """End before anything began; the last line is the reason, for whoever started this."""
    print(" ".join(reason.split()), file=sys.stderr)
    sys.exit(_REFUSED)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="personalize_emulator.local.server", description=__doc__)
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--directory", type=Path, default=Path(".local"))
    parser.add_argument("--speed", type=float, default=1000.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--account", default="123456789012")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--node-path", type=Path)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--throttling", action="store_true")
    parser.add_argument("--auth", action="store_true")
    parser.add_argument("--lifeline", action="store_true", help="end when standard input does")
    return parser.parse_args()


def _configure(options: argparse.Namespace) -> None:
    temporary = options.directory.absolute() / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    rest = temporary / "state"
    if options.state is not None:
        rest = options.state.with_name(options.state.name + ".aws")
    os.environ.update(
        {
            # Its own default is every interface; and MQTT opens a port of its own, on all of them.
            "BIND_HOST": _HOST,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "GATEWAY_PORT": str(options.port),
            # The host of the URLs that it gives out: `localhost` may mean ::1, where nobody is.
            "MINISTACK_HOST": _HOST,
            # Unsigned requests, as those to an open API, belong to the same account.
            "MINISTACK_ACCOUNT_ID": options.account,
            "MINISTACK_REGION": options.region,
            "AWS_REGION": options.region,
            "AWS_DEFAULT_REGION": options.region,
            # Functions inherit this environment, so boto3 in them finds its way back here.
            "AWS_ENDPOINT_URL": f"http://{_HOST}:{options.port}",
            "AWS_ENDPOINT_URL_S3": f"http://{_HOST}:{options.port}",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            # A burst of records otherwise makes a process each (6 GB for 500 of them).
            "LAMBDA_ACCOUNT_CONCURRENCY": "20",
            "LAMBDA_WARM_TTL_SECONDS": "60",
            "TMPDIR": str(temporary),
            "AUTH": str(options.auth).lower(),
            "STATE_DIR": str(rest),
            "S3_DATA_DIR": str(rest / "s3"),
        }
    )
    if options.state is not None:
        os.environ.update({"PERSIST_STATE": "1", "S3_PERSIST": "1"})
    if options.node_path is not None:
        os.environ["NODE_PATH"] = str(options.node_path.absolute())


def _end_with_parent(state: Path | None) -> None:
    """Wait for the end of standard input, then end the process group, ourselves included."""
    # Not sys.stdin: its lock, held by a thread that waits, is fatal when the interpreter ends.
    if os.read(_STANDARD_INPUT, len(_DETACH)) == _DETACH:
        return
    group = os.getpgid(0)
    if group != os.getpid():  # started by hand, in a group that is not ours alone
        os.kill(os.getpid(), signal.SIGTERM)
        return
    os.killpg(group, signal.SIGTERM)
    time.sleep(_TERM_SECONDS if state is None else _SAVE_SECONDS)
    os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
