"""Who may import whom (docs/specification.md, 1), read from the source, and what importing a function does."""

import ast
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.template_reader import ROOT, functions_of, load_template

LAYER = ROOT / "layers/customer_center"
PACKAGE = "customer_center"

# The room of adapters: it knows the ports of the others. Its folders are outside systems.
CONNECTORS = "connectors"

# Folders of a room that are no stories: the formats of webhooks are data for the room's own modules.
NO_STORIES = {"webhooks.formats"}

# Words of rooms that platform does not use, in no name, comment or text: platform serves every room alike.
WORDS_OF_ROOMS = re.compile(
    r"(?<![a-z])(compan(y|ies)|invitations?|activations?|contacts?|customer_numbers?|client[ _-]keys?)(?![a-z])"
    r"|customer_center[./](companies|clients|connectors|mail|webhooks)",
    re.IGNORECASE,
)

# The modules that make a room's store from the environment.
WIRING = {"clients.wiring", "companies.wiring", "customers.wiring", "webhooks.wiring"}

# Who talks to AWS. A new name here is a decision.
AWS = {
    "connectors.cognito.identities",
    "mail.ses",
    "platform.aws",
    "platform.dynamodb",
    "platform.journal",
    "platform.outbox",
    "platform.overload",
    "platform.secrets",
    "platform.table_store",
    "webhooks.queue",
}

# What a function pays for at every cold start, and which functions have a reason to (docs/specification.md, 12).
HEAVY = {
    "requests": set(),  # imported by the first call (platform/outbound.py)
    "defusedxml": {"activation", "contact_list", "erp_contacts", "erp_push"},
    "jinja2": {"email_dispatch", "login_mails"},
    "pydantic": {
        "activation",
        "conflicts",
        "customers",
        "erp_contacts",
        "invitations",
        "machines",
        "products",
        "users",
    },
    "aws_lambda_powertools.event_handler": set(),
    "aws_lambda_powertools.utilities.batch": set(),
    "aws_lambda_powertools.utilities.parameters": set(),
    "aws_lambda_powertools.utilities.idempotency": set(),
    "aws_lambda_powertools.utilities.parser": set(),
    "aws_xray_sdk": set(),
    "boto3": set(),
    "cryptography": set(),
    "jwt": set(),
}


@dataclass(frozen=True)
class Import:
    """One import: who, what, where it stands."""

    importer: str
    imported: str
    line: int
    at_module_level: bool
    for_types_only: bool

    def __str__(self):
        return f"{self.importer}:{self.line} imports {self.imported}"


@dataclass(frozen=True)
class Module:
    """One module of ours: its name without the package's, `companies.store` or `functions.users`."""

    name: str
    path: Path
    tree: ast.Module
    imports: tuple[Import, ...]

    @property
    def room(self):
        return self.name.split(".")[0]

    @property
    def story(self):
        """The folder below the room that the module is in, `companies.users`; None at the top of a room."""
        folder = ".".join(self.name.split(".")[:2])
        is_inside = "." in folder and self.room in ROOMS - {CONNECTORS} and folder not in NO_STORIES
        return folder if is_inside and MODULES[folder].path.name == "__init__.py" else None


