"""The whole stack on one machine: the emulator, the simulators, and our template deployed onto the emulator.

`make run` and the tests both use `running_stack`, each with its own ports and its own state folder.
"""

import json
import os
import platform
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3

from local.routes import create_routes
from local.simulators import SIMULATORS
from local.simulators.erp.connection import WEBHOOK_SECRET
from local.simulators.simulator import Simulator
from ops.checks import parameter_defaults
from ops.client_key import EVERY_SCOPE, client_keys, local_key
from ops.release import release

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / ".local"
REGION = "eu-central-1"
STACK_NAME = "customer-center-local"
ARTIFACTS = "customer-center-artifacts"
_READY_SECONDS = 60
# Linux gives outgoing connections the ports from 32768 on, macOS those from 49152 on.
_PORTS = range(20_000, 32_000)


@dataclass(frozen=True)
class Stack:
    """The addresses and ids that scripts need. `make run` writes them to `.local/stack.json`."""

    region: str
    endpoint_url: str
    api_url: str
    cognito_url: str
    user_pool_id: str
    user_pool_client_id: str
    mailbox_url: str
    simulators: Mapping[str, str]
    """The URL of each simulator, by the simulator's name."""
    webhook_secret: str
    client_key: str
    operator_key: str
    manager_key: str
    """The key that manages client keys. It has every scope, because it can give only what it has."""
    companies_table: str
    customers_table: str
    journal_table: str

    @property
    def erp_url(self) -> str:
        """The URL of the ERP simulator."""
        return self.simulators["erp"]

    @property
    def products_url(self) -> str:
        """The URL of the products simulator."""
        return self.simulators["products"]

    @property
    def vendasta_url(self) -> str:
        """The URL of the Vendasta simulator."""
        return self.simulators["vendasta"]

    def client(self, service: str) -> Any:  # noqa: ANN401 # one of many clients
        """Return a boto3 client that talks to the emulator."""
        return emulated(self.endpoint_url)(service)

    def save(self, path: Path, **more: str) -> None:
        """Write the addresses and `more` as JSON. The key of a simulator's URL is `<name>_url`."""
        addresses = asdict(self)
        urls = {f"{name}_url": url for name, url in addresses.pop("simulators").items()}
        path.write_text(json.dumps({**addresses, **urls, **more}, indent=2) + "\n")


