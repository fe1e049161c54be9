"""The import of users: reading the rows of a table, and the answer with the result of each row."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import Field

from customer_center.companies.model import NewUser
from customer_center.companies.texts import COMPANIES_TEXTS
from customer_center.companies.users.bodies import InviteContactBody, RequestUserBody, new_user
from customer_center.companies.users.import_users import ImportRow, RowResult, RowStatus
from customer_center.companies.users.import_words import (
    currency_in,
    language_in,
    money_in,
    roles_in,
    salutation_in,
)
from customer_center.platform.email_address import shown_email
from customer_center.platform.errors import FieldError, InvalidInput
from customer_center.platform.frozen import frozen
from customer_center.platform.http import validated
from customer_center.platform.language import choose_language
from customer_center.platform.printable import bare
from customer_center.platform.spreadsheet import Row
from customer_center.platform.texts import PLATFORM_TEXTS
from customer_center.platform.wire import Output, Query

_TEXTS = PLATFORM_TEXTS | COMPANIES_TEXTS
_NUMBER_LENGTH = 40


# The columns of a user's fields, with other headers for each. Case, accents, blanks and signs do not matter.
COLUMNS: Mapping[str, Collection[str]] = {
    "salutation": ("title", "form of address", "Anrede", "aanhef", "aanspreking", "civilité", "titre"),
    "name": (
        "full name",
        "contact name",
        "vollständiger Name",
        "Vor- und Nachname",
        "naam",
        "volledige naam",
        "nom",
        "nom complet",
    ),
    "email": (
        "mail",
        "e-mail address",
        "mail address",
        "E-Mail-Adresse",
        "Mailadresse",
        "e-mailadres",
        "mailadres",
        "adresse e-mail",
        "adresse mail",
        "courriel",
    ),
    "roles": ("role", "Rolle", "Rollen", "rol", "rôle", "rôles"),
    "language": ("language code", "Sprache", "Sprachcode", "taal", "taalcode", "langue", "code langue"),
    "contact_number": (
        "contact no.",
        "Kontaktnummer",
        "Kontaktnr.",
        "Kontakt-Nr.",
        "contactnummer",
        "contactnr.",
        "numéro de contact",
        "n° de contact",
        "n° contact",
    ),
    "budget_per_order": (
        "order budget",
        "Budget pro Bestellung",
        "Budget je Bestellung",
        "Budget pro Auftrag",
        "budget per bestelling",
        "budget par commande",
    ),
    "budget_per_month": (
        "monthly budget",
        "Budget pro Monat",
        "Budget je Monat",
        "Monatsbudget",
        "budget per maand",
        "maandbudget",
        "budget par mois",
        "budget mensuel",
    ),
    "currency": ("Währung", "Waehrung", "valuta", "munteenheid", "devise", "monnaie"),
}
REQUIRED_COLUMNS = ("salutation", "roles")


class ImportQuery(Query):
    """Whether the import changes anything."""

    dry_run: Annotated[bool, Field(description="Check everything, and change nothing.")] = False


def import_row(row: Row, allowed: Mapping[str, Sequence[str]], language: str) -> ImportRow:
    """Return the row with the user to invite, checked like the body for one user, or with its errors.

    `allowed` are the values that the deployment's parameters allow. A user without a contact and without a language
    gets the caller's `language`. Values may be written in any of our languages (`import_words.py`).
    """
    email = row.cells.get("email")
    contact_number = bare(row.cells["contact_number"]) if "contact_number" in row.cells else None
    try:
        asked = _asked(row, allowed, None if contact_number else language)
    except InvalidInput as refused:
        wrong = dict.fromkeys(_wrong_cell(error) for error in refused.errors)
        return ImportRow(row.number, email, contact_number, errors=tuple(wrong))
    return ImportRow(row.number, email, contact_number, asked)


def _asked(row: Row, allowed: Mapping[str, Sequence[str]], language: str | None) -> NewUser:
    if row.surplus:
        raise InvalidInput(errors=[FieldError(f"/{row.surplus}", "unknown-column")])
    if len(row.cells.get("contact_number", "")) > _NUMBER_LENGTH:
        raise InvalidInput(errors=[FieldError("/contact_number", "too-long", str(_NUMBER_LENGTH))])
    fields = json.dumps(_fields(row.cells, allowed.get("salutations", ()))).encode()
    body: RequestUserBody | InviteContactBody
    if language:
        body = validated(RequestUserBody.model_validate_json, fields, _TEXTS, allowed)
    else:
        body = validated(InviteContactBody.model_validate_json, fields, _TEXTS, allowed)
    return new_user(body, choose_language(body.language, fallback=language) if language else body.language)


def _fields(cells: Mapping[str, str], salutations: Sequence[str]) -> Mapping[str, Any]:
    fields: dict[str, Any] = {name: cells[name] for name in ("name", "email") if name in cells}
    if "salutation" in cells:
        fields["salutation"] = salutation_in(cells["salutation"], salutations)
    if "language" in cells:
        fields["language"] = language_in(cells["language"])
    if roles := roles_in(cells.get("roles", "")):
        fields["roles"] = roles
    fields["budgets"] = {
        name: _money(cells[f"budget_{name}"], cells.get("currency"))
        for name in ("per_order", "per_month")
        if f"budget_{name}" in cells
    }
    return fields


def _money(cell: str, currency: str | None) -> Mapping[str, str]:
    amount, written_currency = money_in(cell)
    meant = currency_in(currency) if currency else written_currency
    return {"amount": amount, **({"currency": meant} if meant else {})}


def _wrong_cell(error: FieldError) -> FieldError:
    """Return the error of a body's field as one of its column."""
    return FieldError(_column(error.pointer), error.code, error.limit)