def source_files():
    for path in sorted((LAYER / PACKAGE).rglob("*.py")):
        parts = path.relative_to(LAYER / PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name or PACKAGE, path
    for path in sorted((ROOT / "functions").glob("*/*.py")):
        yield f"functions.{path.parent.name}", path


def imports_of(name: str, tree: ast.Module, names: set[str]) -> Iterator[Import]:
    """Yield what a module imports; `from package import module` counts as the module where there is one."""

    def walk(node: ast.AST, *, top: bool, typing: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            found: list[str] = []
            if isinstance(child, ast.Import):
                found = [alias.name for alias in child.names]
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{name}:{child.lineno}: a relative import hides where it leads"
                origin = f"{child.module}"
                below = [f"{origin}.{alias.name}" for alias in child.names]
                inner = [module for module in below if own(module) in names]
                found = inner if len(inner) == len(below) else [origin, *inner]
            for imported in found:
                yield Import(name, imported, child.lineno, top, typing)
            is_function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            guarded = isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")
            yield from walk(child, top=top and not is_function, typing=typing or guarded)

    yield from walk(tree, top=True, typing=False)


def own(imported: str) -> str | None:
    """Return our own name of an imported module; None for anybody else's."""
    if imported == PACKAGE:
        return PACKAGE
    return imported.removeprefix(f"{PACKAGE}.") if imported.startswith(f"{PACKAGE}.") else None


def read() -> dict[str, Module]:
    files = [(name, path, ast.parse(path.read_text(), str(path))) for name, path in source_files()]
    names = {name for name, _, _ in files}
    return {name: Module(name, path, tree, tuple(imports_of(name, tree, names))) for name, path, tree in files}


MODULES = read()
IMPORTS = [found for module in MODULES.values() for found in module.imports]
ROOMS = {module.room for module in MODULES.values()} - {PACKAGE, "platform", "functions"}
FUNCTIONS = sorted(module.path.parent.name for module in MODULES.values() if module.room == "functions")


def inner_imports() -> Iterator[tuple[Module, Module, Import]]:
    """Yield every import of a module of ours by a module of ours."""
    for found in IMPORTS:
        imported = own(found.imported)
        if imported is not None:
            assert imported in MODULES, f"{found}, which is not there"
            yield MODULES[found.importer], MODULES[imported], found


def outer(name: str) -> list[Import]:
    """Return the imports of a package of somebody else's, or of one of its modules."""
    return [found for found in IMPORTS if found.imported == name or found.imported.startswith(f"{name}.")]


def test_there_is_something_to_read():
    assert {"companies", "connectors", "mail"} <= ROOMS
    assert {"activation", "users", "outbox"} <= set(FUNCTIONS)
    assert any(found.imported == "customer_center.companies.store" for found in IMPORTS)
    assert any(found.for_types_only for found in IMPORTS)


def test_nobody_imports_a_function():
    assert [str(found) for found in IMPORTS if found.imported.split(".")[0] in ("functions", "app")] == []


def test_platform_imports_no_room():
    wrong = [found for by, what, found in inner_imports() if by.room == "platform" and what.room != "platform"]

    assert [str(found) for found in wrong] == []


def test_platform_does_not_speak_of_a_room():
    spoken = [
        f"{module.name}:{number} {line.strip()}"
        for module in MODULES.values()
        if module.room == "platform"
        for number, line in enumerate(module.path.read_text().splitlines(), start=1)
        if WORDS_OF_ROOMS.search(line)
    ]

    assert spoken == []


@pytest.mark.parametrize(
    ("line", "is_spoken"),
    [
        ("company_id: str", True),
        ('pk = "COMPANY#1"', True),
        ("# What the companies room keeps.", True),
        ("def new_company_id(now):", True),
        ("see customer_center/mail/render.py", True),
        ("from customer_center.platform import aws", False),
        ("class CustomerCenterError(Exception):", False),
        ("accompanying", False),
    ],
)
def test_words_of_rooms_are_found_in_names_and_in_prose(line, is_spoken):
    assert bool(WORDS_OF_ROOMS.search(line)) is is_spoken


def test_a_story_imports_no_other_story():
    """What two stories share stands at the top of their room; other rooms see the top only."""
    wrong = [
        found for by, what, found in inner_imports() if what.story and by.room != "functions" and what.story != by.story
    ]

    assert [str(found) for found in wrong] == []


def test_there_are_stories():
    assert {"companies.onboarding", "companies.users", "companies.erp"} <= {module.story for module in MODULES.values()}
    assert {module.story for module in MODULES.values() if module.room in ("platform", "connectors", "webhooks")} == {
        None
    }


def test_a_model_imports_only_models_and_rules_of_platform_and_the_standard_library():
    # frozen is how a data class is declared; the others are rules without I/O.
    allowed = (
        "model",
        "fields",
        "consent",
        "identity",
        "members",
        "partners",
        "errors",
        "ids",
        "frozen",
        "stamps",
        "email_address",
    )
    wrong = []
    for module in MODULES.values():
        if module.name.split(".")[-1] == "model":
            for found in module.imports:
                imported = own(found.imported)
                standard = found.imported.split(".")[0] in sys.stdlib_module_names
                if not (standard or (imported and imported.split(".")[-1] in allowed)):
                    wrong.append(str(found))

    assert wrong == []


def test_a_model_knows_no_clock_no_chance_and_no_outside_world():
    forbidden = {
        "os",
        "time",
        "random",
        "secrets",
        "socket",
        "urllib",
        "http",
        "subprocess",
        "pathlib",
        "logging",
        "uuid",
    }
    models = [module for module in MODULES.values() if module.name.split(".")[-1] == "model"]
    wrong = [str(found) for module in models for found in module.imports if found.imported.split(".")[0] in forbidden]
    calls = [
        f"{module.name}:{node.lineno} {ast.unparse(node)}"
        for module in models
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today")
    ]

    assert wrong == []
    assert calls == []


def test_ports_are_words_and_import_no_adapter():
    allowed = {"model", "consent", "fields", "identity", "listing", "outage", "own_ids", "ports", "search_ports"}
    allowed |= {"clock", "errors", "idempotency", "journal", "paging", "frozen"}
    wrong = [
        str(found)
        for by, what, found in inner_imports()
        if by.name.split(".")[-1] in ("ports", "product_ports") and what.name.split(".")[-1] not in allowed
    ]

    assert wrong == []


def test_a_store_is_imported_by_the_wiring_of_its_own_room_and_by_nobody_else():
    importers = [(by, what, found) for by, what, found in inner_imports() if what.name.split(".")[-1] == "store"]

    assert importers
    assert [str(found) for by, what, found in importers if by.room != what.room or by.name not in WIRING] == []


def test_a_room_reaches_the_outside_through_its_ports_and_never_imports_a_connector():
    importers = {
        by.name
        for by, what, _ in inner_imports()
        if what.room == CONNECTORS and by.room not in (CONNECTORS, "functions")
    }

    assert importers == set()


def test_a_connector_imports_only_what_a_room_says_about_its_ports():
    wrong = [
        str(found)
        for by, what, found in inner_imports()
        if by.room == CONNECTORS
        and what.room in ROOMS - {CONNECTORS}
        and what.name.split(".")[-1]
        not in ("ports", "product_ports", "model", "fields", "field_names", "identity", "consent", "erp_values")
    ]

    assert wrong == []


def test_one_connector_does_not_know_another():
    wrong = [
        str(found)
        for by, what, found in inner_imports()
        if by.room == what.room == CONNECTORS
        and by.name.split(".")[1:2] != what.name.split(".")[1:2]
        # It lists the kinds of products, for the functions.
        and by.name != "connectors.kinds"
    ]

    assert wrong == []


def test_rooms_import_each_other_in_one_direction():
    edges: dict[str, set[str]] = {}
    for by, what, _ in inner_imports():
        if by.room != what.room:
            edges.setdefault(by.room, set()).add(what.room)

    assert cycles(edges) == []


def test_a_function_is_wiring_and_imports_nobody_elses_package():
    """So our package is loaded first, and whatever it loads is not searched for garbage (`gc.set_threshold`)."""
    found = {
        (found.importer, package)
        for found in IMPORTS
        if found.importer.startswith("functions.") and not found.for_types_only
        if (package := found.imported.split(".")[0]) not in {PACKAGE, *sys.stdlib_module_names}
    }

    # Their metrics.
    assert found == {
        ("functions.outbox", "aws_lambda_powertools"),
        ("functions.product_catch_up", "aws_lambda_powertools"),
    }


def test_only_the_modules_that_talk_to_aws_import_its_sdk():
    importers = {found.importer for package in ("boto3", "botocore") for found in outer(package)}

    assert importers == AWS


def test_types_of_the_sdk_are_imported_for_type_checkers_only():
    """They are not in the layer: an import at run time would end every cold start."""
    stubs = [found for found in IMPORTS if found.imported.startswith("mypy_boto3")]

    assert stubs
    assert [str(found) for found in stubs if not found.for_types_only] == []


def test_http_clients_are_for_connectors_and_the_outbound_calls_they_share():
    calls = [found for package in ("requests", "urllib3", "http.client", "urllib.request") for found in outer(package)]

    assert calls
    allowed = (f"{CONNECTORS}.", "platform.outbound")
    assert [str(found) for found in calls if not found.importer.startswith(allowed)] == []


def test_templates_are_for_rendering_mail():
    assert {found.importer for found in outer("jinja2")} == {"mail.render"}


@pytest.mark.parametrize(
    "package",
    [
        "aws_lambda_powertools.tracing",
        "aws_lambda_powertools.utilities.parser",
        "aws_xray_sdk",
        "boto3.resources",
        "boto3.session",
    ],
)
def test_nobody_imports_what_a_cold_start_cannot_afford(package):
    assert [str(found) for found in outer(package)] == []


def test_nobody_uses_a_tracer_or_a_resource():
    wrong = [
        f"{module.name}:{node.lineno}"
        for module in MODULES.values()
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.ImportFrom) and any(alias.name == "Tracer" for alias in node.names))
        or (isinstance(node, ast.Attribute) and ast.unparse(node) in ("boto3.resource", "boto3.Session"))
    ]

    assert wrong == []


