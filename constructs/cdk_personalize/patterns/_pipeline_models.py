"""The part of a round that learns and answers: models, campaigns, recommenders, batch jobs."""

from cdk_personalize.patterns._pipeline_steps import (
    KNOWN,
    NEWS,
    PipelineSteps,
    catch_all,
    for_each,
    last,
    marks,
    ready,
    unknown,
)
from cdk_personalize.patterns._pipeline_tasks import (
    ALREADY_EXISTS,
    IN_USE,
    NOT_FOUND,
    outcome,
    personalize_call,
)
from cdk_personalize.patterns._state_language import Choice, Map, Pass, State, Wait, chain

PARALLEL_MODELS = 10  # a training waits for its place among the 20 of a Region
# An update forgets nobody and knows no other dataset than those that its model was trained on; a
# mark of a dataset says of which type it is, when it was created, and what came in.
_IN_FULL = (
    f"$Version = '' or {unknown('[$Wished, $Forgotten]')} or $count($Data[Type in $Model.Uses]"
    ".$join($split(Mark, ' ')[[0..1]], ' ')[$not($contains($Known, $ & ' '))]) > 0"
)


def models(steps: PipelineSteps) -> Map:
    """Return the state that trains what is due, and lets campaigns serve it.

    It sets `ModelFailures`, and `Served`: the version that there is of each solution.
    """
    return for_each(
        "model",
        ready("$Plan.Models"),
        _model(steps),
        variable="Model",
        at_once=PARALLEL_MODELS,
        assign={
            "ModelFailures": "{% [$states.result[$exists(Cause)]] %}",
            "Served": "{% $states.result %}",
        },
    )


def batch_jobs(steps: PipelineSteps) -> Map:
    """Return the state that asks new versions, and whatever there are new questions for."""
    return for_each(
        "batch job",
        "{% $Plan.BatchJobs %}",
        _batch_job(steps),
        variable="BatchJob",
        assign={"BatchFailures": "{% [$states.result[$exists(Cause)]] %}"},
    )


def recommenders(steps: PipelineSteps) -> Map:
    """Return the state that creates recommenders once their data is there.

    The service itself trains them anew, every seven days.
    """
    return for_each(
        "recommender", ready("$Plan.Recommenders"), _recommender(steps), variable="Recommender"
    )


def _model(steps: PipelineSteps) -> State:
    """Train one solution if there is a reason to, and let its campaigns serve the version.

    It is trained if it has no version, or there is something that it can learn from and has not
    yet. What it has learnt is noted at once, whatever becomes of the campaigns, and the other
    models.
    """
    remember = Pass(
        "Remember the model",
        assign={
            "Model": "{% $states.input.Model %}",
            "Version": "",
            "Marks": f"{{% {marks('$states.input.Model.Uses')} %}}",
            "Known": last("'Learnt' & $states.input.Model.SolutionArn"),
        },
    )
    describe = personalize_call(
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
        "Create the solution",
        "createSolution",
        "{% $Model.Request %}",
        wait_while=IN_USE,
    )
    pause = Wait("Wait for the solution", seconds=20)
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
    failed = outcome("Not served", {**model, "Cause": "{% $Cause %}"})
    broken = outcome(
        "No solution", {**model, "Cause": "{% 'the solution is in state ' & $Status %}"}
    )
    partly = outcome(
        "Not served everywhere",
        {**model, "Cause": "{% $join($Undeployed.(Name & ': ' & Cause), '; ') %}"},
    )
    is_due = (
        Choice("Is a training due?")
        .when("$contains($Status, 'FAILED')", broken)
        .when("$Status != 'ACTIVE'", pause)
        .when(f"$Version = '' or {NEWS}", train)
        .otherwise(deploy)
    )
    do_all_serve = (
        Choice("Do all campaigns serve?")
        .when("$count($Undeployed) > 0", partly)
        .otherwise(outcome("Served", model))
    )
    describe.catch(NOT_FOUND, create)
    create.catch(ALREADY_EXISTS, pause)
    catch_all(failed, describe, create, train, note, deploy)
    chain(create, pause, describe)
    chain(train, note, deploy, do_all_serve)
    return chain(remember, describe, is_due)


def _campaigns(steps: PipelineSteps) -> Map:
    """Return the state that creates the campaigns of a solution, or moves them; sets `Undeployed`.

    A campaign that follows its solution by itself is created and then left to the service.
    """
    return for_each(
        "campaign",
        "{% $Model.Campaigns %}",
        _campaign(steps),
        variable="Campaign",
        at_once=None,
        assign={"Undeployed": "{% [$states.result[$exists(Cause)]] %}"},
    )


def _campaign(steps: PipelineSteps) -> State:
    remember = Pass("Remember its campaign", assign={"Campaign": "{% $states.input.Campaign %}"})
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
    failed = outcome("Not deployed", {**name, "Cause": "{% $Reason %}"})
    # An inner scope cannot assign a variable of an outer one.
    catch_all(failed, deploy, variable="Reason")
    return chain(remember, deploy, outcome("In service", name))


def _batch_job(steps: PipelineSteps) -> State:
    """Run one batch job if its solution has a new version, or a file of questions is newer.

    What it has answered is noted as the version and the time of the newest file, with a space
    between them.
    """
    look = Pass(
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
    failed = outcome("Not answered", {**name, "Cause": "{% $Cause %}"})
    catch_all(failed, page, ask, note)
    nothing = outcome("Nothing to ask", name)
    is_new = (
        Choice("Is there something to ask?")
        .when("$More", page)
        .when("$Asked = '' or $Newest = ''", nothing)
        .when(
            "$Last = '' or $Asked != $substringBefore($Last, ' ')"
            " or $Newest > $substringAfter($Last, ' ')",
            ask,
        )
        .otherwise(nothing)
    )
    chain(ask, note, outcome("Answered", name))
    return chain(look, page, is_new)


def _recommender(steps: PipelineSteps) -> State:
    remember = Pass(
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
    failed = outcome("Not recommending", {**name, "Cause": "{% $Cause %}"})
    catch_all(failed, serve)
    return chain(remember, serve, outcome("Recommending", name))
