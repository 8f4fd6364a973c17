"""The pipeline that imports, trains and deploys what a stack declares."""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import ArnFormat, CustomResource, Duration, Names, RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IConstruct

from cdk_personalize._batch_job import BatchJob
from cdk_personalize._checks import check_at_synth
from cdk_personalize._declared_data import check_data
from cdk_personalize._function import admit_logs
from cdk_personalize._names import arn_of, arn_prefix
from cdk_personalize._places import findings_of_place
from cdk_personalize._provider import PersonalizeProvider, allow, allow_retired
from cdk_personalize._realisation import realise
from cdk_personalize._request import refuse
from cdk_personalize._tokens import json_of
from cdk_personalize._tree import address_of, node_of, once, path_of, remember_scope, stack_of
from cdk_personalize.batch_inference_job import BatchInferenceJob
from cdk_personalize.campaign import Campaign
from cdk_personalize.dataset import Dataset
from cdk_personalize.dataset_export_job import DatasetExportJob
from cdk_personalize.dataset_group import IDatasetGroup
from cdk_personalize.dataset_import_job import IMPORT_PREFIX, DatasetImportJob
from cdk_personalize.patterns._pipeline_jobs import job_definition
from cdk_personalize.patterns._pipeline_lock import PipelineLock, key_statement_for_table
from cdk_personalize.patterns._pipeline_plan import PipelinePlan
from cdk_personalize.patterns._pipeline_rounds import round_definition
from cdk_personalize.patterns._pipeline_steps import PipelineSteps
from cdk_personalize.patterns.data_store import DataStore
from cdk_personalize.pipeline_job import MAX_JOB_NAME_LENGTH, PipelineJob
from cdk_personalize.recommender import Recommender
from cdk_personalize.solution import Solution

_MACHINE_NAME_LENGTH = 75
# A day for a place among what the Region works on, and the 36 hours that an import may take.
_LONGEST_JOB_SECONDS = 60 * 3600


