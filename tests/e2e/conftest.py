"""Every call of AWS that a function of the running stack makes is judged by the function's role and boundary."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import Stack
from tests.e2e.permissions import deployment, needed
from tests.iam import refusals

_LAST = "test_permissions.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests that look at the calls of all others after them."""
    places = [at for at, item in enumerate(items) if item.path.parent == Path(__file__).parent]
    ordered = sorted((items[at] for at in places), key=lambda item: item.path.name == _LAST)
    for at, item in zip(places, ordered, strict=True):
        items[at] = item


@pytest.fixture(scope="session")
def stack(stack: Stack, recorded_calls: Path) -> Iterator[Stack]:
    """Return the running stack. When it ends, no function may have made a call that IAM would refuse."""
    yield stack
    assert refusals(deployment(stack), needed(stack, recorded_calls)) == []
