"""The main job over HTTP against the running stack, as a shop and its people would do it; each step is printed."""

import re
import secrets
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import requests

from local.stack import Stack

CUSTOMER_NUMBER = "10000"
INVOICE_NUMBER = "103019"
MAIN_CONTACT = "max.mustermann@musterhandel.example"
PASSWORD = "a long demo password"  # noqa: S105 # of the demo company on a local stack
CODE = r"(?m)^(\d{6})$"
LINK = r"#token=([\w.-]+)"
_MAIL_SECONDS = 30
# A record notes its mail a moment after the mail went out: sooner than a person reads it, not sooner than a script.
_NOTED_SECONDS = 0.5
_TIMEOUT = 40


class Shop:
    """A shop's calls: the API, Cognito's login, and a look into the mailbox of everybody."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def call(
        self, method: str, path: str, *, token: str | None = None, body: object = None, **headers: str
    ) -> requests.Response:
        """Send one request to the API; a text as CSV, anything else as JSON."""
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        sent = {**bearer, **{name.replace("_", "-"): value for name, value in headers.items()}}
        content: dict[str, Any] = {"json": body}
        if isinstance(body, str):
            content, sent = {"data": body.encode()}, {"Content-Type": "text/csv", **sent}
        return requests.request(method, self._stack.api_url + path, headers=sent, timeout=_TIMEOUT, **content)

    def log_in(self, email: str, password: str) -> str | None:
        """Log in at Cognito with an e-mail, as the shop's login page does; None when it is refused."""
        answer = requests.post(
            self._stack.cognito_url,
            json={
                "AuthFlow": "USER_PASSWORD_AUTH",
                "ClientId": self._stack.user_pool_client_id,
                "AuthParameters": {"USERNAME": email, "PASSWORD": password},
            },
            headers={
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
            },
            timeout=_TIMEOUT,
        )
        return answer.json()["AuthenticationResult"]["AccessToken"] if answer.ok else None

    def change_in_erp(self, **wish: object) -> None:
        """Change the demo customer in the ERP, which tells it by webhook."""
        wanted = {"number": CUSTOMER_NUMBER, "push": True, **wish}
        requests.post(f"{self._stack.erp_url}/_simulator/customers", json=wanted, timeout=_TIMEOUT).raise_for_status()

    def erp_contacts(self) -> list[Mapping[str, Any]]:
        """Return the demo customer's contacts as the ERP has them."""
        customers = requests.get(f"{self._stack.erp_url}/_simulator/customers", timeout=_TIMEOUT).json()
        return list(customers[CUSTOMER_NUMBER]["contacts"])

    def mails(self, to: str) -> list[Mapping[str, Any]]:
        """Return the mails sent to an address, oldest first."""
        accounts = requests.get(self._stack.mailbox_url, timeout=_TIMEOUT).json()["messages"]
        return [mail for mails in accounts.values() for mail in mails if to in mail["To"]]

    def wait_for(self, to: str, pattern: str, *, after: int = 0) -> str:
        """Wait for a mail beyond the first `after` ones, and return what the pattern's group finds in it."""
        end = time.monotonic() + _MAIL_SECONDS
        while time.monotonic() < end:
            for mail in reversed(self.mails(to)[after:]):
                if found := re.search(pattern, mail["BodyText"]):
                    time.sleep(_NOTED_SECONDS)
                    return found[1]
            time.sleep(0.2)
        raise SystemExit(f"No mail with {pattern} reached {to}")


