"""A simulation of Lambda for measuring speed: the real runtime client (awslambdaric) with our own Runtime API.

A `Sandbox` is one process that answers one invocation after the other. Like Lambda, it has the function's folder, the
layers in one folder and the runtime's packages. It does not have this machine's environment variables.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, override

_PATIENCE = 60
_DEADLINE_MS = 30_000


class FunctionFailedError(Exception):
    """The function did not start, or it raised an exception."""


class _Handler(BaseHTTPRequestHandler):
    """The four calls of the Runtime API (docs.aws.amazon.com, "Using the Lambda runtime API")."""

    protocol_version = "HTTP/1.1"
    # One packet per answer: the client must not wait for a second one.
    wbufsize = -1
    server: "RuntimeApi"

    def do_GET(self) -> None:
        """`…/invocation/next`: the runtime is idle. It waits here for the next event."""
        self.server.reports.put(("next", b""))
        event = self.server.events.get()
        if event is None:
            self.close_connection = True
            return
        now = int(time.time() * 1000)
        self._answer(
            200,
            event,
            {
                "Lambda-Runtime-Aws-Request-Id": f"8476a536-e9f4-11e8-9739-{time.perf_counter_ns() % 10**12:012}",
                "Lambda-Runtime-Deadline-Ms": str(now + _DEADLINE_MS),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-central-1:123456789012:function:bench",
                "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
            },
        )

    def do_POST(self) -> None:
        """`…/response`, `…/error`, `/init/error`: the runtime reports a result."""
        chunked = self.headers.get("Transfer-Encoding") == "chunked"
        body = b"".join(self._chunks()) if chunked else self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.reports.put((self.path.rpartition("/")[2], body))
        self._answer(202, b"", {})

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class RuntimeApi(ThreadingHTTPServer):
    """The Runtime API of one sandbox."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self.reports: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()

    def wait_for(self, kind: str) -> bytes:
        """Return the runtime's next report. Raises FunctionFailedError when the report is of another kind."""
        found, body = self.reports.get(timeout=_PATIENCE)
        if found != kind:
            raise FunctionFailedError(body.decode(errors="replace")[:3000])
        return body


@dataclass(frozen=True)
class Program:
    """One handler as Lambda would start it: the folders of its code, and its variables in addition to Lambda's."""

    handler: str
    path: tuple[Path, ...]
    variables: Mapping[str, str]


class Sandbox:
    """One running sandbox that waits for an event."""

    def __init__(self, api: RuntimeApi, process: "subprocess.Popen[bytes]") -> None:
        self._api = api
        self._process = process

    def invoke(self, event: bytes) -> Any:
        """Send one event. Return the answer when the runtime is idle again."""
        self._api.events.put(event)
        body = self._api.wait_for("response")
        self._api.wait_for("next")
        return json.loads(body)

    def cpu_ns(self) -> int:
        """Return the CPU time of all threads so far."""
        threads = Path(f"/proc/{self._process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text().split()[0]) for thread in threads)

    def peak_mb(self) -> float:
        """Return the peak of the process's memory in RAM, in MB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) * 1024 / 1e6


@contextmanager
def sandbox(program: Program) -> Iterator[Sandbox]:
    """Start a new sandbox, and end it after the `with` block."""
    api = RuntimeApi()
    server = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    server.start()
    environment = {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": tempfile.gettempdir(),
        "PYTHONPATH": os.pathsep.join(map(str, program.path)),
        "LAMBDA_TASK_ROOT": str(program.path[0]),
        "LAMBDA_RUNTIME_DIR": str(program.path[-1]),
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/customer-center/bench",
        "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secretexample",
        "AWS_SESSION_TOKEN": "tokenexample",
        "_HANDLER": program.handler,
        **program.variables,
    }
    command = [sys._base_executable, "-S", "-m", "awslambdaric", program.handler]  # type: ignore[attr-defined] # CPython's own
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            cwd=program.path[0],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            api.wait_for("next")
            yield Sandbox(api, process)
        except (queue.Empty, FunctionFailedError, AssertionError) as error:
            log.seek(0)
            raise FunctionFailedError(f"{program.handler}: {error}\n{log.read().decode()[-3000:]}") from error
        finally:
            process.kill()
            process.wait()
            api.events.put(None)
            api.shutdown()
            api.server_close()
            server.join()
