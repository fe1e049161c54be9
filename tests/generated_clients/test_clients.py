"""Clients that others make of docs/openapi.json, with generators in wide use: they compile, and they keep `code`."""

import os
import shutil
import subprocess
from pathlib import Path

from generate.openapi import DOCUMENT
from local.stack import TOOLS
from tests.conftest import require

HERE = Path(__file__).parent
TYPESCRIPT = TOOLS / "typescript/node_modules"
PYTHON = TOOLS / "clients/bin"


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_typescript_client_compiles_and_keeps_the_code(tmp_path):
    require("node", TYPESCRIPT / ".bin/tsc", TYPESCRIPT / ".bin/openapi-typescript")
    run(TYPESCRIPT / ".bin/openapi-typescript", DOCUMENT, "--output", tmp_path / "api.d.ts", cwd=tmp_path)
    shutil.copy(HERE / "uses_client.ts", tmp_path)
    (tmp_path / "node_modules").symlink_to(TYPESCRIPT)
    strict = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext"]
    run(TYPESCRIPT / ".bin/tsc", *strict, "uses_client.ts", "api.d.ts", cwd=tmp_path)


def test_a_python_client_can_be_imported_and_keeps_the_code(tmp_path):
    require(PYTHON / "openapi-python-client")
    run(
        PYTHON / "openapi-python-client",
        "generate",
        *("--path", DOCUMENT),
        *("--config", HERE / "python_client.yaml"),
        *("--output-path", tmp_path / "api_client"),
        *("--meta", "none"),
        "--fail-on-warning",
        cwd=tmp_path,
    )
    shutil.copy(HERE / "uses_client.py", tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [PYTHON / "python", "-W", "error", "uses_client.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "not-found"), done.stderr
