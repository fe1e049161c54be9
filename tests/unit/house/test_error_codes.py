"""Every error is raised as the class that its code is declared with, and every code has its sentences."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from customer_center.platform import errors
from customer_center.platform.outbound import OutsideFault
from tests.template_reader import ROOT
from tests.texts import ALL_TEXTS, ROOMS

PACKAGE = ROOT / "layers/customer_center/customer_center"
SOURCES = sorted([*PACKAGE.rglob("*.py"), *(ROOT / "functions").rglob("*.py")])
CLASSES = {
    name: kind
    for name, kind in {**vars(errors), OutsideFault.__name__: OutsideFault}.items()
    if inspect.isclass(kind) and issubclass(kind, errors.CustomerCenterError)
}


def calls(file: Path) -> Iterator[tuple[int, str, ast.Call]]:
    """Yield every call of a plain name or an attribute, with its line."""
    for node in ast.walk(ast.parse(file.read_text())):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                yield node.lineno, name, node


def raised_codes() -> Iterator[tuple[str, type[errors.CustomerCenterError], str]]:
    """Yield place, class and code of every error that is made with a literal code, and of every default code."""
    for kind in CLASSES.values():
        default = inspect.signature(kind).parameters["code"].default
        if isinstance(default, str):
            yield "platform/errors.py", kind, default
    for file in SOURCES:
        for line, name, call in calls(file):
            match call.args:
                case [ast.Constant(value=str() as code), *_] if name in CLASSES:
                    yield f"{file.relative_to(ROOT)}:{line}", CLASSES[name], code


RAISED = list(raised_codes())


def test_every_error_is_raised_as_the_class_that_its_code_declares():
    wrong = [
        f"{place}: {code} raised as {kind.__name__}"
        for place, kind, code in RAISED
        if code not in ALL_TEXTS.problems or not issubclass(kind, ALL_TEXTS.problems[code].raised_as)
    ]
    assert wrong == []


def test_every_declared_code_is_raised():
    assert {code for _, _, code in RAISED} == ALL_TEXTS.problems.keys()


def test_every_error_has_a_literal_code():
    """So that these tests see all of them."""
    without = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in SOURCES
        for line, name, call in calls(file)
        if name in CLASSES and call.args and not isinstance(call.args[0], ast.Constant)
    ]
    assert without == []


def test_every_literal_field_code_has_a_sentence():
    codes = {
        call.args[1].value
        for file in SOURCES
        for _, name, call in calls(file)
        if name == "FieldError" and isinstance(call.args[1], ast.Constant)
    }
    assert len(codes) > 10
    assert codes <= ALL_TEXTS.fields.keys()


def test_the_texts_of_every_room_are_among_those_tested():
    assert len(list(PACKAGE.glob("*/texts.py"))) == len(ROOMS)
