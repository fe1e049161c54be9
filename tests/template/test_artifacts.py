"""The result of `sam build`. Its content decides how fast a function starts: bytecode, and little of it."""

import importlib.util
import json
import os
import platform
import re
import shutil
import struct
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local import stack
from tests.template_reader import ROOT, function_names, functions_of, load_template

ARCHITECTURES = {"arm64": 183, "x86_64": 62}  # ELF e_machine: EM_AARCH64, EM_X86_64
HOST = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
LAYERS_MAY_WEIGH = 32 * 1000 * 1000
WITH_THAT_OF_SIGNING = 48 * 1000 * 1000

FUNCTIONS = function_names()
ARTIFACTS = ["DependenciesLayer", "SigningLayer", "CustomerCenterLayer", *FUNCTIONS]

# What Lambda's Python runtime has besides our layers.
RUNTIME = ["boto3", "botocore", "s3transfer", "dateutil", "six.py", "jmespath", "urllib3"]

# Part of the wheel itself, and small.
TESTS_OF_OTHERS = {"DependenciesLayer/python/certifi/tests"}


@pytest.fixture(scope="session")
def builds(tmp_path_factory, one_build):
    """The real build of every architecture. They are built at the same time."""
    folders = {architecture: tmp_path_factory.mktemp(architecture) / "build" for architecture in ARCHITECTURES}
    with ThreadPoolExecutor() as pool:
        list(pool.map(stack.build, folders.values(), folders.keys()))
    return folders


@pytest.fixture(scope="session", params=ARCHITECTURES)
def architecture(request):
    """Each architecture."""
    return request.param


@pytest.fixture(scope="session")
def built(builds, architecture):
    """The build of one architecture: a folder per layer and function."""
    return builds[architecture]


def files(folder, pattern="*"):
    return sorted(path for path in folder.rglob(pattern) if path.is_file())


def weight(folder):
    return sum(path.stat().st_size for path in files(folder))


@pytest.mark.parametrize("name", ARTIFACTS)
def test_every_module_is_shipped_with_bytecode_of_this_python_that_is_never_checked(built, name):
    """PEP 552: flags 0b01 means an unchecked hash, so a cold start neither compiles nor reads the source."""
    sources = files(built / name, "*.py")
    wrong = []
    for source in sources:
        bytecode = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
        wrong += [f"{source.relative_to(built)}: {problem}" for problem in problems(source, bytecode)]

    assert sources
    assert wrong[:5] == [], f"and {len(wrong)} of {len(sources)} in all"


def problems(source, bytecode):
    """Yield what is wrong with a module's bytecode."""
    if not bytecode.exists():
        yield f"no bytecode, only {sorted(path.name for path in bytecode.parent.glob(f'{source.stem}.*'))}"
        return
    header = bytecode.read_bytes()[:16]
    (flags,) = struct.unpack("<I", header[4:8])
    if header[:4] != importlib.util.MAGIC_NUMBER:
        yield "bytecode of another Python"
    if flags != 0b01:
        yield f"flags {flags:#04b}"
    # Python does not compare the hash at run time: old bytecode would run instead of new source.
    elif header[8:] != importlib.util.source_hash(source.read_bytes()):
        yield "bytecode of another source"


def test_these_tests_run_on_the_python_of_the_functions():
    assert sys.implementation.cache_tag == "cpython-313"
    assert importlib.util.MAGIC_NUMBER[2:] == b"\r\n"


@pytest.mark.parametrize("name", ARTIFACTS)
def test_no_bytecode_is_shipped_without_its_module_or_twice(built, name):
    modules = {path.with_suffix("") for path in files(built / name, "*.py")}
    strays = [
        path for path in files(built / name, "*.pyc") if path.parent.parent / path.name.split(".")[0] not in modules
    ]

    assert strays == []
    assert len(files(built / name, "*.pyc")) == len(modules)


def test_the_layers_are_light(built, record_property):
    sizes = {name: weight(built / name) for name in ("DependenciesLayer", "CustomerCenterLayer")}
    parts = {
        folder.name: weight(folder) for folder in (built / "DependenciesLayer/python").iterdir() if folder.is_dir()
    }
    heaviest = sorted(parts.items(), key=lambda part: -part[1])[:5]
    report = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in [*sizes.items(), *heaviest])
    record_property("layers", report)
    print(report)  # noqa: T201 # pytest -rP shows it

    assert sum(sizes.values()) <= LAYERS_MAY_WEIGH, report
    assert sum(sizes.values()) + weight(built / "SigningLayer") <= WITH_THAT_OF_SIGNING, report


