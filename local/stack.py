"""The whole stack on one machine: emulator, simulators, our own template, routes (DESIGN §9).

`running_stack` is used by `make run` and by the tests alike; each has its own ports and its own state folder.
"""

import json
import os
import platform
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
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import boto3

from local.routes import create_routes
from ops.checks import parameter_defaults
from ops.client_key import client_keys, local_key
from ops.release import release

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / ".local"
REGION = "eu-central-1"
STACK_NAME = "customer-center-local"
ARTIFACTS = "customer-center-artifacts"
ERP_PARAMETER = "/customer-center/local/erp"
WEBHOOKS_PARAMETER = "/customer-center/local/erp-webhooks"
WEBHOOK_SECRET = "whsec_bG9jYWwgb25seSwgYW5kIG5vIHNlY3JldCBhdCBhbGw="  # noqa: S105 # of a stack on the loopback only
ERP_PASSWORD = "local-only"  # noqa: S105 # of a simulator that listens on the loopback only
_READY_SECONDS = 60


@dataclass(frozen=True)
class Stack:
    """Every address and id a script needs; `make run` writes it to `.local/stack.json`."""

    region: str
    endpoint_url: str
    api_url: str
    cognito_url: str
    user_pool_id: str
    user_pool_client_id: str
    mailbox_url: str
    erp_url: str
    webhook_secret: str
    client_key: str
    operator_key: str
    companies_table: str
    journal_table: str

    def client(self, service: str) -> Any:  # noqa: ANN401 # one of many clients
        """Return a boto3 client that talks to the emulator."""
        return emulated(self.endpoint_url)(service)

    def save(self, path: Path, **more: str) -> None:
        """Write the addresses, and what the caller adds, as JSON."""
        path.write_text(json.dumps({**asdict(self), **more}, indent=2) + "\n")


def free_port() -> int:
    """Return a port of the loopback that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_stack(
    folder: Path, *, port: int, erp_port: int, parameters: Mapping[str, str] | None = None
) -> Iterator[Stack]:
    """Start everything, deploy our template, and end everything that was started, whatever happens.

    `folder` keeps state, logs and the build. `parameters` override the template's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _forget_stream_positions(folder / "state/lambda.json")
    with ExitStack() as processes:
        # The emulator unpacks every function there, and leaves it behind.
        processes.callback(shutil.rmtree, folder / "tmp", ignore_errors=True)
        erp = [sys.executable, "-m", "local.simulators.erp", "--port", str(erp_port)]
        processes.enter_context(_process(erp, folder / "erp.log", {"ERP_SIMULATOR_PASSWORD": ERP_PASSWORD}))
        # -P: its neighbours in local/ are not for the emulator to import.
        emulator = [str(TOOLS / "emulator/bin/python"), "-P", str(ROOT / "local/emulator.py")]
        processes.enter_context(_process(emulator, folder / "emulator.log", _emulator_environment(folder, port)))
        endpoint = f"http://127.0.0.1:{port}"
        _wait_for(f"{endpoint}/_ministack/health")
        _wait_for(f"http://127.0.0.1:{erp_port}/_simulator/requests")
        stack = deploy(folder, endpoint, f"http://127.0.0.1:{erp_port}", parameters or {})
        _connect_erp(stack)
        yield stack


def _connect_erp(stack: Stack) -> None:
    """Tell the ERP simulator where its webhooks go, as ops tell the ERP's integrator."""
    receiver = json.dumps({"url": stack.api_url, "secret": stack.webhook_secret}).encode()
    request = urllib.request.Request(f"{stack.erp_url}/_simulator/webhooks", data=receiver)  # noqa: S310 # a loopback address of ours
    with urllib.request.urlopen(request, timeout=10):  # noqa: S310 # as above
        pass


