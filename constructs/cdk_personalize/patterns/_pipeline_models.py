"""The part of a round that learns and answers: models, campaigns, recommenders, batch jobs."""

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn

from cdk_personalize.patterns._pipeline_steps import (
    KNOWN,
    NEWS,
    PipelineSteps,
    last,
    marks,
    ready,
    unknown,
)
from cdk_personalize.patterns._pipeline_tasks import (
    ALREADY_EXISTS,
    IN_USE,
    NOT_FOUND,
    condition,
    personalize_call,
)

PARALLEL_MODELS = 10  # a training waits for its place among the 20 of a Region
# An update forgets nobody and knows no other dataset than those that its model was trained on; a
# mark of a dataset says of which type it is, when it was created, and what came in.
_IN_FULL = (
    f"$Version = '' or {unknown('[$Wished, $Forgotten]')} or $count($Data[Type in $Model.Uses]"
    ".$join($split(Mark, ' ')[[0..1]], ' ')[$not($contains($Known, $ & ' '))]) > 0"
)


def models(steps: PipelineSteps) -> sfn.Map:
    """Return the state that trains what is due, and lets campaigns serve it.

    It sets `ModelFailures`, and `Served`: the version that there is of each solution.
    """
    each = steps.for_each(
        "model",
        ready("$Plan.Models"),
        variable="Model",
        at_once=PARALLEL_MODELS,
        assign={
            "ModelFailures": "{% [$states.result[$exists(Cause)]] %}",
            "Served": "{% $states.result %}",
        },
    )
    return each.item_processor(_model(steps))


def batch_jobs(steps: PipelineSteps) -> sfn.Map:
    """Return the state that asks new versions, and whatever there are new questions for."""
    each = steps.for_each(
        "batch job",
        "{% $Plan.BatchJobs %}",
        variable="BatchJob",
        assign={"BatchFailures": "{% [$states.result[$exists(Cause)]] %}"},
    )
    return each.item_processor(_batch_job(steps))


def recommenders(steps: PipelineSteps) -> sfn.Map:
    """Return the state that creates recommenders once their data is there.

    The service itself trains them anew, every seven days.
    """
    each = steps.for_each(
        "recommender",
        ready("$Plan.Recommenders"),
        variable="Recommender",
    )
    remember = sfn.Pass.jsonata(
        steps.scope,
        "Remember the recommender",
        assign={"Recommender": "{% $states.input.Recommender %}"},
    )
    name = {"Name": "{% $Recommender.RecommenderArn %}"}
    serve = steps.start_job(
        "Recommend",
        {
            "RecommenderArn": "{% $Recommender.RecommenderArn %}",
            "Request": "{% $Recommender.Request %}",
        },
    )
    failed = steps.outcome("Not recommending", {**name, "Cause": "{% $Cause %}"})
    steps.catch(failed, serve)
    remember.next(serve).next(steps.outcome("Recommending", name))
    return each.item_processor(remember)


def _model(steps: PipelineSteps) -> sfn.IChainable:
    """Train one solution if there is a reason to, and let its campaigns serve the version.

    It is trained if it has no version, or there is something that it can learn from and has not
    yet. What it has learnt is noted at once, whatever becomes of the campaigns, and the other
    models.
    """
    scope = steps.scope
    remember = sfn.Pass.jsonata(
        scope,
        "Remember the model",
        assign={
            "Model": "{% $states.input.Model %}",
            "Version": "",
            "Marks": f"{{% {marks('$states.input.Model.Uses')} %}}",
            "Known": last("'Learnt' & $states.input.Model.SolutionArn"),
        },
    )
    describe = personalize_call(
        scope,
        "Describe the solution",
        "describeSolution",
        {"SolutionArn": "{% $Model.SolutionArn %}"},
        assign={
            "Status": "{% $states.result.Solution.Status %}",
            "Version": "{% $states.result.Solution.LatestSolutionVersion.Status = 'ACTIVE'"
            " ? $states.result.Solution.LatestSolutionVersion.SolutionVersionArn : '' %}",
        },
    )
    create = personalize_call(
        scope,
        "Create the solution",
        "createSolution",
        "{% $Model.Request %}",
        wait_while=IN_USE,
    )
    pause = sfn.Wait.jsonata(
        scope, "Wait for the solution", time=sfn.WaitTime.duration(Duration.seconds(20))
    )
    train = steps.start_job(
        "Train",
        {
            "Name": "{% $Plan.Name %}",
            "SolutionArn": "{% $Model.SolutionArn %}",
            "TrainingMode": f"{{% {_IN_FULL} ? 'FULL' : $Model.TrainingMode %}}",
        },
        assign={"Version": "{% $states.result.Output.SolutionVersionArn %}"},
    )
    note = steps.lock.update(
        "Note what is learnt",
        "SET #learnt = :known",
        names={"#learnt": "{% 'Learnt' & $Model.SolutionArn %}"},
        values={":known": f"{{% {KNOWN} %}}"},
    )
    deploy = _campaigns(steps)
    model = {"Name": "{% $Model.SolutionArn %}", "SolutionVersionArn": "{% $Version %}"}
    failed = steps.outcome("Not served", {**model, "Cause": "{% $Cause %}"})
    broken = steps.outcome(
        "No solution", {**model, "Cause": "{% 'the solution is in state ' & $Status %}"}
    )
    partly = steps.outcome(
        "Not served everywhere",
        {**model, "Cause": "{% $join($Undeployed.(Name & ': ' & Cause), '; ') %}"},
    )
    is_due = (
        sfn.Choice.jsonata(scope, "Is a training due?")
        .when(condition("$contains($Status, 'FAILED')"), broken)
        .when(condition("$Status != 'ACTIVE'"), pause)
        .when(condition(f"$Version = '' or {NEWS}"), train)
        .otherwise(deploy)
    )
    describe.add_catch(create, errors=[NOT_FOUND])
    create.add_catch(pause, errors=[ALREADY_EXISTS])
    steps.catch(failed, describe, create, train, note, deploy)
    remember.next(describe).next(is_due)
    create.next(pause).next(describe)
    train.next(note).next(deploy)
    deploy.next(
        sfn.Choice.jsonata(scope, "Do all campaigns serve?")
        .when(condition("$count($Undeployed) > 0"), partly)
        .otherwise(steps.outcome("Served", model))
    )
    return remember


