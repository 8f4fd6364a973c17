"""What cdk-nag's AwsSolutions says of the tests' stacks and is to stay, each with its reason.

A finding that no entry takes fails the tests, and so does an entry that takes no finding.
"""

import re
from dataclasses import dataclass

_SERVICE_AUTHORIZATION = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html"
)


@dataclass(frozen=True)
class Acknowledgment:
    """A finding that is to stay."""

    rule: str
    """The rule, as a regular expression over the whole name with its detail."""
    path: str
    """The construct, as a regular expression over the whole path."""
    reason: str
    link: str

    def takes(self, rule: str, path: str) -> bool:
        """Whether this is about a finding."""
        return bool(re.fullmatch(self.rule, rule) and re.fullmatch(self.path, path))


# What belongs to the CDK: we define neither the roles nor the functions.
_OF_THE_CDK = (
    Acknowledgment(
        r"AwsSolutions-IAM4\[.*AWSLambdaBasicExecutionRole\]",
        r"\w+/PersonalizeProvider/Framework/.*",
        "the CDK gives the functions of its provider framework this managed policy",
        "https://github.com/aws/aws-cdk/tree/main/packages/aws-cdk-lib/custom-resources",
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::<.*\.Arn>:\*\]",
        r"\w+/PersonalizeProvider/Framework/.*",
        "the provider framework may call any version of the functions that it was given",
        "https://github.com/aws/aws-cdk/tree/main/packages/aws-cdk-lib/custom-resources",
    ),
    Acknowledgment(
        r"AwsSolutions-(L1|SF1|SF2)(\[.*\])?",
        r"\w+/PersonalizeProvider/Framework/.*",
        "the runtime, the logs and the traces of the framework are the CDK's to choose",
        "https://github.com/aws/aws-cdk/tree/main/packages/aws-cdk-lib/custom-resources",
    ),
)

_OF_OURS = (
    Acknowledgment(
        r"AwsSolutions-L1",
        r".*/((Archive|(Kafka)?Ingestion|\w*Api)/Function|PersonalizeProvider/(OnEvent|IsComplete))/Resource",
        "3.13 is the newest Python that the functions are tested on",
        "https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html",
    ),
    Acknowledgment(
        r"AwsSolutions-SQS3",
        r".*/(Archive|(Kafka)?Ingestion)/DeadLetterQueue/Resource",
        "it is a dead-letter queue; the rule knows those of other queues alone",
        "https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html",
    ),
    Acknowledgment(
        r"AwsSolutions-KDS3",
        r".*/Ingestion/Stream/Resource",
        "the stream is encrypted with the one key of the stack, whose policy says who may read",
        "https://docs.aws.amazon.com/streams/latest/dg/server-side-encryption.html",
    ),
    Acknowledgment(
        r"AwsSolutions-KDF1",
        r".*/Archive/DeliveryStream",
        "Firehose keeps nothing of what it reads from a Kinesis stream, which is encrypted itself,"
        " and takes a key for what is put directly alone",
        "https://docs.aws.amazon.com/firehose/latest/dev/encryption.html",
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::<\w*Bucket\w+\.Arn>/archive/\w+/\*\]",
        r".*/Archive/(Delivery|Function)Role/DefaultPolicy/Resource",
        "each object in the archive has a name of its own, in the folder that is for its kind",
        "https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-s3",
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::<\w*Bucket\w+\.Arn>/[\w/-]+/\*\]",
        r".*/Role/DefaultPolicy/Resource",
        "Amazon Personalize reads and writes whatever file lies in the folders that are for it",
        "https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html",
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::\*\]",
        r".*/Ingestion/FunctionRole/DefaultPolicy/Resource",
        "PutEvents and the tracing of X-Ray know no resources",
        _SERVICE_AUTHORIZATION,
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::(\*|.*:group/.*)\]",
        r".*/KafkaIngestion/FunctionRole/DefaultPolicy/Resource",
        "PutEvents and the tracing of X-Ray know no resources, nor do the network interfaces by"
        " which Lambda reaches a cluster",
        "https://docs.aws.amazon.com/lambda/latest/dg/with-msk-permissions.html",
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::<.*>/dead-letters/\*\]",
        r".*/Ingestion/FunctionRole/DefaultPolicy/Resource",
        "the function puts objects under this one prefix, named by their place in the stream",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html",
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::<\w*Bucket\w+\.Arn>/fallback/\*\]",
        r".*Api/FunctionRole/DefaultPolicy/Resource",
        "the function keeps the last good list of each model under this one prefix",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html",
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Action::kms:(GenerateDataKey|ReEncrypt)\*\]",
        r".*/Ingestion/Stream/EventsRole/DefaultPolicy/Resource",
        "the CDK gives the role of a rule what whoever writes to an encrypted stream gets",
        "https://docs.aws.amazon.com/streams/latest/dg/permissions-user-key-KMS.html",
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::\*\]",
        r".*/((\w*Api|Archive)/FunctionRole|Pipeline/(Jobs|Rounds)/Machine/Role)/DefaultPolicy/Resource",
        "the tracing of X-Ray and the delivery of logs know no resources",
        _SERVICE_AUTHORIZATION,
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::.*:[a-z-]+-job/[\w-]+-\*\]",
        r".*/Pipeline/Jobs/Machine/Role/(Default|Overflow)Policy\d*/Resource",
        "each run is a job with a name of its own, which begins as the pipeline or the job says",
        _SERVICE_AUTHORIZATION,
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::.*:solution/[\w-]+/\*\]",
        r".*/(Pipeline/Jobs/Machine/Role/(Default|Overflow)Policy\d*|PersonalizeProvider/Access/Names\w+)/Resource",
        "the service names the versions of a solution, below the ARN of the solution",
        _SERVICE_AUTHORIZATION,
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::.*:states:.*:execution:.*\*\]",
        r".*/(PersonalizeProvider/Access/Pipeline\w+|Pipeline/Rounds/Machine/Role/DefaultPolicy)/Resource",
        "any execution of the pipeline's own two state machines, which are named",
        _SERVICE_AUTHORIZATION,
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::.*:(campaign|dataset|dataset-group|metric-attribution|recommender|schema|solution)"
        r"/\w+-\w+-\*\]",
        r"\w+/PersonalizeProvider/Role/DefaultPolicy/Resource",
        "a resource that was replaced is deleted after the policy has changed, so the policy is on"
        " the names that the stack gives and not on the present ones",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/"
        "using-cfn-updating-stacks-update-behaviors.html",
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::.*:event-tracker/\*\]",
        r"\w+/PersonalizeProvider/Access/Names\w+/Resource",
        "the ARN of an event tracker ends in an id that the service gives, and whoever may tag one"
        " could give it any tag; it is created for the stack's own dataset group alone",
        _SERVICE_AUTHORIZATION,
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::.*:solution/\*\]",
        r".*/Pipeline/Rounds/Machine/Role/DefaultPolicy/Resource",
        "the solutions are those with the tag by which the stack retires what it replaced",
        _SERVICE_AUTHORIZATION,
    ),
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::(\*|.*:solution/\*)\]",
        r"\w+/PersonalizeProvider/Role/DefaultPolicy/Resource",
        "List operations and X-Ray know no resources; the solutions are those with the stack's tag",
        _SERVICE_AUTHORIZATION,
    ),
)

