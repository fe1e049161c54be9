"""A samconfig.toml with one stage in it, as somebody fills it in."""

import json
from pathlib import Path

STAGE = {
    "Stage": "trial",
    "ShopName": "Trial Shop",
    "ShopUrl": "https://shop.trial.example",
    "InvitationUrl": "https://shop.trial.example/invitation#token={token}",
    "AllowedOrigin": "https://shop.trial.example",
    "MailFrom": "shop@trial.example",
    "MailIdentity": "trial.example",
    "ErpUrl": "https://erp.trial.example/soap",
    "ErpCredentialsParameter": "/customer-center/trial/erp",
    "ErpWebhookSecretsParameter": "/customer-center/trial/erp-webhooks",
}


def write_samconfig(folder: Path, stack_name: str = "customer-center-trial", **changes: str | None) -> Path:
    """Write the file, with other parameters or without some (None), and return where it is."""
    given = {name: value for name, value in {**STAGE, **changes}.items() if value is not None}
    overrides = ",\n".join(json.dumps(f'{name}="{value}"') for name, value in given.items())
    file = folder / "samconfig.toml"
    file.write_text(f"""\
version = 0.1
[trial.deploy.parameters]
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
