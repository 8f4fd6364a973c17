"""The tables of an archive: for the function that writes their rows, and for who queries them.

The CSV is that which Amazon Personalize imports, with a header, and a backslash before quotes and
backslashes; Athena's Open CSV SerDe reads it so (Athena user guide: csv-serde).
"""

import json
from collections.abc import Sequence

from aws_cdk import CfnResource, Names
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_personalize._tree import account_of_stack, path_of, stack_of
from cdk_personalize.avro_schema import AvroSchema, SchemaField
from cdk_personalize.dataset import Dataset

ARCHIVE_PREFIX = "archive/"

_PARTITION = "day"
# A query that names no day asks for every day of the range: it begins after the service did.
_DAYS = "2020-01-01,NOW+1DAYS"
_MAX_DATABASE_NAME_LENGTH = 255
# Lambda has 4 KB for all variables of a function (its page gettingstarted-limits).
_MOST_CHARACTERS = 3900
_ATHENA_TYPES = {
    "string": "string",
    "long": "bigint",
    "int": "int",
    "float": "double",
    "double": "double",
    "boolean": "boolean",
}


def findings_of_datasets(datasets: Sequence[Dataset]) -> list[str]:
    """Return why there can be no archive of some datasets."""
    if not datasets:
        return ["datasets must name at least one dataset, got none"]
    findings = []
    types = [dataset.dataset_type for dataset in datasets]
    findings += [
        f"datasets must be of one dataset group, got several of {each}"
        for each in dict.fromkeys(types)
        if types.count(each) > 1
    ]
    for dataset in datasets:
        avro = dataset.schema.avro
        if avro is None:
            findings.append(
                f"the columns of {path_of(dataset)} must be known, got an imported schema"
            )
        elif _PARTITION in map(str.lower, avro.columns):
            findings.append(
                f"no column may be called {_PARTITION}, by which the table of"
                f" {path_of(dataset)} is partitioned"
            )
    if not findings and (size := len(document_of(schemas_of(datasets)))) > _MOST_CHARACTERS:
        findings.append(
            f"the columns of all datasets must have at most {_MOST_CHARACTERS} characters together,"
            f" since a function is told of them, got {size}"
        )
    return findings


def schemas_of(datasets: Sequence[Dataset]) -> list[AvroSchema]:
    """Return the columns of datasets that there were no findings about."""
    known = (dataset.schema.avro for dataset in datasets)
    return [avro for avro in known if avro is not None]


def folder_of(schema: AvroSchema) -> str:
    """Return the folder of a dataset in the archive, as it is called among the imports."""
    return schema.dataset_type.lower()


def document_of(schemas: Sequence[AvroSchema]) -> str:
    """Return what the function is told of the tables, as its `Table.all_of` reads it."""
    tables = {
        folder_of(schema): {
            "columns": ",".join(map(_written, schema.fields)),
            "keywords": ",".join(schema.documented),
        }
        for schema in schemas
    }
    return json.dumps(tables, separators=(",", ":"))


def define_database(
    scope: Construct, schemas: Sequence[AvroSchema], bucket: s3.IBucket
) -> CfnResource:
    """Define a database, and a table for each dataset, whose partitions nobody has to add.

    They are written as CloudFormation has them: to load the module of AWS Glue takes an app longer
    than all tables.
    """
    stack = stack_of(scope)
    account = account_of_stack(stack)
    # Athena reads names in small letters, with no other sign than an underscore.
    name = Names.unique_resource_name(
        scope, max_length=_MAX_DATABASE_NAME_LENGTH, separator="_", allowed_special_characters="_"
    ).lower()
    database = CfnResource(
        scope,
        "Database",
        type="AWS::Glue::Database",
        properties={
            "CatalogId": account,
            "DatabaseInput": {
                "Name": name,
                "Description": f"The events and data in the archive of {stack.stack_name}.",
            },
        },
    )
    archive = f"s3://{bucket.bucket_name}/{ARCHIVE_PREFIX}"
    for schema in schemas:
        folder = folder_of(schema)
        location = f"{archive}{folder}/"
        table = CfnResource(
            scope,
            f"{schema.dataset_type}Table",
            type="AWS::Glue::Table",
            properties={
                "CatalogId": account,
                "DatabaseName": name,
                "TableInput": {
                    "Name": folder,
                    "Description": f"What the archive has for {schema.dataset_type}.",
                    "TableType": "EXTERNAL_TABLE",
                    "PartitionKeys": [{"Name": _PARTITION, "Type": "string"}],
                    "Parameters": _parameters_of(location),
                    "StorageDescriptor": _storage_of(schema, location),
                },
            },
        )
        table.node.add_dependency(database)
    return database


def _written(field: SchemaField) -> str:
    kind = "prose" if field.textual else field.type
    return f"{field.name}:{kind}{'?' if field.nullable else ''}"


def _parameters_of(location: str) -> dict[str, str]:
    return {
        "EXTERNAL": "TRUE",
        "classification": "csv",
        "skip.header.line.count": "1",
        "projection.enabled": "true",
        f"projection.{_PARTITION}.type": "date",
        f"projection.{_PARTITION}.format": "yyyy-MM-dd",
        f"projection.{_PARTITION}.range": _DAYS,
        f"projection.{_PARTITION}.interval": "1",
        f"projection.{_PARTITION}.interval.unit": "DAYS",
        "storage.location.template": f"{location}{_PARTITION}=${{{_PARTITION}}}/",
    }


def _storage_of(schema: AvroSchema, location: str) -> dict[str, object]:
    return {
        "Location": location,
        "Columns": [
            {"Name": field.name.lower(), "Type": _athena_type(field)} for field in schema.fields
        ],
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
        "SerdeInfo": {
            "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
            "Parameters": {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"},
        },
    }


def _athena_type(field: SchemaField) -> str:
    """Return the type of a column; the SerDe reads nothing at all as no number, but as a text."""
    return "string" if field.nullable else _ATHENA_TYPES[field.type]