def _campaigns(steps: PipelineSteps) -> sfn.Map:
    """Return the state that creates the campaigns of a solution, or moves them; sets `Undeployed`.

    A campaign that follows its solution by itself is created and then left to the service.
    """
    each = steps.for_each(
        "campaign",
        "{% $Model.Campaigns %}",
        variable="Campaign",
        at_once=None,
        assign={"Undeployed": "{% [$states.result[$exists(Cause)]] %}"},
    )
    remember = sfn.Pass.jsonata(
        steps.scope, "Remember its campaign", assign={"Campaign": "{% $states.input.Campaign %}"}
    )
    name = {"Name": "{% $Campaign.CampaignArn %}"}
    deploy = steps.start_job(
        "Deploy",
        {
            "CampaignArn": "{% $Campaign.CampaignArn %}",
            "Request": "{% $Campaign.Request %}",
            "Follows": "{% $Campaign.Follows %}",
            "SolutionArn": "{% $Model.SolutionArn %}",
            "SolutionVersionArn": "{% $Campaign.Follows ? $Model.SolutionArn & '/$LATEST'"
            " : $Version %}",
        },
    )
    failed = steps.outcome("Not deployed", {**name, "Cause": "{% $Reason %}"})
    # An inner scope cannot assign a variable of an outer one.
    steps.catch(failed, deploy, variable="Reason")
    remember.next(deploy).next(steps.outcome("In service", name))
    return each.item_processor(remember)


def _batch_job(steps: PipelineSteps) -> sfn.IChainable:
    """Run one batch job if its solution has a new version, or a file of questions is newer.

    What it has answered is noted as the version and the time of the newest file, with a space
    between them.
    """
    scope = steps.scope
    look = sfn.Pass.jsonata(
        scope,
        "Look for questions",
        assign={
            "BatchJob": "{% $states.input.BatchJob %}",
            "Asked": "{% ($arn := $states.input.BatchJob.SolutionArn;"
            " $found := $Served[Name = $arn].SolutionVersionArn; $exists($found) ? $found : '') %}",
            "After": "{% $states.input.BatchJob.Prefix %}",
            "Newest": "",
            "Last": last("'Answered' & $states.input.BatchJob.Name"),
        },
    )
    page = steps.list_files("List the questions", "$BatchJob.Prefix")
    name = {"Name": "{% $BatchJob.Name %}"}
    ask = steps.start_job(
        "Ask",
        {
            **name,
            "Job": "{% $BatchJob.Job %}",
            "Request": "{% $merge([$BatchJob.Request, {'SolutionVersionArn': $Asked}]) %}",
        },
    )
    note = steps.lock.update(
        "Note what is answered",
        "SET #answered = :answered",
        names={"#answered": "{% 'Answered' & $BatchJob.Name %}"},
        values={":answered": "{% $Asked & ' ' & $Newest %}"},
    )
    failed = steps.outcome("Not answered", {**name, "Cause": "{% $Cause %}"})
    steps.catch(failed, page, ask, note)
    nothing = steps.outcome("Nothing to ask", name)
    is_new = (
        sfn.Choice.jsonata(scope, "Is there something to ask?")
        .when(condition("$More"), page)
        .when(condition("$Asked = '' or $Newest = ''"), nothing)
        .when(
            condition(
                "$Last = '' or $Asked != $substringBefore($Last, ' ')"
                " or $Newest > $substringAfter($Last, ' ')"
            ),
            ask,
        )
        .otherwise(nothing)
    )
    look.next(page).next(is_new)
    ask.next(note).next(steps.outcome("Answered", name))
    return look