def walk(stack: Stack) -> None:
    """Walk a user's life from activation to deletion; raise SystemExit at the first surprise."""
    shop = Shop(stack)
    _step("Activation", "POST /activations with customer number, invoice number and the main contact's e-mail")
    token = _activate(shop)
    me = _expect(HTTPStatus.OK, shop.call("GET", "/me", token=token))
    _told(f"{me['user']['name']} is {', '.join(me['user']['roles'])} of {me['company']['name']}")
    _told(f"may do: {', '.join(me['permissions'])}")

    _step("Overview", "GET /users and GET /erp-contacts")
    users = _expect(HTTPStatus.OK, shop.call("GET", "/users", token=token))["items"]
    for user in users:
        _told(f"{user['name']}: {user['status']}, {', '.join(user['roles'])}")
    contacts = _expect(HTTPStatus.OK, shop.call("GET", "/erp-contacts", token=token))["items"]
    _told(f"{len(contacts)} contacts of the ERP have no shop account, the first is {contacts[0]['name']}")

    _step("Invitation", "POST /erp-contacts/{contact_number}/user, or POST /users for somebody the ERP does not know")
    invited = _invite(shop, token, contacts)
    _told(f"{invited['name']} ({invited['email']}) is {invited['status']} as {', '.join(invited['roles'])}")

    _step("Mail", f"read it at {stack.mailbox_url}, or with `make mail`")
    link_token = shop.wait_for(invited["email"], LINK)
    _told(f"an invitation reached {invited['email']}, with a link that works once")

    _step("Acceptance", "POST /invitations/acceptance with the link's token and a password of the person's own")
    accepted = {"token": link_token, "password": PASSWORD}
    session = _expect(HTTPStatus.OK, shop.call("POST", "/invitations/acceptance", body=accepted))
    own = session["session"]["access_token"]
    me = _expect(HTTPStatus.OK, shop.call("GET", "/me", token=own))
    _told(f"{me['user']['name']} is {me['user']['status']} and may do: {', '.join(me['permissions'])}")
    refused = shop.call("GET", "/users", token=own)
    _told(f"the users' administration is refused to them: {refused.status_code} {refused.json()['code']}")

    _step("Deactivation", "POST /users/{user_id}/deactivate, then /activate")
    _deactivate(shop, token, invited, own)

    _step("Editing", "PATCH /users/{user_id} with If-Match, and POST /email-confirmations with the token of a link")
    new_email = _edit(shop, token, invited)

    _step("Main contact", "POST /company/main-contact, and back")
    _hand_over(shop, token, me["user"], new_email)

    _step("Invitation, again and no more", "POST and DELETE /users/{user_id}/invitation")
    _resend_and_revoke(shop, token)

    _step("ERP webhooks", "the ERP tells what changed: POST /webhooks/erp, signed (docs/webhooks.md)")
    _be_told(shop, token, invited)

    _step("Shop backend and operator", "GET /companies/{company_id}/users/{user_id}, POST /activation-unlocks")
    _by_client_key(shop, stack, me["user"])

    _step("Deletion", "DELETE /users/{user_id}")
    path = f"/users/{invited['user_id']}"
    _expect(HTTPStatus.NO_CONTENT, shop.call("DELETE", path, token=token, If_Match="*"))
    if shop.log_in(new_email, PASSWORD):
        raise SystemExit("A deleted user could log in.")
    _told("account and login are gone; a contact of the ERP can be invited again")

    _step("Import", "POST /users/import with a table, first as a dry run")
    _import(shop, token)

    _step("Audit trail", "GET /audit-entries, and /audit-entries/export as CSV")
    _audit_trail(shop, token)


def _deactivate(shop: Shop, token: str, invited: Mapping[str, Any], own: str) -> None:
    path = f"/users/{invited['user_id']}"
    _expect(HTTPStatus.OK, shop.call("POST", f"{path}/deactivate", token=token))
    refused = shop.call("GET", "/me", token=own)
    _told(f"the token they hold is refused: {refused.status_code} {refused.json()['code']}")
    if shop.log_in(invited["email"], PASSWORD):
        raise SystemExit("A deactivated user could log in.")
    _told("logging in is refused")
    _expect(HTTPStatus.OK, shop.call("POST", f"{path}/activate", token=token))
    if not shop.log_in(invited["email"], PASSWORD):
        raise SystemExit("A user who was activated again could not log in.")
    _told("activated again, they log in with their old password")


def _edit(shop: Shop, token: str, invited: Mapping[str, Any]) -> str:
    path, old = f"/users/{invited['user_id']}", invited["email"]
    new = f"moved.{secrets.token_hex(4)}@musterhandel.example"
    version = shop.call("GET", path, token=token).headers["ETag"]
    before = len(shop.mails(old))
    changes = {"name": "Edda Edel", "roles": ["approver", "buyer"], "email": new}
    edited = _expect(HTTPStatus.OK, shop.call("PATCH", path, token=token, body=changes, If_Match=version))
    _told(f"{edited['name']} is {', '.join(edited['roles'])}; {edited['email_change']['email']} waits to be confirmed")
    again = shop.call("PATCH", path, token=token, body=changes, If_Match=version)
    _told(f"the same for the version before: {again.status_code} {again.json()['code']}")
    body = {"token": shop.wait_for(new, LINK)}
    hint = shop.wait_for(old, r"(m\*\*\*@[\w.]+\w)", after=before)
    _told(f"the old address was told that {hint} is to be the new one")
    _expect(HTTPStatus.OK, shop.call("POST", "/email-confirmations", body=body))
    if shop.log_in(old, PASSWORD) or not shop.log_in(new, PASSWORD):
        raise SystemExit("A confirmed e-mail is not the login.")
    _told("confirmed with the link, the new e-mail is the login, and the old one is not")
    return new


