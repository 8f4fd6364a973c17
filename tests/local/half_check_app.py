"""A stack under the name of a check's, which deploys in a second and is not the demo."""

import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

from aws_check.names import STACK, STACK_DESCRIPTION

app = cdk.App()
stack = cdk.Stack(app, STACK, description=STACK_DESCRIPTION)
queue = sqs.Queue(stack, "Queue")
cdk.CfnOutput(stack, "QueueName", value=queue.queue_name)
app.synth()
