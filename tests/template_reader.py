"""template.yaml as plain data: `!Ref X` reads as {"Ref": "X"}, `!Sub s` as {"Fn::Sub": s}, and so on."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
TEMPLATE = ROOT / "template.yaml"

_WITHOUT_PREFIX = ("Ref", "Condition")


class _Loader(yaml.SafeLoader):
    """A safe loader that also reads CloudFormation's tags."""


def _intrinsic(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in _WITHOUT_PREFIX else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def load_template(path: Path = TEMPLATE) -> dict[str, Any]:
    """Return the template; a fresh copy each time, so that a test may change it."""
    return deepcopy(_parsed(path.read_text()))


@cache
def _parsed(text: str) -> dict[str, Any]:
    # Parsing takes fifty times as long as copying.
    return yaml.load(text, _Loader)


def resources_of(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return the resources of a type, by logical id."""
    return {name: found for name, found in template["Resources"].items() if found["Type"] == kind}


def functions_of(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the properties of every function, by logical id, with what Globals says for all of them."""
    common = template["Globals"]["Function"]
    functions = {}
    for name, function in resources_of(template, "AWS::Serverless::Function").items():
        own = function["Properties"]
        variables = {
            **common.get("Environment", {}).get("Variables", {}),
            **own.get("Environment", {}).get("Variables", {}),
        }
        # SAM adds a function's own layers to those of all functions.
        layers = [*common["Layers"], *own.get("Layers", [])] if "Layers" in common else own.get("Layers", [])
        functions[name] = {**common, **own, "Environment": {"Variables": variables}, "Layers": layers}
    return functions


def function_names(template: dict[str, Any] | None = None) -> list[str]:
    """Return the logical ids of all functions."""
    return list(functions_of(template or load_template()))


def events_of(function: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of a function's events of a type, by name."""
    events = function.get("Events", {})
    return {name: event["Properties"] for name, event in events.items() if event["Type"] == kind}


def listed(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as a list of one: IAM and CloudFormation accept both."""
    return value if isinstance(value, list) else [value]


def referred(value: Any) -> str | None:
    """Return the logical id that a `!Ref X` or `!GetAtt X.Y` names; None for anything else."""
    match value:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), *_]}:
            return name
        case _:
            return None
