"""What all tests share: the running stack, one build, how a missing tool is met, and the order of a parallel run."""

import fcntl
import gc
import os
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.loaders
import botocore.session
import pytest
from hypothesis import HealthCheck, settings

import local.stack
from local.stack import TOOLS, Stack, free_port, running_stack
from tests.quick_moto import quicken

# How long a test takes depends more on the machine's other work than on our code.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
# `make soak`: the stateful tests run this often with each seed.
settings.register_profile("soak", settings.get_profile("patient"), max_examples=1_000, print_blob=True)

# How Cognito behaves for all tests of the running stack (`local/stricter.py`): as strictly as it may on AWS. It sees
# an enabled login only a little late, so that the tests stay fast; tests/e2e/test_stricter.py has the whole second.
STRICT_RULES: Mapping[str, Mapping[str, Any]] = {
    "password-of-disabled": {"refused": True},
    "sign-out-of-disabled": {"refused": True},
    "alias-exists": {},
    "enable-late": {"seconds": 0.05},
}

# In a parallel run one worker runs all tests of a file, or of a folder that shares the running stack.
_TOGETHER = ("tests/e2e/test_restart.py", "tests/e2e/test_deploy.py", "tests/e2e/")
# What takes longest starts first, so that no worker is left with it at the end.
_FIRST = (
    "tests/e2e/",
    "tests/fuzz/",
    "tests/template/test_artifacts.py",
    "tests/faults/test_call_faults.py",
    "tests/template/",
    "tests/integration/",
    "tests/contract/",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the tests of a parallel run by what starts first; one process keeps the usual order."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _first_match(_FIRST, item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the workers of `-n auto`: one more than the cores, because tests of the running stack mostly wait."""
    return (os.process_cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Share the tests among the workers of `pytest -n` by file or folder, in the order they were sorted in."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 # a run without -n needs no xdist

    class ByFileOrFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            at = _first_match(_TOGETHER, nodeid)
            return _TOGETHER[at] if at < len(_TOGETHER) else nodeid.split("::", maxsplit=1)[0]

    config.option.loadscopereorder = False
    return ByFileOrFolder(config, log)


def _first_match(beginnings: tuple[str, ...], nodeid: str) -> int:
    return next((at for at, beginning in enumerate(beginnings) if nodeid.startswith(beginning)), len(beginnings))


def pytest_collection_finish() -> None:
    """Keep the garbage collector from going through what lasts for the whole run, again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def _aws_in_memory_is_quick() -> Iterator[None]:
    """Let botocore read its description of each AWS service once, not once per session, and moto do less in vain."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", cache(botocore.loaders.create_loader))
        quicken(patch)
        yield


def require(*tools: Path | str) -> None:
    """Skip where a tool is missing on a laptop; fail in CI, where nothing may be missing."""
    for tool in tools:
        if shutil.which(tool) is None:
            if os.environ.get("CI"):
                pytest.fail(f"{tool} is missing; `make setup` installs it")
            pytest.skip(f"{tool} is missing; `make setup` installs it")


@pytest.fixture(scope="session")
def one_build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let `local.stack.build` build each architecture once for all tests and all workers, and copy it afterwards."""
    require(TOOLS / "sam/bin/sam", "uv")
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # the workers' temporary folders are in one
    build = local.stack.build

    def build_or_copy(target: Path, architecture: str) -> None:
        made = folder / f"built-{architecture}"
        made.mkdir(exist_ok=True)
        with (made / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (made / "done").exists():
                build(made / "build", architecture)
                (made / "done").touch()
        shutil.copytree(made / "build", target, symlinks=True, dirs_exist_ok=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local.stack, "build", build_or_copy)
        yield


@pytest.fixture(scope="session")
def recorded_calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file with every call of AWS that a function of the running stack made (`local/stricter.py`)."""
    return tmp_path_factory.mktemp("calls") / "calls.jsonl"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, one_build: None, recorded_calls: Path) -> Iterator[Stack]:
    """Our template, deployed by `sam deploy` onto an emulator of its own, with an ERP simulator of its own."""
    require(TOOLS / "emulator/bin/ministack")
    folder = tmp_path_factory.mktemp("stack")
    # The fixed time of a refusal is tested with a fake clock; here it would only cost time.
    # All tests come from one network.
    parameters = {"ActivationRefusalSeconds": "0", "CreateErpContact": "true", "WrongLinksPerNetwork": "1000"}
    with running_stack(
        folder, port=free_port(), parameters=parameters, records=recorded_calls, rules=STRICT_RULES
    ) as running:
        yield running
