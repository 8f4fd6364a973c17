"""The part of a round that takes data in and gives data out: imports, deletions, exports."""

from aws_cdk import aws_stepfunctions as sfn

from cdk_personalize.patterns._pipeline_steps import (
    FILES_A_ROUND,
    KNOWN,
    NEWS,
    PipelineSteps,
    last,
    marks,
)
from cdk_personalize.patterns._pipeline_tasks import condition, personalize_call


def imports(steps: PipelineSteps) -> sfn.Map:
    """Return the state that imports every dataset that has newer files.

    It sets `ImportFailures` and `Data`: the types that have been imported, with their marks.
    """
    each = steps.for_each(
        "dataset",
        "{% $Plan.Datasets %}",
        variable="Dataset",
        assign={
            "ImportFailures": "{% [$states.result[$exists(Cause)]] %}",
            "Data": "{% [$states.result[Mark != ''].{'Type': Type, 'Mark': Mark}] %}",
        },
    )
    return each.item_processor(_dataset(steps))


def deletions(steps: PipelineSteps) -> sfn.Map:
    """Return the state that deletes the users of newer lists.

    It sets `DeletionFailures` and `Forgotten`: the marks of what was deleted.
    """
    each = steps.for_each(
        "list of users",
        "{% $Plan.Deletions %}",
        variable="Deletion",
        assign={
            "DeletionFailures": "{% [$states.result[$exists(Cause)]] %}",
            "Forgotten": "{% [$states.result.Mark[$ != '']] %}",
        },
    )
    return each.item_processor(_deletion(steps))


def exports(steps: PipelineSteps) -> sfn.Map:
    """Return the state that exports what has changed since the last export."""
    each = steps.for_each("export", "{% $Plan.Exports %}", variable="Export")
    return each.item_processor(_export(steps))


def _dataset(steps: PipelineSteps) -> sfn.IChainable:
    """Import the files of one dataset if one of them is newer than the last import.

    What is noted of an import is when its dataset was created and the time of the newest file,
    with a space between them: another dataset in the place of that one has nothing in it. (The
    two times say nothing of each other, since files may be older than the first dataset.)

    A full import takes the folder, an incremental one each of the newer files. If there are too
    many, it takes the oldest, and has another run follow this one. Which ones are in is noted at
    the end, so after a failure they are all taken again.
    """
    look = sfn.Pass.jsonata(
        steps.scope,
        "Look for files",
        assign={
            "Dataset": "{% $states.input.Dataset %}",
            "After": "{% $states.input.Dataset.Prefix %}",
            "Newest": "",
            "Files": [],
            "Taken": [],
            "Note": last("'Imported' & $states.input.Dataset.Type"),
            "Last": "",
        },
    )
    find = personalize_call(
        steps.scope,
        "Find the dataset",
        "describeDataset",
        {"DatasetArn": "{% $Dataset.Request.DatasetArn %}"},
        assign={
            "Created": "{% $states.result.Dataset.CreationDateTime %}",
            "Last": "{% $substringBefore($Note, ' ') ="
            " $states.result.Dataset.CreationDateTime ? $substringAfter($Note, ' ') : '' %}",
        },
    )
    page = steps.list_files("List the files", "$Dataset.Prefix", collect=True)
    job_input = {"Name": "{% $Dataset.Name %}"}
    load = steps.start_job(
        "Import",
        # The first import of a dataset must be a full one.
        {**job_input, "Request": "{% $merge([$Dataset.Request, {'ImportMode': 'FULL'}]) %}"},
    )
    too_many = f"$count($Files) > {FILES_A_ROUND}"
    take = sfn.Pass.jsonata(
        steps.scope,
        "Take the oldest files",
        assign={
            # A mark is a time, so those of the last second are left together.
            "Taken": f"{{% {too_many} ? [$Files[At < $Files[-1].At]] : $Files %}}",
            "Cause": f"{{% 'more than {FILES_A_ROUND} files of ' & $Dataset.Prefix &"
            " ' came within a second: an incremental import takes them one by one' %}",
        },
    )
    add = steps.for_each(
        "newer file",
        "{% $Taken %}",
        variable="Key",
        value=".Key",
        at_once=1,  # in the order in which they came
    )
    add.item_processor(
        steps.start_job(
            "Import",
            {
                **job_input,
                "Request": "{% $merge([$Dataset.Request, {'DataSource': {'DataLocation':"
                " $Dataset.Bucket & $states.input.Key}}]) %}",
            },
            name="Import the file",
        )
    )
    newest = "{% $Created & ' ' & ($count($Taken) > 0 ? $Taken[-1].At : $Newest) %}"
    note = steps.lock.update(
        "Note what is imported",
        f"{{% $count($Taken) > 0 and {too_many}"
        " ? 'SET #imported = :newest, Dirty = :newest'"
        " : 'SET #imported = :newest' %}",
        names={"#imported": "{% 'Imported' & $Dataset.Type %}"},
        values={":newest": newest},
        assign={"Note": newest},
    )
    kind = {"Type": "{% $Dataset.Type %}"}
    mark = "$Dataset.Type & ' ' & $Note"
    imported = steps.outcome("Imported", {**kind, "Mark": f"{{% {mark} %}}"})
    before = {"Mark": f"{{% $Last != '' ? {mark} : '' %}}"}
    as_it_was = steps.outcome("As it was", {**kind, **before})
    failed = steps.outcome(
        "Not imported",
        {**kind, **before, "Name": "{% $Dataset.Type %}", "Cause": "{% $Cause %}"},
    )
    steps.catch(failed, find, page, load, add, note)
    is_newer = (
        sfn.Choice.jsonata(steps.scope, "Is there a newer file?")
        .when(condition("$More"), page)
        .when(condition("$Newest <= $Last"), as_it_was)
        .when(condition("$Last = '' or $Dataset.Request.ImportMode = 'FULL'"), load)
        .when(condition("$count($Files) = 0"), as_it_was)
        .otherwise(take)
    )
    look.next(find).next(page).next(is_newer)
    take.next(
        sfn.Choice.jsonata(steps.scope, "Can they be told apart?")
        .when(condition("$count($Taken) > 0"), add)
        .otherwise(failed)
    )
    add.next(note)
    load.next(note).next(imported)
    return look


