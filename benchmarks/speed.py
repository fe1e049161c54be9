"""Cold starts, warm requests, memory and size: the built artefacts in sandboxes, side by side with reference handlers.

Times are CPU time of the sandbox's process: what a neighbour on the machine does stays out of it, and where AWS's
sockets are cut nothing else is waited for. Verdicts are ratios to a reference that ran in the same round.
"""

import json
import shutil
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.meter import Call
from benchmarks.runtime import Program, Sandbox, sandbox
from benchmarks.stage import Invocation, Stage
from benchmarks.story import Story
from benchmarks.table import SLACK, Row
from local.stack import build, host_architecture
from tests.template_reader import functions_of

ROUNDS = 9
WARM_UPS = 50
REQUESTS = 200
_HERE = Path(__file__).parent / "sandbox"
# What Lambda's Python runtime brings beside our layers.
_RUNTIME = ("boto3", "botocore", "s3transfer", "dateutil", "six.py", "jmespath", "urllib3")
_CLIENT = ("awslambdaric", "simplejson", "snapshot_restore_py.py", "runtime_client*.so")

API = ("ActivationFunction", "ErpContactsFunction", "InvitationsFunction", "UsersFunction")
COLD: Mapping[str, str] = {
    "POST /activations": "activation",
    "GET /erp-contacts": "erp_contacts",
    "POST /invitations/acceptance": "invitations",
    "GET /users/{user_id}": "users",
    "GET /companies/{company_id}/users/{user_id}": "companies",
    "OutboxFunction": "outbox",
    "EmailDispatchFunction": "email_dispatch",
    "ReconcileFunction": "reconcile",
    "ErpPushFunction": "erp_push",
}
"""What each function does first in its life, and what it is called."""
WARM = {"GET /users/{user_id}": ("GET one user", 1.5, 1.2), "POST /users": ("POST /users", 1.7, 1.3)}


@dataclass(frozen=True)
class Pair:
    """One invocation of ours, and the reference that makes the same calls."""

    ours: Program
    reference: Program
    event: bytes


class Artefacts:
    """What `sam build` makes of the template, laid out as Lambda does, and what the runtime brings."""

    def __init__(self, folder: Path, stage: Stage) -> None:
        self._folder = folder
        self._stage = stage
        self._functions = functions_of(stage.aws.template)
        self._build = folder / "build"
        self.layers = folder / "opt"
        self.runtime = folder / "runtime"
        build(self._build, host_architecture())
        for layer in ("DependenciesLayer", "CustomerCenterLayer"):
            shutil.copytree(self._build / layer / "python", self.layers, dirs_exist_ok=True)
        self.runtime.mkdir()
        installed = Path(sysconfig.get_path("purelib"))
        for pattern in (*_RUNTIME, *_CLIENT):
            (found,) = installed.glob(pattern)
            (self.runtime / found.name).symlink_to(found)

    def pair(self, name: str, invocation: Invocation) -> Pair:
        """Return our function that handled this invocation, and its reference."""
        function = self._stage.function_of(name)
        path = (self._build / function, _HERE, self.layers, self.runtime)
        # A call of another service is one of DynamoDB's there: the reference has one client.
        calls = [call if call.service == "dynamodb" else _GET for call in invocation.calls]
        ours = {
            **self._stage.aws.environment(function),
            "PRODUCT_HANDLER": self._functions[function]["Handler"],
            "ANSWERS": self._file(name, "ours", _answers(invocation.calls)),
        }
        reference = {
            "CALLS": self._file(name, "calls", [(call.method, call.parameters) for call in calls]),
            "ANSWERS": self._file(name, "reference", _answers(calls)),
        }
        return Pair(
            Program("product.handler", path, ours),
            Program("boto3_client.handler", (_HERE, self.runtime), reference),
            json.dumps(invocation.event).encode(),
        )

    def bare(self) -> Program:
        """Return a handler that returns a dict."""
        return Program("bare.handler", (_HERE, self.runtime), {})

    def _file(self, name: str, kind: str, content: Any) -> str:
        file = self._folder / f"{name.replace('/', '_').replace(' ', '_')}.{kind}.json"
        file.write_text(json.dumps(content))
        return str(file)