def _column(pointer: str) -> str:
    """Return the pointer to the column of a body's field: `/budget_per_order` for `/budgets/per_order/amount`."""
    if pointer.startswith("/roles/"):
        return "/roles"
    _, field, *inside = [*pointer.split("/"), ""][:4] if pointer else ("", "")
    if field != "budgets":
        return f"/{field}" if field else ""
    return "/currency" if inside[-1] == "currency" else f"/budget_{inside[0]}"


@frozen(kw_only=True)
class ImportErrorAnswer(Output):
    """One wrong cell. The pointer names its column."""

    pointer: str
    code: str
    message: str


@frozen(kw_only=True)
class ImportRowAnswer(Output):
    """The result of one row. `row` is its number in a spreadsheet, where the header is 1."""

    row: int
    email: str | None
    status: RowStatus
    user_id: str | None
    code: str | None
    errors: list[ImportErrorAnswer]

    @classmethod
    def from_result(cls, result: RowResult, language: str) -> Self:
        """Return the answer for a row's result, with error messages in the reader's language."""
        return cls(
            row=result.number,
            email=result.email and shown_email(result.email),
            status=result.status,
            user_id=result.user_id,
            code=result.code,
            errors=[
                ImportErrorAnswer(
                    pointer=error.pointer,
                    code=error.code,
                    message=_TEXTS.field_text(error.code, language, error.limit),
                )
                for error in result.errors
            ],
        )


@frozen(kw_only=True)
class ImportAnswer(Output):
    """The results of all rows, and the numbers of invited and refused users."""

    dry_run: bool
    rows: list[ImportRowAnswer]
    invited: int
    refused: int

    @classmethod
    def from_results(cls, results: Sequence[RowResult], *, dry_run: bool, language: str) -> Self:
        """Return the answer for an import."""
        statuses = [result.status for result in results]
        return cls(
            dry_run=dry_run,
            rows=[ImportRowAnswer.from_result(result, language) for result in results],
            invited=statuses.count(RowStatus.INVITED),
            refused=statuses.count(RowStatus.REFUSED),
        )
