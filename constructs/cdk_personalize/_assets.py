"""Where the code of the Lambda functions lies, both in a checkout and in an installed wheel."""

from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk import aws_lambda as lambda_

_HERE = Path(__file__).resolve().parent
_INSTALLED = _HERE / "_lambda"
_CHECKOUT = _HERE.parents[1] / "lambda"

_RUNTIME = "personalize_runtime"


def lambda_root() -> Path:
    """Return the folder that holds one package for each Lambda function.

    A wheel ships the folder inside the package; an editable install finds it at the root of
    the checkout.
    """
    for root in (_INSTALLED, _CHECKOUT):
        if (root / _RUNTIME).is_dir():
            return root
    msg = f"the Lambda code of cdk-personalize is missing, looked in {_INSTALLED} and {_CHECKOUT}"
    raise FileNotFoundError(msg)


def function_code(function: str) -> lambda_.AssetCode:
    """Return the code of one function: its own package and the shared runtime, nothing else.

    pip compiles what a wheel ships, so the bytecode is left out: with it the hash of the asset
    would differ between Python versions, and each of them would deploy every function again.
    """
    root = lambda_root()
    functions = sorted(path.parent.name for path in root.glob("*/handler.py"))
    if function not in functions:
        msg = f"function must be one of {functions}, got {function!r}"
        raise ValueError(msg)
    return lambda_.Code.from_asset(
        str(root),
        exclude=["/*", f"!/{function}", f"!/{_RUNTIME}", "__pycache__", "*.pyc"],
        ignore_mode=IgnoreMode.GIT,
    )
