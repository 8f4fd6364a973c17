"""The part of a round that takes data in and gives data out: imports, deletions, exports."""

from cdk_personalize.patterns._pipeline_steps import (
    FILES_A_ROUND,
    KNOWN,
    NEWS,
    PipelineSteps,
    catch_all,
    for_each,
    last,
    marks,
)
from cdk_personalize.patterns._pipeline_tasks import outcome, personalize_call
from cdk_personalize.patterns._state_language import Choice, Map, Pass, State, chain


def imports(steps: PipelineSteps) -> Map:
    """Return the state that imports every dataset that has newer files.

    It sets `ImportFailures` and `Data`: the types that have been imported, with their marks.
    """
    return for_each(
        "dataset",
        "{% $Plan.Datasets %}",
        _dataset(steps),
        variable="Dataset",
        assign={
            "ImportFailures": "{% [$states.result[$exists(Cause)]] %}",
            "Data": "{% [$states.result[Mark != ''].{'Type': Type, 'Mark': Mark}] %}",
        },
    )


def deletions(steps: PipelineSteps) -> Map:
    """Return the state that deletes the users of newer lists.

    It sets `DeletionFailures` and `Forgotten`: the marks of what was deleted.
    """
    return for_each(
        "list of users",
        "{% $Plan.Deletions %}",
        _deletion(steps),
        variable="Deletion",
        assign={
            "DeletionFailures": "{% [$states.result[$exists(Cause)]] %}",
            "Forgotten": "{% [$states.result.Mark[$ != '']] %}",
        },
    )


def exports(steps: PipelineSteps) -> Map:
    """Return the state that exports what has changed since the last export."""
    return for_each("export", "{% $Plan.Exports %}", _export(steps), variable="Export")


def _dataset(steps: PipelineSteps) -> State:
    """Import the files of one dataset if one of them is newer than the last import.

    What is noted of an import is when its dataset was created and the time of the newest file,
    with a space between them: another dataset in the place of that one has nothing in it. (The
    two times say nothing of each other, since files may be older than the first dataset.)

    A full import takes the folder, an incremental one each of the newer files. If there are too
    many, it takes the oldest, and has another run follow this one. Which ones are in is noted at
    the end, so after a failure they are all taken again.
    """
    look = Pass(
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
    take = Pass(
        "Take the oldest files",
        assign={
            # A mark is a time, so those of the last second are left together.
            "Taken": f"{{% {too_many} ? [$Files[At < $Files[-1].At]] : $Files %}}",
            "Cause": f"{{% 'more than {FILES_A_ROUND} files of ' & $Dataset.Prefix &"
            " ' came within a second: an incremental import takes them one by one' %}",
        },
    )
    add_one = steps.start_job(
        "Import",
        {
            **job_input,
            "Request": "{% $merge([$Dataset.Request, {'DataSource': {'DataLocation':"
            " $Dataset.Bucket & $states.input.Key}}]) %}",
        },
        name="Import the file",
        end=True,
    )
    add = for_each(
        "newer file",
        "{% $Taken %}",
        add_one,
        variable="Key",
        value=".Key",
        at_once=1,  # in the order in which they came
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
    imported = outcome("Imported", {**kind, "Mark": f"{{% {mark} %}}"})
    before = {"Mark": f"{{% $Last != '' ? {mark} : '' %}}"}
    as_it_was = outcome("As it was", {**kind, **before})
    failed = outcome(
        "Not imported",
        {**kind, **before, "Name": "{% $Dataset.Type %}", "Cause": "{% $Cause %}"},
    )
    catch_all(failed, find, page, load, add, note)
    is_newer = (
        Choice("Is there a newer file?")
        .when("$More", page)
        .when("$Newest <= $Last", as_it_was)
        .when("$Last = '' or $Dataset.Request.ImportMode = 'FULL'", load)
        .when("$count($Files) = 0", as_it_was)
        .otherwise(take)
    )
    can_be_told_apart = (
        Choice("Can they be told apart?").when("$count($Taken) > 0", add).otherwise(failed)
    )
    chain(load, note, imported)
    chain(take, can_be_told_apart)
    chain(add, note)
    return chain(look, find, page, is_newer)


def _deletion(steps: PipelineSteps) -> State:
    """Delete the users of one folder of lists if one of them is newer than the last deletion."""
    look = Pass(
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
    failed = outcome(
        "Not deleted",
        {**before, "Name": "{% $Deletion.Prefix %}", "Cause": "{% $Cause %}"},
    )
    catch_all(failed, page, delete, note)
    is_newer = (
        Choice("Is there a newer list?")
        .when("$More", page)
        .when("$Newest > $Last", delete)
        .otherwise(outcome("Nobody to delete", before))
    )
    deleted = outcome("Deleted", {"Mark": "{% $Deletion.Prefix & ' ' & $Newest %}"})
    chain(delete, note, deleted)
    return chain(look, page, is_newer)


def _export(steps: PipelineSteps) -> State:
    remember = Pass(
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
    failed = outcome("Not exported", {**name, "Cause": "{% $Cause %}"})
    catch_all(failed, export, note)
    is_news = (
        Choice("Is there something to export?")
        .when(NEWS, export)
        .otherwise(outcome("Nothing to export", name))
    )
    chain(export, note, outcome("Exported", name))
    return chain(remember, is_news)
