"""A samconfig.toml with one stage in it, as somebody fills in the section of dev."""

import json
import tomllib
from pathlib import Path

from tests.template_reader import ROOT


def _filled_in() -> dict[str, str]:
    dev = tomllib.loads((ROOT / "samconfig.toml").read_text())["dev"]["deploy"]["parameters"]["parameter_overrides"]
    text = "\n".join(dev).replace("dev.shop.example.com", "trial.example").replace("example.com", "trial.example")
    given = dict(line.split("=", 1) for line in text.replace("/dev/", "/trial/").splitlines())
    return {name: value.strip('"') for name, value in given.items()} | {"Stage": "trial"}


STAGE = _filled_in()


def write_samconfig(
    folder: Path, stack_name: str = "customer-center-trial", stage: str = "trial", **changes: str | None
) -> Path:
    """Write the file, with other parameters or without some (None), and return where it is."""
    given = {name: value for name, value in {**STAGE, **changes}.items() if value is not None}
    overrides = ",\n".join(json.dumps(f'{name}="{value}"') for name, value in given.items())
    file = folder / "samconfig.toml"
    file.write_text(f"""\
version = 0.1
[{stage}.deploy.parameters]
stack_name = "{stack_name}"
resolve_s3 = true
capabilities = "CAPABILITY_IAM"
confirm_changeset = false
fail_on_empty_changeset = false
parameter_overrides = [
{overrides}
]
""")
    return file
