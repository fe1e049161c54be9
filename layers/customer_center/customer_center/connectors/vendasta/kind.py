"""The kind `vendasta`: the customers of one account group of Vendasta."""

from collections.abc import Mapping
from typing import Any

from customer_center.connectors.vendasta.settings import is_private_key
from customer_center.customers.product_ports import CheckedSettings, Deployment, ProductConnector, ProductKind
from customer_center.platform.errors import FieldError, InvalidInput

_LONGEST = 200
_NAMES = ("app_id", "account_group_id")
_KEY = "private_key"


def _check(url: str | None, settings: Mapping[str, Any]) -> CheckedSettings:  # noqa: ARG001 # checked before
    errors = [FieldError(f"/settings/{name}", "unknown-field") for name in settings if name not in (*_NAMES, _KEY)]
    errors += [
        FieldError(f"/settings/{name}", code, str(_LONGEST) if code == "too-long" else "")
        for name in _NAMES
        if (code := _wrong(settings.get(name)))
    ]
    key = settings.get(_KEY)
    if key is not None and not (isinstance(key, str) and is_private_key(key)):
        errors.append(FieldError(f"/settings/{_KEY}", "private-key"))
    if errors:
        raise InvalidInput(errors=errors)
    kept = {name: settings[name].strip() for name in _NAMES}
    return CheckedSettings(kept, None if key is None else {_KEY: key})


def _wrong(value: object) -> str | None:
    """Return the code of what is wrong with a name of Vendasta's, None if it is right."""
    if value is None:
        return "required"
    if not isinstance(value, str):
        return "text"
    text = value.strip()
    if not text:
        return "too-short"
    if len(text) > _LONGEST:
        return "too-long"
    return None if text.isascii() and text.isprintable() else "invalid"


def _connector(deployment: Deployment) -> ProductConnector:
    # pydantic takes a fifth of a second to import, and most sandboxes tell other products.
    from customer_center.connectors.vendasta.wiring import vendasta_connector  # noqa: PLC0415

    return vendasta_connector(deployment)


VENDASTA = ProductKind("vendasta", _check, _connector, secret_pointer=f"/settings/{_KEY}")
"""Products whose customers are in Vendasta (docs/vendasta.md)."""