def test_a_function_is_its_one_module(built):
    for name in FUNCTIONS:
        shipped = {str(path.relative_to(built / name)) for path in files(built / name)}
        assert shipped == {"app.py", "__pycache__/app.cpython-313.pyc"}


@pytest.mark.parametrize(
    ("layer", "expected"),
    [("DependenciesLayer", "_pydantic_core.cpython-313"), ("SigningLayer", "_cffi_backend.cpython-313")],
)
def test_compiled_libraries_are_of_the_architecture_asked_for(built, architecture, layer, expected):
    libraries = {}
    for library in files(built / layer, "*.so*"):
        header = library.read_bytes()[:20]
        assert header[:6] == b"\x7fELF\x02\x01", library
        libraries[library.name] = struct.unpack("<H", header[18:20])[0]

    assert any(name.startswith(expected) for name in libraries)
    assert set(libraries.values()) == {ARCHITECTURES[architecture]}


@pytest.mark.parametrize("package", ["boto3", "s3transfer", "dns", "pip", "aws_xray_sdk", "mypy_boto3_dynamodb"])
def test_what_the_runtime_has_or_nobody_needs_is_not_shipped(built, package):
    shipped = [path.name for path in (built / "DependenciesLayer/python").iterdir()]

    assert [name for name in shipped if name == package or name.startswith((f"{package}-", f"{package}."))] == []


def test_botocore_comes_without_its_descriptions_of_aws(built):
    assert (built / "DependenciesLayer/python/botocore/session.py").exists()
    assert not (built / "DependenciesLayer/python/botocore/data").exists()


@pytest.mark.parametrize(("layer", "folder"), [("DependenciesLayer", "dependencies"), ("SigningLayer", "signing")])
def test_no_distribution_is_shipped_that_is_not_locked(built, layer, folder):
    locked = {line.split("==")[0] for line in requirements(folder).splitlines() if "==" in line}
    shipped = {
        path.name.split("-")[0].lower().replace("_", "-") for path in (built / layer / "python").glob("*.dist-info")
    }

    assert shipped == locked


def test_templates_and_texts_of_mails_and_models_of_aws_are_shipped(built):
    package = ROOT / "layers/customer_center/customer_center"
    there = {path.relative_to(package) for ending in ("*.j2", "*.toml", "*.json") for path in files(package, ending)}
    shipped = built / "CustomerCenterLayer/python/customer_center"

    assert {path.suffix for path in there} == {".j2", ".toml", ".json"}
    assert [path for path in there if not (shipped / path).is_file()] == []


def test_the_whole_package_is_shipped_and_nothing_else(built):
    package = ROOT / "layers/customer_center/customer_center"
    shipped = built / "CustomerCenterLayer/python/customer_center"
    sources = {path.relative_to(package) for path in files(package, "*.py")}

    assert {path.relative_to(shipped) for path in files(shipped, "*.py")} == sources
    assert {path.suffix for path in files(shipped)} <= {".py", ".pyc", ".j2", ".toml", ".md", ".json"}
    assert [path.name for path in (built / "CustomerCenterLayer").iterdir()] == ["python"]
    assert [path.name for path in shipped.parent.iterdir()] == ["customer_center"]


def test_no_tests_caches_or_scripts_are_shipped(built):
    leftovers = {"tests", "test", "bin", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".git", ".venv"}
    found = {str(path.relative_to(built)) for path in built.rglob("*") if path.is_dir() and path.name in leftovers}

    assert found == TESTS_OF_OTHERS


def requirements(folder="dependencies"):
    return (ROOT / f"layers/{folder}/requirements.txt").read_text()


