"""Answers are the JSON that a pydantic model with the same fields would be, byte for byte."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from functools import cache
from importlib import import_module
from types import NoneType
from typing import Annotated, Any, Literal, TypeAliasType, get_args, get_origin, get_type_hints

import pytest
from pydantic import ConfigDict, JsonValue, create_model

from customer_center.platform.wire import Output
from tests.template_reader import ROOT

PACKAGE = ROOT / "layers/customer_center"
MODULES = [
    import_module(".".join(source.relative_to(PACKAGE).with_suffix("").parts))
    for source in sorted(PACKAGE.rglob("*bodies.py"))
]
ANSWERS = sorted(
    {
        found
        for module in MODULES
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, Output) and found is not Output
    },
    key=lambda it: it.__name__,
)
TEXT = 'Ä "q" \\ / \n\t\x7f\x1f\u2028 😀 <b>'
MOMENTS = [
    datetime(2026, 11, 27, 2, 10, tzinfo=UTC),
    datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
]


def values(kind, turn):  # noqa: C901, PLR0911 # one line for each kind of type
    """Return a value of this type; another turn gives another one."""
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return kind(**{each.name: values(get_type_hints(kind)[each.name], turn) for each in fields(kind)})
    if kind == JsonValue:
        return [None, "ü", {"deep": [1, True, 2.5]}][turn]
    if origin is Annotated:
        return values(inner[0], turn)
    if origin is list:
        return [values(inner[0], turn)] * turn
    if origin is tuple:
        return tuple(values(each, turn) for each in inner)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return {TEXT: values(inner[1], turn)} if turn else {}
    if isinstance(kind, TypeAliasType):
        return values(kind.__value__, turn)
    if kind is Any:
        return values(JsonValue, turn)
    if origin is Literal:
        return inner[0]
    if NoneType in inner:
        return values(inner[0], turn) if turn else None
    if isinstance(kind, type) and issubclass(kind, Enum):
        return list(kind)[turn % len(kind)]
    return {str: TEXT, int: turn, bool: bool(turn), datetime: MOMENTS[turn], NoneType: None}[kind]


@cache
def model_of(kind):
    """Return a pydantic model with the fields of an answer, as answers were before they were data classes."""
    hints = get_type_hints(kind)
    inside = {name: (modelled(hint), ...) for name, hint in ((each.name, hints[each.name]) for each in fields(kind))}
    return create_model(kind.__name__, __config__=ConfigDict(from_attributes=True, frozen=True), **inside)


def modelled(hint):
    if is_dataclass(hint):
        return model_of(hint)
    if get_origin(hint) is list:
        return list[modelled(get_args(hint)[0])]
    if NoneType in get_args(hint) and len(get_args(hint)) == 2:
        return modelled(get_args(hint)[0]) | None
    return hint


def test_there_are_answers():
    assert len(ANSWERS) > 20


@pytest.mark.parametrize("turn", [0, 1, 2])
@pytest.mark.parametrize("kind", ANSWERS, ids=lambda it: it.__name__)
def test_an_answer_is_the_json_of_a_model(kind, turn):
    answer = values(kind, turn)

    assert answer.to_json() == model_of(kind).model_validate(answer, from_attributes=True).model_dump_json()
