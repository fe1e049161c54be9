"""An emulator (ministack) for tests that need more than moto: atomic transactions, a complete Cognito."""

import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.stack import REGION, ROOT, TOOLS, free_port

_READY_SECONDS = 30


def _command() -> list[str]:
    """Return what starts it; skip where it is missing on a laptop, fail in CI, where nothing may be missing."""
    python = str(TOOLS / "emulator/bin/python")
    if shutil.which(python) is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("the emulator is missing; `make setup` installs it")
    return [python, "-P", str(ROOT / "local/emulator.py")]


@contextmanager
def emulator() -> Iterator[str]:
    """Start an emulator without state on a free port, yield its endpoint, and stop it."""
    command, port = _command(), free_port()
    endpoint = f"http://127.0.0.1:{port}"
    environment = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "0",
        # Check signatures and revoked tokens, as AWS does.
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    }
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+") as log:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment, "TMPDIR": folder},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_ready(endpoint, process, Path(log.name))
            yield endpoint
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _READY_SECONDS
    # The loopback is reached without the machine's proxies.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            opener.open(f"{endpoint}/_ministack/health", timeout=2).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                pytest.fail(f"the emulator did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        else:
            return