def free_port() -> int:
    """Return a port of 127.0.0.1 that is free now, and that no outgoing connection takes before it is used."""
    while True:
        port = random.SystemRandom().choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def running_stack(
    folder: Path,
    *,
    port: int,
    simulator_ports: Mapping[str, int] | None = None,
    parameters: Mapping[str, str] | None = None,
    records: Path | None = None,
    rules: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[Stack]:
    """Start everything and deploy our template. At the end, stop everything that was started, also after an error.

    State, logs and the build are kept in `folder`. A simulator without an entry in `simulator_ports` gets a free port.
    `parameters` override the template's defaults. The functions' calls of AWS are appended to the file `records`, in
    the form that `local/stricter.py` describes. `rules` are that module's, too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _forget_stream_positions(folder / "state/lambda.json")
    ports = simulator_ports or {}
    urls = {simulator.name: f"http://127.0.0.1:{ports.get(simulator.name) or free_port()}" for simulator in SIMULATORS}
    with ExitStack() as processes:
        # The emulator unpacks every function into this folder and does not remove the files.
        processes.callback(shutil.rmtree, folder / "tmp", ignore_errors=True)
        for simulator in SIMULATORS:
            processes.enter_context(_running_simulator(simulator, urls[simulator.name], folder))
        # -P: the emulator must not import modules from local/.
        emulator = [str(TOOLS / "emulator/bin/python"), "-P", str(ROOT / "local/emulator.py")]
        environment = {**_emulator_environment(folder, port), "STRICTER_RULES": json.dumps(rules or {})}
        if records:
            environment["RECORDED_CALLS"] = str(records)
        processes.enter_context(_process(emulator, folder / "emulator.log", environment))
        endpoint = f"http://127.0.0.1:{port}"
        _wait_for(f"{endpoint}/_ministack/health")
        for simulator in SIMULATORS:
            _wait_for(urls[simulator.name] + simulator.ready)
        stack = deploy(folder, endpoint, urls, parameters or {})
        for simulator in SIMULATORS:
            simulator.connect(urls[simulator.name], stack.api_url)
        yield stack


def _running_simulator(simulator: Simulator, url: str, folder: Path) -> AbstractContextManager[None]:
    port = url.rpartition(":")[2]
    command = [sys.executable, "-m", f"local.simulators.{simulator.name}", "--port", port]
    return _process(command, folder / f"{simulator.name}.log", {})


def deploy(folder: Path, endpoint: str, simulators: Mapping[str, str], parameters: Mapping[str, str]) -> Stack:
    """Build the template, deploy it onto the emulator as operators deploy it to AWS, and create its routes.

    `simulators` are the URLs of the simulators by name. `parameters` override the template's defaults.
    """
    client = emulated(endpoint)
    simulated: dict[str, str] = {}
    for simulator in SIMULATORS:
        simulated |= simulator.parameters(simulators[simulator.name])
        for name, content in simulator.secrets.items():
            client("ssm").put_parameter(Name=name, Type="SecureString", Value=json.dumps(content), Overwrite=True)
    buckets = client("s3")
    if ARTIFACTS not in [bucket["Name"] for bucket in buckets.list_buckets()["Buckets"]]:
        buckets.create_bucket(Bucket=ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": REGION})
    architecture = host_architecture()
    chosen = {
        **parameter_defaults(),
        "Stage": "local",
        "Architecture": architecture,
        "Dashboard": "true",
        "ShopName": "Demo Shop",
        "ShopUrl": "http://localhost:8000",
        "InvitationUrl": "http://localhost:8000/invitation#token={token}",
        "EmailConfirmationUrl": "http://localhost:8000/email#token={token}",
        "InviteAgainUrl": "http://localhost:8000/users#invite={user_id}",
        "EmailCancellationUrl": "http://localhost:8000/not-me#token={token}",
        "AllowedOrigin": "http://localhost:8000",
        "MailFrom": "shop@demo-shop.example",
        "MailIdentity": "demo-shop.example",
        **simulated,
        **parameters,
    }
    build(folder / "build", architecture)
    _write_release(folder / "build/template.yaml", release(folder / "build", chosen))
    _sam(
        folder / "deploy.log",
        "deploy",
        f"--config-file={ROOT / 'samconfig.toml'}",
        "--config-env=local",
        f"--template-file={folder / 'build/template.yaml'}",
        f"--s3-bucket={ARTIFACTS}",
        "--no-progressbar",
        "--parameter-overrides",
        *(f'{name}="{value}"' for name, value in chosen.items()),
        environment=aws_environment(endpoint),
    )
    create_routes(client, STACK_NAME)
    _subscribe_to_bounces(client, chosen["MailIdentity"])
    stack = client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return Stack(
        region=REGION,
        endpoint_url=endpoint,
        # A path instead of a host name, because some resolvers do not know names below localhost.
        api_url=f"{endpoint}/_aws/execute-api/{outputs['ApiId']}/$default",
        cognito_url=endpoint,
        user_pool_id=outputs["UserPoolId"],
        user_pool_client_id=outputs["UserPoolClientId"],
        mailbox_url=f"{endpoint}/_ministack/ses/messages",
        simulators=simulators,
        webhook_secret=WEBHOOK_SECRET,
        companies_table=outputs["CompaniesTableName"],
        customers_table=outputs["CustomersTableName"],
        journal_table=outputs["JournalTableName"],
        **_client_keys(folder / "client_keys.json", client("dynamodb"), outputs),
    )


def _client_keys(kept: Path, dynamodb: Any, outputs: Mapping[str, str]) -> dict[str, str]:  # noqa: ANN401 # a client
    """Return keys for the shop's backend, operators, and a manager of keys. Valid keys of the last run are reused."""
    keys = client_keys(dynamodb, outputs["CompaniesTableName"], outputs["JournalTableName"])
    before: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
    scopes = {"client_key": ("companies:read",), "operator_key": ("operator",), "manager_key": EVERY_SCOPE}
    shown = {name: local_key(keys, scope, before.get(name)) for name, scope in scopes.items()}
    kept.write_text(json.dumps(shown, indent=2) + "\n")
    return shown


def _subscribe_to_bounces(client: Callable[[str], Any], identity: str) -> None:
    """Send bounces of the mailbox simulator to our topic, because the emulator knows only the identity's topics."""
    found = client("cloudformation").describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId="EmailFeedbackTopic"
    )
    topic = found["StackResourceDetail"]["PhysicalResourceId"]
    for kind in ("Bounce", "Complaint"):
        client("ses").set_identity_notification_topic(Identity=identity, NotificationType=kind, SnsTopic=topic)


