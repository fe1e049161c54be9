"""Cold starts, warm requests, memory and size: the built artefacts in sandboxes, compared with reference handlers.

Times are CPU time of the sandbox's process, so that other processes on the machine do not count. No call opens a
socket, so that no time is spent waiting for AWS. Verdicts are ratios to a reference that ran in the same round.
"""

import json
import shutil
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.customer_story import APPLIED, CustomerStory
from benchmarks.meter import Call
from benchmarks.runtime import Program, Sandbox, sandbox
from benchmarks.stage import Invocation, Stage
from benchmarks.story import Story
from benchmarks.table import SLACK, Row
from customer_center.customers.effects import PRODUCT_PUSH
from local.stack import build, host_architecture
from tests.template_reader import functions_of

ROUNDS = 9
WARM_UPS = 50
REQUESTS = 200
# WARM_UPS and REQUESTS are multiples of it, so that each product's push counts as often as the others.
PRODUCTS = 50
_HERE = Path(__file__).parent / "sandbox"
# The packages of Lambda's Python runtime.
_RUNTIME = ("boto3", "botocore", "s3transfer", "dateutil", "six.py", "jmespath", "urllib3")
_CLIENT = ("awslambdaric", "simplejson", "snapshot_restore_py.py", "runtime_client*.so")

SYNC, FOLLOW_UP, PUSH = "CustomerSyncFunction", "CustomerFollowUpFunction", "ProductPushFunction"
COLD: Mapping[str, str] = {
    "POST /activations": "activation",
    "GET /erp-contacts": "erp_contacts",
    "POST /invitations/acceptance": "invitations",
    "GET /settings": "settings",
    "GET /users/{user_id}": "users",
    "GET /companies/{company_id}/users/{user_id}": "machines",
    "POST /webhooks/{source}": "customer_webhook",
    "OutboxFunction": "outbox",
    "EmailDispatchFunction": "email_dispatch",
    "ReconcileFunction": "reconcile",
    "ErpPushFunction": "erp_push",
    "ContactListFunction": "contact_list",
    SYNC: "customer_sync",
    "GET /customers/{customer_id}": "customers",
    "GET /products/{product}": "products",
    "GET /conflicts/{conflict_id}": "conflicts",
    FOLLOW_UP: "customer_follow_up",
    PUSH: "product_push",
    "ProductCatchUpFunction": "product_catch_up",
}
"""The first invocation of each function, and the function's name in the table."""
WEBHOOK = "POST /webhooks/{source}"
WARM: Mapping[str, tuple[str, float, float | None]] = {
    "GET /users/{user_id}": ("GET one user", 1.5, 1.2),
    "POST /users": ("POST /users", 1.7, 1.3),
    SYNC: (f"customer_sync, {APPLIED}", 2.0, None),
}


@dataclass(frozen=True)
class Pair:
    """One of our functions with an event, and the reference that makes the same calls."""

    ours: Program
    reference: Program
    event: bytes


class Artefacts:
    """The output of `sam build` in the folders that Lambda uses, and the packages of Lambda's runtime."""

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
        self.signing = self._build / "SigningLayer/python"
        self.runtime.mkdir()
        installed = Path(sysconfig.get_path("purelib"))
        for pattern in (*_RUNTIME, *_CLIENT):
            (found,) = installed.glob(pattern)
            (self.runtime / found.name).symlink_to(found)

    def pair(self, name: str, invocation: Invocation, service: str = "dynamodb", title: str = "") -> Pair:
        """Return our function that handled this invocation, and its reference. Pairs of one function need titles."""
        function = self._stage.function_of(name)
        signing = [self.signing] if {"Ref": "SigningLayer"} in self._functions[function]["Layers"] else []
        path = (self._build / function, _HERE, self.layers, *signing, self.runtime)
        # The reference has one client. It makes a call to DynamoDB in place of each call to another service.
        calls = [call if call.service == "dynamodb" else _GET for call in invocation.calls]
        if service != "dynamodb":
            calls = [call for call in invocation.calls if call.service == service]
        ours = {
            **self._stage.aws.environment(function),
            # The story's signatures are minutes old when they are measured.
            "WEBHOOK_TOLERANCE_SECONDS": "86400",
            "PRODUCT_HANDLER": self._functions[function]["Handler"],
            "ANSWERS": self._file(name + title, "ours", _answers(invocation.calls)),
        }
        reference = {
            "SERVICE": service,
            "CALLS": self._file(name + title, "calls", [(call.method, call.parameters) for call in calls]),
            "ANSWERS": self._file(name + title, "reference", _answers(calls)),
        }
        return Pair(
            Program("product.handler", path, ours),
            Program("boto3_client.handler", (_HERE, self.runtime), reference),
            _json(invocation),
        )

    def _file(self, name: str, kind: str, content: Any) -> str:
        file = self._folder / f"{name.replace('/', '_').replace(' ', '_')}.{kind}.json"
        file.write_text(json.dumps(content))
        return str(file)