# What a REST API and CloudFront have, and the default does without.
_OF_OTHER_ENDPOINTS = (
    Acknowledgment(
        r"AwsSolutions-APIG2",
        r".*Api/RestApi/Resource",
        "the function checks each request, and says in a problem document which parameter is wrong",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
        "api-gateway-method-request-validation.html",
    ),
    Acknowledgment(
        r"AwsSolutions-APIG6",
        r".*Api/RestApi/DeploymentStage\.\w+/Resource",
        "the log of API Gateway's own steps names the query, where the ids of users are; the access"
        " log has what each request did",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
    ),
    Acknowledgment(
        r"AwsSolutions-COG4",
        r".*/(CustomRest|Private)Api/RestApi/Default/.*",
        "callers have a key, or a token that a function knows",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
        "apigateway-control-access-to-api.html",
    ),
    Acknowledgment(
        r"AwsSolutions-CFR3",
        r".*/Delivery/Distribution/Resource",
        "requests are logged by the newer way, which can leave out the query; the rule knows the"
        " older one",
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging.html",
    ),
    Acknowledgment(
        r"AwsSolutions-CFR1",
        r".*/Delivery/Distribution/Resource",
        "where customers are is the shop's to say",
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/georestrictions.html",
    ),
)

# What only the stack of everything has, and what it asks for, to show that it can be asked for.
_OF_EVERYTHING = (
    Acknowledgment(
        r"AwsSolutions-IAM5\[Resource::\*\]",
        r"Everything/.*/(Data|Attribution)/Role/DefaultPolicy/Resource",
        "to put metrics knows no resources; what is reported goes to CloudWatch",
        "https://docs.aws.amazon.com/personalize/latest/dg/metric-attribution-requirements.html",
    ),
    Acknowledgment(
        r"AwsSolutions-APIG4",
        r"Everything/.*/Api/.*",
        "an API that is open to anyone, with a warning that says so",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control.html",
    ),
    Acknowledgment(
        r"AwsSolutions-APIG4",
        r"Everything/Apis/PrivateApi/RestApi/.*",
        "an API for servers in a VPC, each of which has a key",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html",
    ),
    Acknowledgment(
        r"AwsSolutions-IAM4\[.*AmazonAPIGatewayPushToCloudWatchLogs\]",
        r"Everything/Apis/PrivateApi/RestApi/CloudWatchRole/Resource",
        "the one role of an account that API Gateway logs with is to have this managed policy",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
    ),
    Acknowledgment(
        r"AwsSolutions-S1",
        r"Everything/Apis/Log/Resource",
        "a bucket of logs, and none of ours",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html",
    ),
    Acknowledgment(
        r"AwsSolutions-(S1|KDS3)",
        r"Everything/Services/(Bucket|Stream)/Resource",
        "a bucket and a stream that are there already, and none of ours",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html",
    ),
)

ACKNOWLEDGED = (*_OF_THE_CDK, *_OF_OURS, *_OF_OTHER_ENDPOINTS, *_OF_EVERYTHING)