_KEY = {"pk": {"S": "company"}, "sk": {"S": "user"}}
_GET = Call("dynamodb", "GetItem", "get_item", {"TableName": "CompaniesTable", "Key": _KEY}, 200, "{}")


def _answers(calls: Sequence[Call]) -> list[tuple[str, int, str]]:
    return [(call.operation, call.status, call.answer) for call in calls]


def rows(stage: Stage, folder: Path) -> Iterator[Row]:
    """Yield everything that is measured in sandboxes."""
    for _ in Story(stage).use_cases():
        pass
    artefacts = Artefacts(folder, stage)
    yield from _sizes(artefacts)
    yield from _cold(artefacts, stage)
    yield from _warm(artefacts, stage.invocations)


def _sizes(artefacts: Artefacts) -> Iterator[Row]:
    weight = sum(file.stat().st_size for file in artefacts.layers.rglob("*") if file.is_file())
    yield Row("size", "layers, unzipped, with bytecode", weight / 1e6, "MB", 32, 24)


def _cold(artefacts: Artefacts, stage: Stage) -> Iterator[Row]:
    pairs = {name: artefacts.pair(name, stage.invocations[name]) for name in COLD if name in stage.invocations}
    ratios: dict[str, list[float]] = {name: [] for name in pairs}
    peaks: dict[str, float] = {}
    for this_round in range(-1, ROUNDS):
        for name, pair in pairs.items():
            reference, _ = _first(pair.reference, pair.event)
            # As it was in the story: a contact that is there already is not created.
            stage.erp.reset()
            ours, peak = _first(pair.ours, pair.event)
            # The first round fills the page cache and writes the references' bytecode.
            if this_round >= 0:
                ratios[name].append(ours / reference)
                peaks[name] = max(peak, peaks.get(name, 0))
    for name, found in ratios.items():
        behind_api = " " in name
        budget, stretch = (1.20, 0.85) if behind_api else (1.10, 0.80)
        group = f"cold start, CPU to the first answer, x boto3 client ({'API' if behind_api else 'queues'})"
        yield Row(
            group, f"{COLD[name]} ({name})" if behind_api else COLD[name], median(found), "x", budget, stretch, SLACK
        )
    heaviest = max((name for name in peaks if " " in name), key=lambda name: peaks[name])
    yield Row("memory", f"API function, peak ({COLD[heaviest]})", peaks[heaviest], "MB", 60, 45)


def _first(program: Program, event: bytes) -> tuple[int, float]:
    with sandbox(program) as it:
        _answered(it, event)
        return it.cpu_ns(), it.peak_mb()


def _warm(artefacts: Artefacts, invocations: Mapping[str, Invocation]) -> Iterator[Row]:
    pairs = {name: artefacts.pair(name, invocations[name]) for name in WARM}
    ratios: dict[str, list[float]] = {name: [] for name in pairs}
    for _ in range(ROUNDS):
        for name, pair in pairs.items():
            ratios[name].append(_cpu(pair.ours, pair.event) / _cpu(pair.reference, pair.event))
    for name, (title, budget, stretch) in WARM.items():
        yield Row(
            "warm CPU, x boto3 client with the same calls", title, median(ratios[name]), "x", budget, stretch, SLACK
        )


def _cpu(program: Program, event: bytes) -> float:
    """Return the CPU time of one warm request."""
    with sandbox(program) as it:
        for _ in range(WARM_UPS):
            _answered(it, event)
        before = it.cpu_ns()
        for _ in range(REQUESTS):
            _answered(it, event)
        return (it.cpu_ns() - before) / REQUESTS


def _answered(it: Sandbox, event: bytes) -> None:
    answer = it.invoke(event)
    if answer.get("batchItemFailures") or answer.get("statusCode", 200) >= HTTPStatus.BAD_REQUEST:
        raise AssertionError(answer)
