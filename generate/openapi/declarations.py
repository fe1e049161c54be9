"""The operations that the functions declare, with parameters, answers and error codes."""

import importlib.util
import inspect
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

from customer_center.platform.http import STATUS, Api, Route
from customer_center.platform.texts import Problem, Texts

TOPICS: Mapping[str, tuple[str, Sequence[str]]] = {
    "settings": ("What a form needs to know before anybody has logged in.", ["/settings"]),
    "activation": ("A company's main contact opens its customer center.", ["/activations", "/activation-unlocks"]),
    "me": ("People and their own account.", ["/me", "/email-confirmations", "/email-cancellations"]),
    "users": ("Administrators and the users of their company.", ["/users"]),
    "invitations": (
        "Inviting people, and accepting an invitation.",
        ["/invitations", "/users/{user_id}/invitation", "/users/import"],
    ),
    "erp-contacts": ("The ERP's contacts who have no shop account yet.", ["/erp-contacts"]),
    "company": ("The company of the person who is logged in.", ["/company"]),
    "audit-trail": ("Who changed what in the company.", ["/audit-entries"]),
    "companies": ("For machines: companies and their users.", ["/companies"]),
    "client-keys": ("For operators: the keys of machines.", ["/client-keys"]),
    "customers": ("For products and other machines: the Customer List of an account.", ["/customers"]),
    "conflicts": ("For machines: customers of an account that may be the same.", ["/conflicts"]),
    "products": ("For machines: the products that are in step with an account.", ["/products"]),
    "webhook-sources": ("For machines: who may send events about an account's customers.", ["/webhook-sources"]),
    "refused-events": ("For machines: events about customers that could not be applied.", ["/refused-events"]),
    "erasures": ("For machines: the certificates of erased persons.", ["/erasures"]),
    "accounts": ("For operators: the accounts of the Customer List.", ["/accounts"]),
    "webhooks": ("For the ERP and products: events about customers and contacts.", ["/webhooks"]),
}
"""The topics of operations (tags): what each is about, and the beginnings of its paths."""


@dataclass(frozen=True)
class Operation:
    """One route, with the error codes that its function can answer."""

    route: Route
    texts: Texts

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The handler's parameters by name, with their types, and the query of its caller."""
        own = {name: kind for name, kind in get_type_hints(self.route.handler).items() if name != "return"}
        return ({"query": self.route.caller.query} if self.route.caller.query else {}) | own

    @property
    def answers(self) -> Iterator[tuple[HTTPStatus, type[Any]]]:
        """The statuses of success with their models. In `Answer[A | B]`, A is for the first status, B for the next."""
        (answered,) = get_args(get_type_hints(self.route.handler)["return"])
        models = get_args(answered) or (answered,) * len(self.route.statuses)
        return zip(self.route.statuses, models, strict=True)

    @property
    def topic(self) -> str:
        """The topic in `TOPICS` whose path is the longest beginning of the route's path."""
        found = {path: name for name, (_, paths) in TOPICS.items() for path in paths if _begins(path, self.route.path)}
        return found[max(found, key=len)]

    @property
    def takes_idempotency_key(self) -> bool:
        """Whether the Idempotency-Key header has an effect."""
        return self.route.method == "POST" and not self.route.caller.names_requests

    @property
    def needs_version(self) -> bool:
        """Whether the If-Match header is required."""
        return self.route.method in ("PATCH", "DELETE")

    @property
    def problems(self) -> Mapping[str, Problem]:
        """All possible error codes, sorted: those of the handler, its caller, the input, and AWS."""
        route, parameters = self.route, self.parameters
        codes = {*route.problems, *route.caller.problems, "overloaded"}
        if "body" in parameters:
            codes |= {"body-too-large", "json-invalid"}
            codes |= {"invalid-input"} if parameters["body"] is not bytes else set()
        if "query" in parameters:
            codes.add("invalid-input")
        if self.takes_idempotency_key:
            codes |= {"idempotency-key-invalid"} | ({"idempotency-key-reused"} if route.caller.security else set())
        if self.needs_version:
            codes.add("precondition-required")
        return {code: self.texts.problems[code] for code in sorted(codes)}


def function_modules(folder: Path) -> Mapping[str, ModuleType]:
    """Return the module `app` of every function in the folder, by the function's name."""
    return {file.parent.name: _module(file) for file in sorted(folder.glob("*/app.py"))}


def _module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"functions_{file.parent.name}", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_operations(modules: Mapping[str, ModuleType]) -> Sequence[Operation]:
    """Return all operations. Raises ValueError if two have the same id."""
    apis = {function: module.api for function, module in modules.items() if isinstance(getattr(module, "api", 0), Api)}
    operations = [Operation(route, api.texts) for api in apis.values() for route in api.routes]
    ids = Counter(operation.route.operation_id for operation in operations)
    if twice := [name for name, count in ids.items() if count > 1]:
        raise ValueError(f"two operations have the same id: {twice}; give one of them another (`operation=`)")
    return operations


def _begins(path: str, whole: str) -> bool:
    return f"{whole}/".startswith(f"{path}/")


def status_of(problem: Problem) -> HTTPStatus:
    """Return the HTTP status of a problem."""
    return next(STATUS[kind] for kind in problem.raised_as.__mro__ if kind in STATUS)


def sentences(documented: Callable[..., object] | ModuleType) -> list[str]:
    """Return the paragraphs of a docstring, each on one line."""
    return [" ".join(paragraph.split()) for paragraph in (inspect.getdoc(documented) or "").split("\n\n")]
