"""Issue, list, rotate and revoke client keys in the table of a deployed stage. The first key is issued this way.

    make client-key STAGE=dev DO="issue --name shop --scopes companies:read [--expires=2027-12-31]"
    make client-key STAGE=dev DO="list"
    make client-key STAGE=dev DO="rotate KEY_ID"
    make client-key STAGE=dev DO="revoke KEY_ID [--secret-hint=LAST_FOUR]"

Write `=` before the hint, because a hint may begin with a hyphen and then look like an option. A secret is printed once
and stored nowhere. Holders of a key with the scope `keys:manage` can do the same over HTTP, for keys that they issue
there: docs/shop-backend.md.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "layers/customer_center"))

from customer_center.clients.issue_client_key import NewKey, issue_client_key
from customer_center.clients.model import SHOWN, ClientKey, Scope, ShownOnce, matching, written
from customer_center.clients.revoke_client_key import revoke_client_key
from customer_center.clients.rotate_client_key import rotate_client_key
from customer_center.clients.store import ClientKeyStore
from customer_center.clients.texts import CLIENTS_TEXTS
from customer_center.platform.clock import SystemClock
from customer_center.platform.errors import CustomerCenterError, InvalidInput
from customer_center.platform.journal import Actor, Journal
from customer_center.platform.texts import PLATFORM_TEXTS
from ops.checks import stage_named

OPS = Actor("system", "ops")
_REQUEST = "make client-key"
EVERY_SCOPE = tuple(map(str, Scope))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and print its result. Return 1 when it is refused."""
    given = _parser().parse_args(arguments)
    stage = stage_named([given.stage, *(["--config", given.config] if given.config else [])], __doc__)
    stack = stage.stack()
    if stack is None:
        raise SystemExit(f"There is no stack {stage.stack_name} in {stage.region}.")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    keys = client_keys(stage.client("dynamodb"), outputs["CompaniesTableName"], outputs["JournalTableName"])
    try:
        _do(given, keys)
    except CustomerCenterError as refusal:
        texts = PLATFORM_TEXTS | CLIENTS_TEXTS
        print(f"{refusal.code}: {texts.error_text(refusal.code, 'en', refusal.values)}", file=sys.stderr)
        for wrong in refusal.errors if isinstance(refusal, InvalidInput) else ():
            print(f"{wrong.pointer}: {texts.field_text(wrong.code, 'en')}", file=sys.stderr)
        return 1
    return 0


def client_keys(dynamodb: Any, companies_table: str, journal_table: str) -> ClientKeyStore:  # noqa: ANN401 # a client
    """Return the store of the client keys in these tables."""
    journal = Journal(client=dynamodb, table=journal_table)
    return ClientKeyStore(client=dynamodb, table=companies_table, journal=journal)


def issue(keys: ClientKeyStore, new_key: NewKey) -> ShownOnce:
    """Issue a key. The journal names ops as the actor."""
    return issue_client_key(new_key, OPS, _REQUEST, client_keys=keys, clock=SystemClock())


def local_key(keys: ClientKeyStore, scopes: Iterable[str], before: str | None) -> str:
    """Return a key with the scopes, in the form that its holder sends: `before` while it is valid, else a new key."""
    wanted = frozenset(map(Scope, scopes))
    shown = SHOWN.fullmatch(before or "")
    known = keys.key(shown["key_id"]) if shown else None
    known = known if known and known.scopes == wanted else None
    if before and shown and matching(shown["secret"], known, SystemClock().now()):
        return before
    issued = issue(keys, NewKey(f"local {' '.join(sorted(wanted))}", wanted))
    return written(issued.key.key_id, str(issued.secret))


def _do(given: argparse.Namespace, keys: ClientKeyStore) -> None:
    clock = SystemClock()
    match given.what:
        case "issue":
            new_key = NewKey(given.name, given.scopes, given.accounts, given.product, given.expires, given.partner)
            _show_once(issue(keys, new_key))
        case "rotate":
            _show_once(rotate_client_key(given.key_id, OPS, _REQUEST, client_keys=keys, clock=clock))
        case "revoke":
            hint = given.secret_hint
            print(_line(revoke_client_key(given.key_id, hint, OPS, _REQUEST, client_keys=keys, clock=clock)))
        case _:
            print(*map(_line, keys.keys()), sep="\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", help="a section of samconfig.toml: dev, prod, local")
    parser.add_argument("--config")
    what = parser.add_subparsers(dest="what", required=True)
    issuing = what.add_parser("issue", help="let one more machine in")
    issuing.add_argument("--name", required=True, help="who holds it")
    issuing.add_argument("--scopes", required=True, type=_scopes, help=f"of {', '.join(Scope)}; with commas")
    issuing.add_argument("--accounts", default=frozenset(), type=_words, help="whose customers it may see; with commas")
    issuing.add_argument("--product", help="the product it is, if it is one")
    issuing.add_argument("--partner", help="the partner whose customers without account it may see")
    issuing.add_argument("--expires", type=_moment, help="when it stops working: 2027-12-31, or with time and zone")
    what.add_parser("list", help="show all keys, without their secrets")
    what.add_parser("rotate", help="add a second secret").add_argument("key_id")
    revoking = what.add_parser("revoke", help="take a secret away, or the whole key")
    revoking.add_argument("key_id")
    revoking.add_argument("--secret-hint", help="the last four characters of the secret")
    return parser


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _scopes(text: str) -> frozenset[Scope]:
    return frozenset(map(Scope, _words(text)))


def _show_once(shown: ShownOnce) -> None:
    print(_line(shown.key))
    if shown.secret:
        print(f"Shown this once: {written(shown.key.key_id, shown.secret)}")


def _line(key: ClientKey) -> str:
    secrets = ", ".join(f"…{secret.hint} since {secret.created_at:%Y-%m-%d}" for secret in key.secrets)
    state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else secrets or "no secret"
    expires = f"  expires {key.expires_at:%Y-%m-%d}" if key.expires_at else ""
    issued = f"  issued by {key.issued_by}" if key.issued_by else ""
    return f"{key.key_id}  {key.name}  {' '.join(sorted(key.scopes))}  {state}{expires}{issued}"


if __name__ == "__main__":
    sys.exit(main())