def test_everything_of_others_that_we_import_is_in_a_layer():
    layers = [(ROOT / f"layers/{name}/requirements.txt").read_text() for name in ("dependencies", "signing")]
    locked = {package for text in layers for package in re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE)}
    distributions = importlib.metadata.packages_distributions()
    wrong = []
    for found in IMPORTS:
        package = found.imported.split(".")[0]
        if found.for_types_only or package in {PACKAGE, *sys.stdlib_module_names}:
            continue
        if not {name.lower().replace("_", "-") for name in distributions.get(package, [])} & locked:
            wrong.append(str(found))

    assert wrong == []


def test_no_module_imports_itself_in_a_circle():
    edges: dict[str, set[str]] = {}
    for by, what, found in inner_imports():
        if found.at_module_level and not found.for_types_only and by is not what:
            edges.setdefault(by.name, set()).add(what.name)

    assert cycles(edges) == []


def test_imports_stand_at_the_top_where_everybody_sees_them():
    late = [found for found in IMPORTS if not found.at_module_level]
    # A function that rarely calls the ERP, or never saves a list of contacts, must not pay for it when it starts.
    assert {(found.importer, found.imported.partition(".")[0]) for found in late} == {
        ("platform.outbound", "requests"),
        ("customers.identity", "phonenumbers"),
        ("companies.store", "concurrent"),
        # Few products are in Vendasta. The package for signing is in a layer of its own, and a token lasts a day.
        ("connectors.vendasta.kind", "customer_center"),
        ("connectors.vendasta.tokens", "jwt"),
    }