_KEY = {"pk": {"S": "company"}, "sk": {"S": "user"}}
_GET = Call("dynamodb", "GetItem", "get_item", {"TableName": "CompaniesTable", "Key": _KEY}, 200, "{}")


def _answers(calls: Sequence[Call]) -> list[tuple[str, int, str]]:
    return [(call.operation, call.status, call.answer) for call in calls]


def rows(stage: Stage, folder: Path) -> Iterator[Row]:
    """Yield the rows that are measured in sandboxes."""
    story, customers = Story(stage), CustomerStory(stage)
    for _ in story.use_cases():
        pass
    # As in every round of the cold starts.
    stage.erp.reset()
    story.read_list(generated=0)
    # The ERP's is measured here, Vendasta's below.
    kept = {WEBHOOK: stage.invocations[WEBHOOK]}
    for use_case in customers.use_cases():
        if use_case == APPLIED:
            kept[SYNC] = stage.invocations[SYNC]
    stage.invocations |= kept
    artefacts = Artefacts(folder, stage)
    yield from _sizes(artefacts)
    yield from _cold(artefacts, stage)
    yield from _warm(artefacts, stage.invocations)
    yield from _intake(artefacts, stage.invocations[WEBHOOK], "", _forged, (1.25, 1.1, 0.15, 0.08))
    yield from _fan_out(artefacts, customers)
    stage.vendasta()
    of_vendasta = stage.invocations[WEBHOOK]
    yield from _intake(artefacts, of_vendasta, "Vendasta, ", _forged_token, (1.6, 1.4, 0.4, 0.3))


def _sizes(artefacts: Artefacts) -> Iterator[Row]:
    common, signing = (
        sum(file.stat().st_size for file in layers.rglob("*") if file.is_file()) / 1e6
        for layers in (artefacts.layers, artefacts.signing)
    )
    yield Row("size", "layers, unzipped, with bytecode", common, "MB", 32, 24)
    yield Row("size", "with the layer of what signs", common + signing, "MB", 48)


def _cold(artefacts: Artefacts, stage: Stage) -> Iterator[Row]:
    pairs = {name: artefacts.pair(name, stage.invocations[name]) for name in COLD}
    ratios: dict[str, list[float]] = {name: [] for name in pairs}
    peaks: dict[str, float] = {}
    for this_round in range(-1, ROUNDS):
        for name, pair in pairs.items():
            reference, _ = _first(pair.reference, pair.event)
            # The ERP is reset to its state in the story, because an existing contact is not created again.
            stage.erp.reset()
            ours, peak = _first(pair.ours, pair.event)
            # The first round fills the page cache and writes the references' bytecode.
            if this_round >= 0:
                ratios[name].append(ours / reference)
                peaks[name] = max(peak, peaks.get(name, 0))
    for name, found in ratios.items():
        behind_api = " " in name
        for_people = behind_api and name != WEBHOOK
        budget, stretch = (1.20, 0.85) if for_people else (1.10, 0.80)
        kind = "API" if for_people else "webhooks and queues"
        group = f"cold start, CPU to the first answer, x boto3 client ({kind})"
        yield Row(
            group, f"{COLD[name]} ({name})" if behind_api else COLD[name], median(found), "x", budget, stretch, SLACK
        )
    heaviest = max((name for name in peaks if " " in name), key=lambda name: peaks[name])
    yield Row("memory", f"API function, peak ({COLD[heaviest]})", peaks[heaviest], "MB", 60, 45)


def _first(program: Program, event: bytes) -> tuple[int, float]:
    with sandbox(program) as running:
        _answered(running, event)
        return running.cpu_ns(), running.peak_mb()


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