class TrainingPipeline(Construct):
    """Import, train and deploy whatever belongs to a dataset group, whenever there is news.

    The pipeline starts by itself when a file arrives under `import/` in the data bucket, after a
    deployment that changed what it works on, on a schedule if one is given, and by hand. It never
    runs twice at once: a start during a run is taken up by
    the run that follows at once.

    Defines:
        - a state machine of the pipeline, and one of the long jobs, both logged and encrypted
        - a DynamoDB table for the lock
        - an EventBridge rule for uploads, and one for the schedule
        - a custom resource that starts the pipeline after a deployment, and on deletion stops its
          executions and trainings before anything that they work on is deleted

    Example:
        ```python
        pipeline = TrainingPipeline(
            self, "Pipeline", dataset_group=group, data_store=store,
            schedule=events.Schedule.rate(Duration.days(7)),
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        dataset_group: IDatasetGroup,
        data_store: DataStore,
        schedule: events.Schedule | None = None,
        quiet_period: Duration | None = None,
        jobs: Sequence[PipelineJob] = (),
    ) -> None:
        """Define a pipeline.

        Args:
            scope: The construct to define the pipeline in.
            construct_id: The id of the pipeline within `scope`.
            dataset_group: The group whose datasets, solutions and campaigns it realises, also
                those that are added to the group later on.
            data_store: Where the data lies, and the role that Personalize reads it with.
            schedule: When to train everything anew, new data or not (default: never; training
                follows the data).
            quiet_period: How long a run waits for the other files of an upload (default: one
                minute).
            jobs: What else it runs, and how it imports (default: each dataset is imported in
                full, and nothing else is run); see `add_job`.

        Raises:
            ValueError: If a job is refused, or the dataset group is of another account or Region.
        """
        refuse(findings_of_place(scope, dataset_group=dataset_group))
        super().__init__(scope, construct_id)
        remember_scope(self, scope, construct_id)
        self._group = dataset_group
        self._store = data_store
        self._statements: dict[tuple[str, ...], iam.PolicyStatement] = {}
        self._plan = PipelinePlan(
            dataset_group,
            data_store,
            Names.unique_resource_name(self, max_length=MAX_JOB_NAME_LENGTH, separator="-"),
        )

        self.lock_table = dynamodb.Table(
            self,
            "Lock",
            partition_key=dynamodb.Attribute(name="Id", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=data_store.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            removal_policy=RemovalPolicy.DESTROY,
        )
        admit_logs(data_store.key, stack_of(self))
        self._log_group = logs.LogGroup(
            self,
            "Log",
            # Elsewhere each group takes a part of the account's only resource policy for logs.
            log_group_name="/aws/vendedlogs/states/"
            + Names.unique_resource_name(self, max_length=_MACHINE_NAME_LENGTH, separator="-"),
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
            encryption_key=data_store.key,
        )
        self.job_state_machine = self._machine(
            Construct(self, "Jobs"),
            job_definition(arn_prefix=arn_prefix(self), timeout_seconds=_LONGEST_JOB_SECONDS),
        )
        rounds = Construct(self, "Rounds")
        lock = PipelineLock(
            self.lock_table,
            machine_arn=_machine_arn(rounds),
            execution_arns=_execution_arns(rounds),
        )
        steps = PipelineSteps(lock, jobs=self.job_state_machine, bucket=data_store.bucket)
        self.state_machine = self._machine(
            rounds,
            round_definition(
                steps,
                quiet_seconds=60 if quiet_period is None else quiet_period.to_seconds(),
                plan=self._plan.as_lazy(),
            ),
        )
        for statement in steps.statements(stack_of(self)):
            self.state_machine.add_to_role_policy(statement)
        self.state_machine.add_to_role_policy(key_statement_for_table(data_store.key.key_arn))
        # To learn how a job ended, the caller has to read the execution, which is encrypted.
        self.state_machine.add_to_role_policy(
            iam.PolicyStatement(
                actions=["kms:Decrypt"],
                resources=[data_store.key.key_arn],
                conditions={
                    "StringEquals": {
                        "kms:EncryptionContext:aws:states:stateMachineArn": (
                            self.job_state_machine.state_machine_arn
                        )
                    }
                },
            )
        )
        self.state_machine.add_to_role_policy(allow(["ListCampaigns", "ListSolutions"], ["*"]))
        self.state_machine.add_to_role_policy(allow_retired(self))
        for machine in (self.job_state_machine, self.state_machine):
            machine.node.add_dependency(data_store.role_ready)

        self.lifecycle = self._lifecycle(dataset_group)
        self._upload = self._start_on_upload()
        if schedule is not None:
            self._start_on(schedule)
            check_at_synth(self, self._findings_of_schedule)
        self.job_state_machine.add_to_role_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[data_store.role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}},
            )
        )
        dataset_group.on_declare(self._realise)
        for job in jobs:
            self.add_job(job)

    def grant_start(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grant `grantee` to start the pipeline by hand."""
        return self.state_machine.grant_start_execution(grantee)

    def add_job(self, job: PipelineJob) -> None:
        """Declare a job that the pipeline runs.

        A `DatasetImportJob` says how a dataset is imported, a `DataDeletionJob` deletes users
        before a training, a `DatasetExportJob` writes what was taken in; a `BatchInferenceJob` and
        a `BatchSegmentJob` ask each new version of a solution. New files of what they read start
        the pipeline. A job that fails holds up no other; the run fails in the end, with the reason.

        Args:
            job: The job, of the dataset group of the pipeline.

        Raises:
            ValueError: If it is of another dataset group, or does not fit the other jobs; all that
                is wrong is in the message.
        """
        refuse(self._plan.findings_of(job))
        self._plan.add_job(job)
        self._allow_job(job)
        if isinstance(job, BatchInferenceJob):
            check_data(self, self._group, job.findings)

    def _machine(self, scope: Construct, definition: Mapping[str, Any]) -> sfn.StateMachine:
        return sfn.StateMachine(
            scope,
            "Machine",
            # The name is known beforehand, so that a policy can name the executions of the
            # machine that it belongs to.
            state_machine_name=_machine_name(scope),
            definition_body=sfn.DefinitionBody.from_string(json_of(stack_of(self), definition)),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=self._log_group, level=sfn.LogLevel.ALL, include_execution_data=False
            ),
            encryption_configuration=sfn.CustomerManagedEncryptionConfiguration(self._store.key),
        )

    def _lifecycle(self, dataset_group: IDatasetGroup) -> CustomResource:
        """Define what starts the pipeline after a deployment, and stops it before a deletion."""
        machines = (self.state_machine, self.job_state_machine)
        arns = [machine.state_machine_arn for machine in machines]
        executions = [_execution_arns(self.node.find_child(each)) for each in ("Rounds", "Jobs")]
        return PersonalizeProvider.of(self).custom_resource(
            self,
            "Lifecycle",
            resource_type="Custom::PersonalizePipeline",
            properties={
                "StateMachineArn": arns[0],
                "StateMachineArns": arns,
                "DatasetGroupArn": dataset_group.dataset_group_arn,
                "SolutionArns": self._plan.solutions_as_lazy(self),
                "RunNames": self._plan.run_names_as_lazy(),
                "Plan": self._plan.digest_as_lazy(self),
            },
            statements=[
                iam.PolicyStatement(actions=["states:StartExecution"], resources=[arns[0]]),
                iam.PolicyStatement(actions=["states:ListExecutions"], resources=arns),
                iam.PolicyStatement(actions=["states:StopExecution"], resources=executions),
            ],
        )

    def _start_on_upload(self) -> events.Rule:
        rule = events.Rule(
            self,
            "Upload",
            description="New data in the data bucket starts the training pipeline.",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [self._store.bucket.bucket_name]},
                    # Only what jobs read: the pipeline's own output starts nothing.
                    "object": {"key": [{"prefix": IMPORT_PREFIX}]},
                },
            ),
        )
        self._trigger(rule, {"Reason": "upload"})
        return rule

    def _start_on(self, schedule: events.Schedule) -> None:
        rule = events.Rule(
            self,
            "Schedule",
            description="The schedule of the training pipeline.",
            schedule=schedule,
        )
        self._trigger(rule, {"Reason": "schedule", "Retrain": True})

    def _findings_of_schedule(self) -> list[str]:
        """Refuse solutions that train by themselves beside a pipeline that trains by a schedule."""
        return [
            f"perform_auto_training of {path_of(solution)} and schedule of {path_of(self)} must not"
            " both be on: each would train, and be paid for"
            for solution in self._plan.solutions
            if solution.request.get("performAutoTraining") is True
        ]

    def _trigger(self, rule: events.Rule, start_input: Mapping[str, Any]) -> None:
        rule.add_target(
            targets.SfnStateMachine(
                self.state_machine, input=events.RuleTargetInput.from_object(dict(start_input))
            )
        )
        # Deleted first, so that nothing starts any more while the lifecycle resource stops things.
        rule.node.add_dependency(self.lifecycle)

    def _realise(self, resource: Construct) -> None:
        """Take up one resource of the dataset group, with the permissions that it needs."""
        if isinstance(resource, Dataset):
            self._allow_job(self._plan.add_dataset(resource))
        elif isinstance(resource, Solution):
            self._plan.add_solution(resource)
            self._allow_training(resource)
        elif isinstance(resource, Campaign):
            self._plan.add_campaign(resource)
            self._allow_deployment(resource)
            realise(resource)
        elif isinstance(resource, Recommender):
            self._plan.add_recommender(resource)
            self._allow_recommender(resource)
            realise(resource)
        # Deleted before everything that an execution may be working on: within a stack by what it
        # depends on, between stacks only if they are deleted in that order.
        if stack_of(resource) is not stack_of(self):
            self._group.deletion_order.delete_before(self.lifecycle, resource)
        node_of(self.lifecycle).add_dependency(resource)

    def _allow_job(self, job: PipelineJob) -> None:
        """Let the machine run a job, the service read and write, and new files start the run."""
        resource, of = _permissions_of(job)
        runs = arn_of(self, resource, f"{self._plan.name_prefix_of(job)}-*")
        noun = "".join(word.capitalize() for word in resource.split("-"))
        on_runs = [f"Create{noun}", f"Describe{noun}", *(["TagResource"] if job.tags else [])]
        self._allow(self.job_state_machine, [f"Create{noun}"], of)
        self._allow(self.job_state_machine, on_runs, [runs])
        if isinstance(job, DatasetImportJob):
            self._allow(self.state_machine, ["DescribeDataset"], of)
        if job.writes is not None:
            self._store.allow_write(job.writes)
        if job.reads is not None:
            self._store.allow_read(job.reads)
            if not job.reads.startswith(IMPORT_PREFIX):
                self._upload.add_event_pattern(detail={"object": {"key": [{"prefix": job.reads}]}})

    def _allow_training(self, solution: Solution) -> None:
        arn = solution.solution_arn
        group_arn = solution.dataset_group.dataset_group_arn
        self._allow(
            self.job_state_machine,
            ["CreateSolutionVersion", "DescribeSolution", "DescribeSolutionVersion"],
            [arn, f"{arn}/*"],
        )
        self._allow(self.state_machine, ["DescribeSolution", "TagResource"], [arn])
        self._allow(self.state_machine, ["CreateSolution"], [arn, group_arn])

    def _allow_deployment(self, campaign: Campaign) -> None:
        arn = campaign.campaign_arn
        solution_arn = campaign.solution.solution_arn
        self._allow(
            self.job_state_machine,
            ["CreateCampaign", "UpdateCampaign"],
            [arn, solution_arn, f"{solution_arn}/*"],
        )
        self._allow(self.job_state_machine, ["DescribeCampaign", "TagResource"], [arn])

    def _allow_recommender(self, recommender: Recommender) -> None:
        arn = recommender.recommender_arn
        group_arn = recommender.dataset_group.dataset_group_arn
        machine = self.job_state_machine
        self._allow(machine, ["CreateRecommender"], [arn, group_arn])
        self._allow(machine, ["DeleteRecommender", "DescribeRecommender", "TagResource"], [arn])

    def _allow(
        self, machine: sfn.StateMachine, actions: Sequence[str], arns: Sequence[str]
    ) -> None:
        """Allow a machine some actions on more resources.

        One statement has all of them: a role has room for 10,240 characters, and the CDK splits
        what is longer in another place at each synth.
        """
        key = (address_of(machine), *actions)
        if key in self._statements:
            self._statements[key].add_resources(*arns)
        else:
            self._statements[key] = allow(actions, arns)
            machine.add_to_role_policy(self._statements[key])