@pytest.mark.parametrize(
    ("folder", "exported"),
    [
        ("dependencies", "--only-group runtime --no-emit-package charset-normalizer"),
        ("signing", "--only-group signing"),
    ],
)
def test_the_layers_requirements_are_what_the_lock_file_says(folder, exported):
    if shutil.which("uv") is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)("uv is missing: make setup")
    command = f"uv export --frozen --no-emit-project --no-header {exported}"
    written = subprocess.run(command.split(), cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert requirements(folder) == written, "make lock writes it anew"


# As Lambda starts a function: with the layers and the runtime's own packages only.


def run(code, *path):
    """Run code in an interpreter with only the standard library and these folders, and return the JSON that it prints.

    `-I -S` keep this project's environment out, `-B` keeps the build as it is.
    """
    done = subprocess.run(
        [
            sys._base_executable,
            "-I",
            "-S",
            "-B",
            "-c",
            f"import sys; sys.path[:0] = sys.argv[1:]\n{code}",
            *map(str, path),
        ],
        env={"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1", "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="session")
def layers(builds):
    """The layers that this machine can run."""
    return [builds[HOST] / "DependenciesLayer/python", builds[HOST] / "CustomerCenterLayer/python"]


@pytest.fixture(scope="session")
def runtime(tmp_path_factory):
    """A folder with what Lambda's runtime brings, and nothing else of this project's environment."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in RUNTIME:
        (folder / name).symlink_to(Path(sysconfig.get_path("purelib")) / name)
    return folder


def test_mails_can_be_rendered_from_the_layers_alone(layers):
    code = """
import json
from customer_center.mail import render
from customer_center.platform.language import SUPPORTED_LANGUAGES
templates = render._environment().list_templates()
for template in templates:
    render._environment().get_template(template)
print(json.dumps({"templates": templates, "texts": {name: len(render._texts(name)) for name in SUPPORTED_LANGUAGES}}))
"""
    result = run(code, *layers)

    assert {"invitation.html.j2", "invitation.txt.j2"} <= set(result["templates"])
    assert min(result["texts"].values()) > 0


def test_tokens_are_signed_from_the_layers_alone(builds, layers):
    code = """
import json
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from customer_center.connectors.vendasta.tokens import assertion
kinds = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
key = rsa.generate_private_key(65537, 2048).private_bytes(*kinds).decode()
print(json.dumps(assertion("MP-1", key, 0)))
"""
    assert run(code, *layers, builds[HOST] / "SigningLayer/python").count(".") == 2


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_starts_with_what_lambda_gives_it(builds, layers, runtime, name):
    module, handler = functions_of(load_template())[name]["Handler"].split(".")
    code = f"""
import json, {module}, customer_center
print(json.dumps({{"handler": callable({module}.{handler}), "package": customer_center.__file__}}))
"""
    result = run(code, builds[HOST] / name, *layers, runtime)

    assert result["handler"] is True
    assert result["package"].startswith(str(layers[1]))


MAKE_CLIENTS = """
import botocore, json
from customer_center.platform import aws
made = [make().meta.service_model.service_name for make in (aws.dynamodb, aws.sqs, aws.sesv2, aws.cognito, aws.ssm)]
aws.dynamodb().get_paginator("query")
print(json.dumps({"made": made, "version": botocore.__version__, "file": botocore.__file__}))
"""
ALL_CLIENTS = ["dynamodb", "sqs", "sesv2", "cognito-idp", "ssm"]


def test_clients_of_aws_are_made_by_the_layers_botocore_and_not_by_the_runtimes(layers, tmp_path):
    (tmp_path / "botocore").mkdir()
    (tmp_path / "botocore/__init__.py").write_text("raise ImportError('the botocore of the runtime')")
    (locked,) = re.findall(r"^botocore==(\S+)", requirements(), re.MULTILINE)

    result = run(MAKE_CLIENTS, *layers, tmp_path)

    assert (result["made"], result["version"]) == (ALL_CLIENTS, locked)
    assert result["file"].startswith(str(layers[0]))


@pytest.mark.parametrize("version", ["1.36.0", "1.40.0", "1.43.0", "1.44.8"])
def test_clients_of_aws_are_made_by_other_versions_of_botocore(layers, tmp_path, version):
    """So that a change of the lock finds working code, in both directions."""
    command = ["uv", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path), f"botocore=={version}"]
    if shutil.which("uv") is None or subprocess.run(command, check=False).returncode:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"botocore {version} cannot be installed")

    result = run(MAKE_CLIENTS, tmp_path, *layers)

    assert (result["made"], result["version"]) == (ALL_CLIENTS, version)