def _fan_out(artefacts: Artefacts, customers: CustomerStory) -> Iterator[Row]:
    """Yield the CPU time of the follow-up and of all pushes of a change, compared with that of single pushes."""
    ran = {products: customers.fan_out(products) for products in (1, PRODUCTS)}
    (single,) = [each for name, each in ran[1] if name == PUSH and _tells(each)]
    pushes = [each for name, each in ran[PRODUCTS] if name == PUSH and _tells(each)]
    (followed,) = [each for name, each in ran[PRODUCTS] if name == FOLLOW_UP]
    assert len(pushes) == PRODUCTS
    together = Invocation({}, [call for push in pushes for call in push.calls])
    one = artefacts.pair(PUSH, single, title="one").ours
    many = artefacts.pair(PUSH, together, title="many").ours
    follow_up = artefacts.pair(FOLLOW_UP, followed, title="many").ours
    ratios = []
    for _ in range(ROUNDS):
        alone = _cpu(one, _json(single))
        spent = _cpu(follow_up, _json(followed)) + PRODUCTS * _cpu(many, *map(_json, pushes))
        ratios.append(spent / (PRODUCTS * alone))
    name = f"one change to {PRODUCTS} products, x {PRODUCTS} single pushes"
    yield Row("warm CPU of follow-up and pushes", name, median(ratios), "x", 1.2, None, SLACK)


def _tells(push: Invocation) -> bool:
    """Whether a product is told something. Pages of walks of new products, and what they point to, come between."""
    is_pointer = json.loads(push.event["Records"][0]["body"])["kind"] == PRODUCT_PUSH
    return is_pointer and any(call.operation == "PutItem" for call in push.calls)


def _json(invocation: Invocation) -> bytes:
    return json.dumps(invocation.event).encode()


def _forged(event: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**event, "headers": {**event["headers"], "webhook-signature": f"v1,{'A' * 43}="}}


def _forged_token(event: Mapping[str, Any]) -> Mapping[str, Any]:
    # As long as a genuine signature, and as large a number: others are refused before they cost anything.
    signed, _, signature = event["body"].rpartition(".")
    return {**event, "body": f"{signed}.{signature[:9]}{signature[9:-1][::-1]}{signature[-1]}"}


def _intake(
    artefacts: Artefacts,
    invocation: Invocation,
    sender: str,
    forge: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    budgets: tuple[float, float, float, float],
) -> Iterator[Row]:
    """Yield the CPU time of an accepted and of a refused webhook, without the CPU time of the runtime client.

    `budgets` are budget and stretch goal of both.
    """
    pair = artefacts.pair(WEBHOOK, invocation, service="sqs")
    forged = forge(invocation.event)
    accepting: list[float] = []
    refusing: list[float] = []
    for _ in range(ROUNDS):
        accepted = _cpu_by_itself(pair.ours, invocation.event, HTTPStatus.ACCEPTED)
        accepting.append(accepted / _cpu_by_itself(pair.reference, invocation.event, HTTPStatus.OK))
        refusing.append(_cpu_by_itself(pair.ours, forged, HTTPStatus.UNAUTHORIZED) / accepted)
    group = "webhook, warm CPU of the handler by itself"
    for name, ratios, at in (
        (f"{sender}accepted, x one SendMessage of boto3", accepting, 0),
        (f"{sender}refused for its signature, x accepted", refusing, 2),
    ):
        yield Row(group, name, median(ratios), "x", budgets[at], budgets[at + 1], SLACK)


def _cpu_by_itself(program: Program, event: Mapping[str, Any], status: HTTPStatus) -> float:
    """Return the mean CPU time of a request, measured with many requests in one invocation."""
    often = replace(program, handler="often.handler", variables={**program.variables, "OFTEN": program.handler})
    with sandbox(often) as running:
        spent = []
        for times in (WARM_UPS, REQUESTS):
            before = running.cpu_ns()
            answer = running.invoke(json.dumps({"times": times, "event": event}).encode())
            if answer["statusCode"] != status:
                raise AssertionError(answer)
            spent.append((running.cpu_ns() - before) / times)
        return spent[-1]


def _cpu(program: Program, *events: bytes) -> float:
    """Return the mean CPU time of a warm request. Several events come one after the other, again and again."""
    with sandbox(program) as running:
        next_event = cycle(events)
        for _ in range(WARM_UPS):
            _answered(running, next(next_event))
        before = running.cpu_ns()
        for _ in range(REQUESTS):
            _answered(running, next(next_event))
        return (running.cpu_ns() - before) / REQUESTS


def _answered(running: Sandbox, event: bytes) -> None:
    answer = running.invoke(event)
    # A schedule's function answers nothing.
    answer = answer or {}
    if answer.get("batchItemFailures") or answer.get("statusCode", 200) >= HTTPStatus.BAD_REQUEST:
        raise AssertionError(answer)
