"""What `make bench` measures follows the template, and its parts can be run alone."""

import pytest

from benchmarks.__main__ import PARTS, main
from benchmarks.speed import COLD
from tests.template_reader import events_of, functions_of, load_template

# The sweeper has the code of the outbox. The other two answer Cognito and SES, and are in no story.
WITHOUT_ROW = {"SweeperFunction", "LoginMailsFunction", "EmailFeedbackFunction"}


def test_every_function_has_a_row_for_its_cold_start():
    functions = functions_of(load_template())
    routes = {
        f"{route['Method']} {route['Path']}": name
        for name, function in functions.items()
        for route in events_of(function, "HttpApi").values()
    }
    assert {routes.get(name, name) for name in COLD} == functions.keys() - WITHOUT_ROW


def test_a_part_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(SystemExit, match=f"spede: no part of {', '.join(PARTS)}"):
        main(["speed", "spede"])
