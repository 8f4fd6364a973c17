"""A stack under the name of a check's, which deploys in a second and is not the demo."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

from aws_check.names import STACK, STACK_DESCRIPTION


def half_check_app(folder: Path) -> str:
    """Synthesise the app; return the command that writes it again, as the CLI runs it."""
    app = cdk.App(outdir=str(folder))
    stack = cdk.Stack(app, STACK, description=STACK_DESCRIPTION)
    queue = sqs.Queue(stack, "Queue")
    cdk.CfnOutput(stack, "QueueName", value=queue.queue_name)
    app.synth()
    return f'cp -R "{folder}/." "$CDK_OUTDIR"'