def cycles(edges: dict[str, set[str]]) -> list[str]:
    """Return the circles of a graph, each as `a → b → a`."""
    found: list[str] = []
    done: set[str] = set()

    def visit(node: str, path: list[str]) -> None:
        if node in path:
            found.append(" → ".join([*path[path.index(node) :], node]))
            return
        if node not in done:
            for follower in sorted(edges.get(node, ())):
                visit(follower, [*path, node])
            done.add(node)

    for start in sorted(edges):
        visit(start, [])
    return found


def test_a_circle_would_be_seen():
    assert cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b → c → b"]
    assert cycles({"a": {"b", "c"}, "b": {"c"}}) == []


# Importing a function

_IMPORT = """
import importlib.util, json, os, sys

sys.path.insert(0, sys.argv[1])
import botocore.session

def no_client(*_, **__):
    raise AssertionError("a client was made while importing")

botocore.session.Session.create_client = no_client

class Environment(type(os.environ)):
    def __getitem__(self, name):
        read.add(name)
        return super().__getitem__(name)

read = set()
os.environ.__class__ = Environment
spec = importlib.util.spec_from_file_location("app", sys.argv[2])
app = importlib.util.module_from_spec(spec)
sys.modules["app"] = app
spec.loader.exec_module(app)
print(json.dumps({"modules": sorted(sys.modules), "read": sorted(read)}))
"""


@pytest.fixture(scope="module")
def imported():
    """Each function, imported by a fresh interpreter that knows its region and nothing else; all at the same time."""
    started = {
        name: subprocess.Popen(
            [sys.executable, "-I", "-c", _IMPORT, LAYER, ROOT / "functions" / name / "app.py"],
            env={"AWS_REGION": "eu-central-1", "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in FUNCTIONS
    }
    results = {}
    for name, process in started.items():
        output, errors = process.communicate(timeout=300)
        results[name] = (process.returncode, output, errors)
    return results


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_can_be_imported_without_settings_and_makes_no_client(imported, name):
    code, _, errors = imported[name]

    assert code == 0, errors


@pytest.mark.parametrize("name", FUNCTIONS)
def test_importing_a_function_reads_no_setting_of_ours(imported, name):
    """Settings are read when they are first needed: an import must work before there are any."""
    variables = {variable for function in functions_of(load_template()).values() for variable in settings(function)}
    ours = {variable for variable in variables if not variable.startswith("POWERTOOLS_")}

    assert "COMPANIES_TABLE" in ours
    assert ours & set(json.loads(imported[name][1])["read"]) == set()


def settings(function):
    return function["Environment"]["Variables"]


@pytest.mark.parametrize("package", HEAVY)
def test_a_function_loads_what_is_heavy_only_where_it_is_needed(imported, package):
    loading = {name for name in FUNCTIONS if package in json.loads(imported[name][1])["modules"]}

    assert loading == HEAVY[package]