def _hand_over(shop: Shop, token: str, user: Mapping[str, Any], email: str) -> None:
    main = _expect(HTTPStatus.OK, shop.call("GET", "/me", token=token))["user"]
    route, own = "/company/main-contact", shop.log_in(email, PASSWORD)
    new = _expect(HTTPStatus.OK, shop.call("POST", route, token=token, body={"user_id": user["user_id"]}))
    _told(f"{new['name']} is {', '.join(new['roles'])}, and both are told by mail")
    refused = shop.call("GET", "/users", token=token)
    _told(f"the users' administration is refused to {main['name']}: {refused.status_code} {refused.json()['code']}")
    back = _expect(HTTPStatus.OK, shop.call("POST", route, token=own, body={"user_id": main["user_id"]}))
    _told(f"{back['name']} is {', '.join(back['roles'])} again")


def _by_client_key(shop: Shop, stack: Stack, user: Mapping[str, Any]) -> None:
    path = f"/companies/{user['company_id']}/users/{user['user_id']}"
    read = _expect(HTTPStatus.OK, shop.call("GET", path, token=stack.client_key))
    budget = read["user"]["budgets"]["per_order"]
    limit = f"{budget['amount']} {budget['currency']} per order" if budget else "any amount"
    _told(f"by its client key the shop's backend reads: {', '.join(read['permissions'])}, {limit}")
    unlock = {"customer_number": CUSTOMER_NUMBER}
    refused = shop.call("POST", "/activation-unlocks", token=stack.client_key, body=unlock)
    _told(f"what operators do is refused to it: {refused.status_code} {refused.json()['code']}")
    _expect(HTTPStatus.OK, shop.call("POST", "/activation-unlocks", token=stack.operator_key, body=unlock))
    _told(f"an operator has forgotten today's refused activations of customer {CUSTOMER_NUMBER}")


def _resend_and_revoke(shop: Shop, token: str) -> None:
    email = f"new.{secrets.token_hex(4)}@musterhandel.example"
    body = {"salutation": "mr", "name": "Nino Neu", "email": email, "roles": ["buyer"]}
    invited = _expect(HTTPStatus.CREATED, shop.call("POST", "/users", token=token, body=body))
    link_token, path = shop.wait_for(email, LINK), f"/users/{invited['user_id']}"
    early = shop.call("POST", f"{path}/invitation", token=token)
    _told(f"again within a minute: {early.status_code} {early.json()['code']}, in {early.headers['Retry-After']} s")
    revoked = _expect(HTTPStatus.OK, shop.call("DELETE", f"{path}/invitation", token=token, If_Match="*"))
    _told(f"{email} is {revoked['status']}, the invitation {revoked['invitation']['status']}")
    accepted = {"token": link_token, "password": PASSWORD}
    refused = shop.call("POST", "/invitations/acceptance", body=accepted)
    _told(f"its link is no good any more: {refused.status_code} {refused.json()['code']}")
    _expect(HTTPStatus.NO_CONTENT, shop.call("DELETE", path, token=token, If_Match="*"))


def _import(shop: Shop, token: str) -> None:
    email = f"bulk.{secrets.token_hex(4)}@musterhandel.example"
    table = f"salutation,name,email,roles\nmrs,Berta Bulk,{email},buyer|approver\nmr,Otto Ohne,otto,buyer\n"
    for query in ("?dry_run=true", ""):
        done = _expect(HTTPStatus.OK, shop.call("POST", f"/users/import{query}", token=token, body=table))
        for row in done["rows"]:
            wrong = [f"{error['pointer']}: {error['message']}" for error in row["errors"]]
            _told(f"row {row['row']}, {row['email']}: {row['status']} {' '.join(wrong)}".rstrip())
    found = _expect(HTTPStatus.OK, shop.call("GET", "/users?q=berta&sort=name", token=token))["items"]
    _told(f"GET /users?q=berta&sort=name finds {', '.join(sorted({user['name'] for user in found}))}")


def _audit_trail(shop: Shop, token: str) -> None:
    for entry in _expect(HTTPStatus.OK, shop.call("GET", "/audit-entries?limit=5", token=token))["items"]:
        who, whom = entry["actor"]["name"] or entry["actor"]["kind"], entry["subject_name"] or entry["subject"]
        _told(f"{entry['at']}  {who}: {entry['action']}, {whom}")


def _be_told(shop: Shop, token: str, user: Mapping[str, Any]) -> None:
    _switch_off_and_on(shop, token)
    _let_contact_leave(shop, token, user)


