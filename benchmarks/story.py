"""The use cases of a company, one after the other. `units.py` counts their units, `speed.py` measures their time."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from benchmarks.meter import size
from benchmarks.stage import PASSWORD, Stage
from customer_center.platform.clock import iso

_MAIN = {
    "customer_number": "10000",
    "invoice_number": "103019",
    "email": "max.mustermann@musterhandel.example",
    "salutation": "mr",
    "name": "Max Mustermann",
    "password": PASSWORD,
}
_INVITATION = {"salutation": "mrs", "roles": ["buyer"]}
_LINK = r"#token=([^\"\s<]+)"
PAGE = 50
COMPANY_SIZES = (10, 1_000, 10_000)
MOST_CONTACTS = 100_000
LISTS = (100, 1_000)
_ROW_BYTES = 1_100


class Story:
    """One company's life. Each use case runs until no work is left; then its name is yielded."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._main = self._buyer = ""

    def use_cases(self) -> Iterator[str]:
        """Run every use case except the lists of a growing company."""
        yield from self._activating()
        yield from self._reading()
        yield from self._inviting()
        yield from self._changing()
        yield from self._main_contacts()
        yield from self._receiving_webhooks()
        yield from self._reading_by_the_shops_backend()

    def _activating(self) -> Iterator[str]:
        self._do("POST /activations", body=_MAIN)
        yield "activation, a code asked for"
        code = self._stage.mailed(r"\b\d{6}\b")
        self._main = self._do("POST /activations", body={**_MAIN, "code": code})["user"]["user_id"]
        yield "activation, complete, with code"

    def _reading(self) -> Iterator[str]:
        self._do("GET /settings")
        self._do("GET /me", by=self._main)
        yield "GET /me"
        self._do("GET /users/{user_id}", by=self._main, user_id=self._main)
        yield "GET one user"
        self._do("GET /erp-contacts", by=self._main)
        yield "ERP contacts, read from the ERP"
        self._do("GET /erp-contacts", by=self._main)
        yield "ERP contacts, cache warm"

    def _inviting(self) -> Iterator[str]:
        route = "POST /erp-contacts/{contact_number}/user"
        self._do(route, by=self._main, contact_number="KT010005", body=_INVITATION)
        yield "invite a contact"
        token = self._stage.mailed(_LINK)
        accepted = self._do("POST /invitations/acceptance", body={"token": token, "password": PASSWORD})
        self._buyer = accepted["user"]["user_id"]
        yield "accept an invitation"
        person = {**_INVITATION, "name": "Nina Neu", "email": "nina@neu.example"}
        self._do("POST /users", by=self._main, body=person)
        yield "request a new user"
        nina = self._stage.item("CompaniesTable", "email", "nina@neu.example")["sk"]["S"].removeprefix("user#")
        self._stage.deliver(
            "ErpContactQueue", {"effect_id": "bench-1", "kind": "erp_contact", "data": {"user_id": nina}}
        )
        yield "create a requested user's ERP contact"
        person |= {"email": "nora@neu.example"}
        self._do("POST /users", by=self._main, body=person, headers={"idempotency-key": "bench-1"})
        yield "request a new user, with an Idempotency-Key"

    def _changing(self) -> Iterator[str]:
        for action in ("deactivate", "activate"):
            self._do(f"POST /users/{{user_id}}/{action}", by=self._main, user_id=self._buyer)
            yield action
        self._edit({"name": "Bea Neu", "roles": ["approver"]})
        yield "edit"
        self._edit({"email": "bea@neu.example"})
        yield "new e-mail asked for"
        token = self._stage.mailed(_LINK)
        of_old_address = self._stage.mailed(_LINK, before=1)
        self._do("POST /email-confirmations", body={"token": token})
        yield "new e-mail confirmed"
        self._do("POST /email-confirmations", body={"token": of_old_address})
        yield "new e-mail agreed to by the old address"

    def _main_contacts(self) -> Iterator[str]:
        self._edit({"roles": ["main_contact"]})
        yield "edit, made a main contact"
        for action in ("deactivate", "activate"):
            self._do(f"POST /users/{{user_id}}/{action}", by=self._main, user_id=self._buyer)
            yield f"{action} a main contact"
        self._edit({"roles": ["buyer"]})
        yield "edit, no main contact any more"

    def _receiving_webhooks(self) -> Iterator[str]:
        customer = {"customer_number": "10000", "customer_posting_group": "EU"}
        for name in ("webhook event, customer changed", "webhook event, duplicate"):
            self._stage.webhook("msg_1", "customer.updated", customer)
            yield name
        contact = {"customer_number": "10000", "contact_number": "KT010007", "telephone": "030 1"}
        self._stage.webhook("msg_2", "contact.updated", contact)
        yield "webhook event, contact changed"

    def _reading_by_the_shops_backend(self) -> Iterator[str]:
        key = self._stage.client_key("companies:read")
        company_id = "com_" + self._buyer.split("_")[1]
        shown = {"authorization": f"Bearer {key}"}
        route = "GET /companies/{company_id}/users/{user_id}"
        self._do(route, headers=shown, company_id=company_id, user_id=self._buyer)
        yield "the shop's backend reads a user"

    def _edit(self, changes: Mapping[str, Any]) -> None:
        route, any_version = "PATCH /users/{user_id}", {"if-match": "*"}
        self._do(route, by=self._main, user_id=self._buyer, body=changes, headers=any_version)

    def _do(self, route: str, **given: Any) -> Any:
        answer = self._stage.call(route, **given)
        self._stage.settle()
        return answer

    def pages(self) -> Iterator[str]:
        """Read the lists of a growing company. A page must cost the same for lists of any size."""
        self._do("GET /erp-contacts", by=self._main)
        yield "ERP contacts, after somebody came"
        users = contacts = 0
        for number in COMPANY_SIZES:
            self._stage.put("CompaniesTable", map(self._another_user, range(users, number)))
            users = number
            answer = self._do("GET /users", by=self._main, query={"limit": str(PAGE)})
            assert len(answer["items"]) >= min(PAGE, number)
            yield f"overview, page of {PAGE} ({number:,} users)"
            self._stage.put("CompaniesTable", map(self._another_contact, range(contacts, max(PAGE, number))))
            contacts = max(PAGE, number)
            answer = self._do("GET /erp-contacts", by=self._main, query={"limit": str(PAGE)})
            assert len(answer["items"]) == PAGE
            yield f"ERP contacts without account, page of {PAGE} ({number:,} users)"

        self._stage.put("CompaniesTable", map(self._another_contact, range(contacts, MOST_CONTACTS)))
        answer = self._do("GET /erp-contacts", by=self._main, query={"limit": str(PAGE)})
        assert len(answer["items"]) == PAGE
        yield f"ERP contacts without account, page of {PAGE} ({MOST_CONTACTS:,} contacts)"

    def lists(self) -> Iterator[str]:
        """Have the ERP's list read behind the requests. The last list is the one of the other use cases."""
        for number in LISTS:
            self.read_list(generated=number)
            yield f"first list of {number:,} contacts"
            self.read_list(generated=number)
            yield f"list of {number:,} contacts, nothing changed"
        self.read_list(generated=0)
        yield "list of a few contacts in place of many"

    def read_list(self, generated: int) -> None:
        """Have the company's list read, with that many generated contacts; 0: a few that differ from each other."""
        self._stage.erp.erp.change({"number": "10000", "generated": generated})
        company_id = "com_" + self._main.split("_")[1]
        data = {"company_id": company_id, "asked_at": iso(datetime.now(UTC)), "run": "1"}
        self._stage.deliver("ContactListQueue", {"effect_id": "bench-list", "kind": "contact_list", "data": data})

    def _another_user(self, serial: int) -> str:
        item = self._stage.item("CompaniesTable", "sk", f"user#{self._buyer}")
        # The id of an old user, because ids sort by time.
        return _padded({**item, "sk": {"S": f"{item['sk']['S'][:-26]}{serial:026}"}})

    def _another_contact(self, serial: int) -> str:
        item = self._stage.item("CompaniesTable", "sk", "contact#KT010006")
        number = f"KT9{serial:06}"
        name = f"Kontakt {serial:06}"
        changed = {"sk": f"contact#{number}", "contact_number": number, "name": name, "listing_key": f"{name}#{number}"}
        return _padded({**item, **{attribute: {"S": value} for attribute, value in changed.items()}})


def _padded(item: Mapping[str, Any]) -> str:
    """Return the item as JSON, padded to the size of a large one."""
    return json.dumps({**item, "padding": {"S": "x" * (_ROW_BYTES - size(item) - len("padding"))}})