def deploy(folder: Path, endpoint: str, erp_url: str, parameters: Mapping[str, str]) -> Stack:
    """Build and deploy the template onto the emulator, as ops do onto AWS, and make its routes."""
    client = emulated(endpoint)
    client("ssm").put_parameter(
        Name=ERP_PARAMETER,
        Type="SecureString",
        Value=json.dumps({"user": "webconnector", "password": ERP_PASSWORD}),
        Overwrite=True,
    )
    client("ssm").put_parameter(
        Name=WEBHOOKS_PARAMETER,
        Type="SecureString",
        Value=json.dumps({"secrets": [WEBHOOK_SECRET]}),
        Overwrite=True,
    )
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
        "AllowedOrigin": "http://localhost:8000",
        "MailFrom": "shop@demo-shop.example",
        "MailIdentity": "demo-shop.example",
        "ErpUrl": f"{erp_url}/soap",
        "ErpCredentialsParameter": ERP_PARAMETER,
        "ErpWebhookSecretsParameter": WEBHOOKS_PARAMETER,
        **parameters,
    }
    build(folder / "build", architecture)
    _name_release(folder / "build/template.yaml", release(folder / "build", chosen))
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
    _hear_of_bounces(client, chosen["MailIdentity"])
    stack = client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return Stack(
        region=REGION,
        endpoint_url=endpoint,
        # By path: names below localhost resolve in browsers and not on every machine's resolver.
        api_url=f"{endpoint}/_aws/execute-api/{outputs['ApiId']}/$default",
        cognito_url=endpoint,
        user_pool_id=outputs["UserPoolId"],
        user_pool_client_id=outputs["UserPoolClientId"],
        mailbox_url=f"{endpoint}/_ministack/ses/messages",
        erp_url=erp_url,
        webhook_secret=WEBHOOK_SECRET,
        companies_table=outputs["CompaniesTableName"],
        journal_table=outputs["JournalTableName"],
        **_client_keys(folder / "client_keys.json", client("dynamodb"), outputs),
    )


def _client_keys(kept: Path, dynamodb: Any, outputs: Mapping[str, str]) -> dict[str, str]:  # noqa: ANN401 # a client
    """Return a key for the shop's backend and one for operators: those of the run before, where they are still good."""
    keys = client_keys(dynamodb, outputs["CompaniesTableName"], outputs["JournalTableName"])
    before: dict[str, str] = json.loads(kept.read_text()) if kept.exists() else {}
    scopes = {"client_key": "companies:read", "operator_key": "operator"}
    shown = {name: local_key(keys, scope, before.get(name)) for name, scope in scopes.items()}
    kept.write_text(json.dumps(shown, indent=2) + "\n")
    return shown


def _hear_of_bounces(client: Callable[[str], Any], identity: str) -> None:
    """Let bounces of the mailbox simulator reach our topic: the emulator tells only the identity's topics."""
    found = client("cloudformation").describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId="EmailFeedbackTopic"
    )
    topic = found["StackResourceDetail"]["PhysicalResourceId"]
    for kind in ("Bounce", "Complaint"):
        client("ses").set_identity_notification_topic(Identity=identity, NotificationType=kind, SnsTopic=topic)


def host_architecture() -> str:
    """Return this machine's processor, as the parameter Architecture names it."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def build(folder: Path, architecture: str) -> None:
    """Build the functions and layers into the folder; the layer's wheels are of that architecture."""
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


def _name_release(template: Path, name: str) -> None:
    """Write the release into the built template: the emulator tells SAM's transform no parameters."""
    text, functions = re.subn(r"(AutoPublishCodeSha256:)\s+Ref: Release", rf"\1 {name}", template.read_text())
    assert functions, template
    template.write_text(text)


def emulated(endpoint: str) -> Callable[[str], Any]:
    """Return what makes boto3 clients that talk to the emulator, whatever the environment says."""
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)  # noqa: S106 # the emulator's
    return lambda service: session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]


def aws_environment(endpoint: str) -> dict[str, str]:
    """Return the environment in which AWS tools talk to the emulator, whatever the machine is set up for."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
    }


def _forget_stream_positions(saved: Path) -> None:
    """Let stream readers begin anew: the emulator keeps how far they got, and not the stream that counts from."""
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
        # Not ours to use, and its port is fixed.
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
            # Its own group: Ctrl-C reaches this script first, which ends them in order, so that state is saved.
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