def _switch_off_and_on(shop: Shop, token: str) -> None:
    shop.change_in_erp(customer_center="0")
    _eventually(lambda: shop.call("GET", "/users", token=token).status_code == HTTPStatus.FORBIDDEN)
    refused = shop.call("GET", "/users", token=token)
    _told(f"customer center switched off: administration is refused, {refused.status_code} {refused.json()['code']}")
    _expect(HTTPStatus.OK, shop.call("GET", "/me", token=token))
    _told("nobody's login is touched")
    shop.change_in_erp(customer_center="1")
    _eventually(lambda: shop.call("GET", "/users", token=token).ok)
    _told("switched on again, everything is as it was")


def _let_contact_leave(shop: Shop, token: str, user: Mapping[str, Any]) -> None:
    if user["contact_number"] is None:
        _told(f"{user['name']} did not come from the ERP, so that no contact of theirs can leave it")
        return
    number = user["contact_number"]
    (contact,) = [contact for contact in shop.erp_contacts() if contact["number"] == number]
    before = len(shop.mails(MAIN_CONTACT))
    shop.change_in_erp(remove_contacts=[number])
    shop.wait_for(MAIN_CONTACT, f"({re.escape(number)})", after=before)
    _told(f"contact {number} is gone from the ERP: the user is marked, {MAIN_CONTACT} is told, and decides")
    shop.change_in_erp(add_contacts=[contact])
    path = f"/users/{user['user_id']}"
    _eventually(lambda: shop.call("GET", path, token=token).json()["contact_left_at"] is None)
    _told("it is there again: the mark is gone")


def _eventually(check: Callable[[], bool]) -> None:
    end = time.monotonic() + _MAIL_SECONDS
    while not check():
        if time.monotonic() > end:
            raise SystemExit("What the ERP told was not applied in time.")
        time.sleep(0.2)


def _activate(shop: Shop) -> str:
    wanted = {
        "customer_number": CUSTOMER_NUMBER,
        "invoice_number": INVOICE_NUMBER,
        "email": MAIN_CONTACT,
        "salutation": "mr",
        "name": "Max Mustermann",
        "password": PASSWORD,
    }
    wrong = shop.call("POST", "/activations", body={**wanted, "invoice_number": "999999"})
    _told(f"with an invoice of somebody else: {wrong.status_code} {wrong.json()['code']}")
    before = len(shop.mails(MAIN_CONTACT))
    first = shop.call("POST", "/activations", body=wanted)
    if first.status_code == HTTPStatus.CONFLICT and first.json()["code"] == "email-in-use":
        _told("the company was activated in an earlier run; its main contact logs in")
        token = shop.log_in(MAIN_CONTACT, PASSWORD)
        if token is None:
            raise SystemExit("The demo company's main contact could not log in; `make reset` begins anew.")
        return token
    _expect(HTTPStatus.ACCEPTED, first)
    code = shop.wait_for(MAIN_CONTACT, CODE, after=before)
    _told(f"a code was mailed to {MAIN_CONTACT}: {code}")
    done = _expect(HTTPStatus.CREATED, shop.call("POST", "/activations", body={**wanted, "code": code}))
    _told("the customer center is activated, and its main contact is logged in")
    return str(done["session"]["access_token"])


def _invite(shop: Shop, token: str, contacts: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    for contact in contacts:
        if contact["cannot_be_invited"]:
            _told(f"{contact['name']} cannot be invited: the ERP has no e-mail")
            continue
        budget = {"amount": "500.00", "currency": "EUR"}
        body = {"salutation": "mrs", "roles": ["buyer"], "budgets": {"per_order": budget}}
        answer = shop.call("POST", f"/erp-contacts/{contact['contact_number']}/user", token=token, body=body)
        if answer.status_code == HTTPStatus.CREATED:
            return dict(answer.json())
        _told(f"{contact['name']}: {answer.status_code} {answer.json()['code']}")
    email = f"new.{secrets.token_hex(4)}@musterhandel.example"
    body = {"salutation": "mr", "name": "Nino Neu", "email": email, "roles": ["approver"]}
    return _expect(HTTPStatus.CREATED, shop.call("POST", "/users", token=token, body=body))


def _expect(status: HTTPStatus, answer: requests.Response) -> dict[str, Any]:
    if answer.status_code != status:
        raise SystemExit(f"{answer.request.method} {answer.url} answered {answer.status_code}: {answer.text}")
    return dict(answer.json()) if answer.text else {}


def _step(name: str, how: str) -> None:
    print(f"\n{name}: {how}", flush=True)


def _told(sentence: str) -> None:
    print(f"  {sentence}", flush=True)
