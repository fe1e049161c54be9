"""Each trap of webhooks and of Vendasta names tests that show it, of which one goes through a real entry point.

The list is `tests/traps.toml`. A test that is renamed or removed without its trap fails here.
"""

import ast
import tomllib
from functools import cache

import pytest

from tests.template_reader import ROOT

TRAPS = tomllib.loads((ROOT / "tests/traps.toml").read_text())["trap"]
# Tests that call the functions of the template as AWS does, in one process or on the running stack.
ENTRY_POINTS = ("tests/integration/functions/", "tests/e2e/")


@cache
def _tests_of(path):
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    return frozenset(node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("trap", TRAPS, ids=[trap["text"][:60] for trap in TRAPS])
def test_a_trap_names_tests_that_exist(trap):
    assert trap["tests"]
    for test in trap["tests"]:
        path, _, name = test.partition("::")
        assert name in _tests_of(path), f"{test} does not exist"


@pytest.mark.parametrize("trap", TRAPS, ids=[trap["text"][:60] for trap in TRAPS])
def test_a_trap_is_shown_through_a_real_entry_point(trap):
    assert any(test.startswith(ENTRY_POINTS) for test in trap["tests"])


def test_no_trap_is_missing():
    """Those that were known before the first line was written. Add to them."""
    assert len({trap["text"] for trap in TRAPS}) == len(TRAPS) >= 19
