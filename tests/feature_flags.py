"""The feature flags of the CDK that is installed."""

import importlib.resources
import json
import tarfile
from typing import Any

NO_FLAGS = {"aws:cdk:disable-creation-stack-traces": True}  # that is none


def recommended_flags() -> dict[str, Any]:
    """Return what `cdk init` puts into the context of a new app."""
    package = importlib.resources.files("aws_cdk._jsii")
    (archive,) = (file for file in package.iterdir() if file.name.endswith(".jsii.tgz"))
    with archive.open("rb") as stream, tarfile.open(fileobj=stream, mode="r:gz") as files:
        member = files.extractfile("package/recommended-feature-flags.json")
        assert member is not None
        flags: dict[str, Any] = json.load(member)
    return NO_FLAGS | flags
