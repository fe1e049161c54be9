"""What all tests share: the running stack, and how a missing tool is met."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from local.stack import TOOLS, Stack, free_port, running_stack

# How long a test takes says more about the machine's other work than about us.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


def require(*tools: Path | str) -> None:
    """Skip where a tool is missing on a laptop; fail in CI, where nothing may be missing."""
    for tool in tools:
        if shutil.which(tool) is None:
            if os.environ.get("CI"):
                pytest.fail(f"{tool} is missing; `make setup` installs it")
            pytest.skip(f"{tool} is missing; `make setup` installs it")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Our template, deployed by `sam deploy` onto an emulator of its own, with an ERP simulator of its own."""
    require(TOOLS / "emulator/bin/ministack", TOOLS / "sam/bin/sam", "uv")
    folder = tmp_path_factory.mktemp("stack")
    # A refusal's fixed time is tested with a clock of our own; here it would only cost time.
    # All tests come from one network.
    parameters = {"ActivationRefusalSeconds": "0", "CreateErpContact": "true", "WrongLinksPerNetwork": "1000"}
    with running_stack(folder, port=free_port(), parameters=parameters) as running:
        yield running