def host_architecture() -> str:
    """Return this machine's processor architecture as a value of the parameter Architecture."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def build(folder: Path, architecture: str) -> None:
    """Build functions and layers into the folder, with wheels for that architecture."""
    folder.mkdir(parents=True, exist_ok=True)
    _sam(
        folder.parent / "build.log",
        "build",
        f"--build-dir={folder}",
        f"--template-file={ROOT / 'template.yaml'}",
        "--parameter-overrides",
        f"Architecture={architecture}",
        environment={"ARCHITECTURE": architecture, "PYTHON": sys.executable},
    )


def _write_release(template: Path, name: str) -> None:
    """Write the release into the built template, because the emulator passes no parameters to SAM's transform."""
    text, functions = re.subn(r"(AutoPublishCodeSha256:)\s+Ref: Release", rf"\1 {name}", template.read_text())
    assert functions, template
    template.write_text(text)


def emulated(endpoint: str) -> Callable[[str], Any]:
    """Return a function that creates boto3 clients for the emulator. They ignore the environment's AWS settings."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)  # noqa: S106 # the emulator's
    return lambda service: session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]


def aws_environment(endpoint: str) -> dict[str, str]:
    """Return the variables that make AWS tools use the emulator, whatever the machine's own AWS settings are."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
    }


def _forget_stream_positions(saved: Path) -> None:
    """Delete the saved positions of stream readers, because the emulator does not save the streams themselves."""
    if saved.exists():
        state = json.loads(saved.read_text())
        state.get("payload", {}).pop("dynamodb_stream_positions", None)
        saved.write_text(json.dumps(state))


def _emulator_environment(folder: Path, port: int) -> dict[str, str]:
    state = folder / "state"
    temporary = folder / "tmp"
    for needed in (state, temporary):
        needed.mkdir(exist_ok=True)
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(state),
        "TMPDIR": str(temporary),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(state / "s3"),
        "LOG_LEVEL": "INFO",
        # Switched off, because its port is fixed: a second stack could not start.
        "IOT_MTLS_ENABLED": "0",
    }


def _sam(log: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
    with log.open("w") as output:
        done = subprocess.run(
            [str(TOOLS / "sam/bin/sam"), *arguments],
            cwd=ROOT,
            env={**os.environ, "SAM_CLI_TELEMETRY": "0", **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise SystemExit(f"sam {arguments[0]} failed; the end of {log}:\n" + log.read_text()[-4000:])


@contextmanager
def _process(command: list[str], log: Path, environment: Mapping[str, str]) -> Iterator[None]:
    with log.open("a") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # A separate process group, so that Ctrl-C reaches only this script. The script then stops the processes in
            # order, and the emulator saves its state.
            start_new_session=True,
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str) -> None:
    end = time.monotonic() + _READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 # a loopback address of ours
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > end:
                raise SystemExit(f"{url} does not answer") from None
            time.sleep(0.1)