def _deletion(steps: PipelineSteps) -> sfn.IChainable:
    """Delete the users of one folder of lists if one of them is newer than the last deletion."""
    look = sfn.Pass.jsonata(
        steps.scope,
        "Look for lists of users",
        assign={
            "Deletion": "{% $states.input.Deletion %}",
            "After": "{% $states.input.Deletion.Prefix %}",
            "Newest": "",
            "Last": last("'Deleted' & $states.input.Deletion.Prefix"),
        },
    )
    page = steps.list_files("List the lists of users", "$Deletion.Prefix")
    delete = steps.start_job(
        "Delete", {"Name": "{% $Deletion.Name %}", "Request": "{% $Deletion.Request %}"}
    )
    note = steps.lock.update(
        "Note what is deleted",
        "SET #deleted = :newest",
        names={"#deleted": "{% 'Deleted' & $Deletion.Prefix %}"},
        values={":newest": "{% $Newest %}"},
    )
    before = {"Mark": "{% $Last != '' ? $Deletion.Prefix & ' ' & $Last : '' %}"}
    failed = steps.outcome(
        "Not deleted",
        {**before, "Name": "{% $Deletion.Prefix %}", "Cause": "{% $Cause %}"},
    )
    steps.catch(failed, page, delete, note)
    is_newer = (
        sfn.Choice.jsonata(steps.scope, "Is there a newer list?")
        .when(condition("$More"), page)
        .when(condition("$Newest > $Last"), delete)
        .otherwise(steps.outcome("Nobody to delete", before))
    )
    deleted = steps.outcome("Deleted", {"Mark": "{% $Deletion.Prefix & ' ' & $Newest %}"})
    look.next(page).next(is_newer)
    delete.next(note).next(deleted)
    return look


def _export(steps: PipelineSteps) -> sfn.IChainable:
    remember = sfn.Pass.jsonata(
        steps.scope,
        "Remember the export",
        assign={
            "Export": "{% $states.input.Export %}",
            "Marks": f"{{% {marks('$states.input.Export.Type')} %}}",
            "Known": last("'Exported' & $states.input.Export.Title"),
        },
    )
    export = steps.start_job(
        "Export", {"Name": "{% $Export.Name %}", "Request": "{% $Export.Request %}"}
    )
    note = steps.lock.update(
        "Note what is exported",
        "SET #exported = :known",
        names={"#exported": "{% 'Exported' & $Export.Title %}"},
        values={":known": f"{{% {KNOWN} %}}"},
    )
    name = {"Name": "{% $Export.Title %}"}
    failed = steps.outcome("Not exported", {**name, "Cause": "{% $Cause %}"})
    steps.catch(failed, export, note)
    remember.next(
        sfn.Choice.jsonata(steps.scope, "Is there something to export?")
        .when(condition(NEWS), export)
        .otherwise(steps.outcome("Nothing to export", name))
    )
    export.next(note).next(steps.outcome("Exported", name))
    return remember
