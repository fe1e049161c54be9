"""The effects of this room."""

import inspect
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from customer_center.companies import effects
from customer_center.platform.journal import Effect
from tests.fakes.clock import NOON

MAKERS = [
    make
    for _, make in inspect.getmembers(effects, inspect.isfunction)
    if make.__module__ == effects.__name__ and inspect.signature(make).return_annotation is Effect
]

GIVEN = {datetime: NOON, timedelta: timedelta(minutes=1), Mapping[str, str]: {"name": "value"}}


def test_there_are_effects():
    assert len(MAKERS) >= 9


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_every_effect_is_of_a_kind_that_is_declared(make):
    required = [each for each in inspect.signature(make).parameters.values() if each.default is each.empty]
    effect = make(*(GIVEN.get(each.annotation, "x") for each in required))

    assert effect.kind in effects.QUEUES