def _permissions_of(job: PipelineJob) -> tuple[str, list[str]]:
    """Return what a run of a job is called in ARNs, and what it works on."""
    if isinstance(job, DatasetImportJob):
        return "dataset-import-job", [job.dataset.dataset_arn]
    if isinstance(job, DatasetExportJob):
        return "dataset-export-job", [job.dataset.dataset_arn]
    if isinstance(job, BatchJob):
        kind = "inference" if isinstance(job, BatchInferenceJob) else "segment"
        return f"batch-{kind}-job", _asked(job)
    return "data-deletion-job", [job.group.dataset_group_arn]


def _asked(job: BatchJob) -> list[str]:
    arn = job.solution.solution_arn
    return [arn, f"{arn}/*", *([job.filter.filter_arn] if job.filter is not None else [])]


def _machine_name(scope: IConstruct) -> str:
    def ask(each: IConstruct) -> str:
        return Names.unique_resource_name(each, max_length=_MACHINE_NAME_LENGTH, separator="-")

    return once(scope, "machine name", ask)


def _machine_arn(scope: IConstruct) -> str:
    """Return the ARN of the state machine in `scope`, composed as that of its executions."""
    return stack_of(scope).format_arn(
        service="states",
        resource="stateMachine",
        resource_name=_machine_name(scope),
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def _execution_arns(scope: IConstruct) -> str:
    """Return the ARN pattern of the executions of the state machine in `scope`.

    It is composed of the name, since the policy of a machine cannot refer to the machine.
    """
    return stack_of(scope).format_arn(
        service="states",
        resource="execution",
        resource_name=f"{_machine_name(scope)}:*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
