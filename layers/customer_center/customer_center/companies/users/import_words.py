"""What people write into the cells of a table of users, in English, German, Dutch and French.

Case, accents, blanks and signs do not matter (`platform/search.py`).
"""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache

from customer_center.companies.model import Role
from customer_center.platform.search import folded, words

_SALUTATIONS: Mapping[str, Collection[str]] = {
    "mr": (
        "Mister",
        "Herr",
        "Herrn",
        "Hr.",
        "H.",
        "heer",
        "de heer",
        "dhr.",
        "mijnheer",
        "meneer",
        "Monsieur",
        "M.",
        "male",
        "männlich",
        "man",
        "homme",
    ),
    "mrs": (
        "Ms.",
        "Miss",
        "Misses",
        "Frau",
        "Fr.",
        "mevrouw",
        "mevr.",
        "mw.",
        "Madame",
        "Mme",
        "Mademoiselle",
        "Mlle",
        "F.",
        "W.",
        "V.",
        "female",
        "weiblich",
        "vrouw",
        "femme",
    ),
}
_ROLES: Mapping[str, Collection[str]] = {
    Role.MAIN_CONTACT: (
        "administrator",
        "admin",
        "Hauptkontakt",
        "Hauptansprechpartner",
        "Ansprechpartner",
        "hoofdcontactpersoon",
        "hoofdcontact",
        "beheerder",
        "contact principal",
        "administrateur",
    ),
    Role.APPROVER: (
        "approval",
        "Freigabe",
        "Freigeber",
        "Freigeberin",
        "Genehmiger",
        "Genehmigerin",
        "Genehmigung",
        "goedkeurder",
        "goedkeuring",
        "approbation",
        "approbateur",
        "approbatrice",
        "valideur",
    ),
    Role.BUYER: (
        "purchaser",
        "purchasing",
        "Einkauf",
        "Einkäufer",
        "Einkäuferin",
        "Besteller",
        "Bestellerin",
        "inkoper",
        "inkoop",
        "achats",
        "achat",
        "acheteur",
        "acheteuse",
    ),
    Role.BUSINESS_USER: ("Geschäftskunde", "zakelijke gebruiker", "client professionnel"),
}
_LANGUAGES: Mapping[str, Collection[str]] = {
    "en": ("English", "Englisch", "Engels", "anglais"),
    "de": ("German", "Deutsch", "Duits", "allemand"),
    "nl": ("Dutch", "Niederländisch", "Holländisch", "Nederlands", "néerlandais"),
    "fr": ("French", "Französisch", "Frans", "français"),
}
# A dollar may be one of many countries, so that its sign means none.
_CURRENCIES = {"€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "fr": "CHF", "sfr": "CHF", "franken": "CHF"}


def salutation_in(cell: str, allowed: Iterable[str]) -> str:
    """Return the allowed salutation that a cell means, or the cell itself."""
    allowed = tuple(allowed)
    own = {_key(value): value for value in allowed}
    meant = own.get(_key(cell)) or _meanings("salutations").get(_key(cell), "")
    return meant if meant in allowed else cell


def roles_in(cell: str) -> list[str]:
    """Return the roles that a cell names, between `;`, `|`, `,`, `/`, `+`, `&` or line ends. Unknown ones stay."""
    named = (role.strip() for role in re.split(r"[;|,/+&\n]", cell))
    return [_meanings("roles").get(_key(role), role) for role in named if role]


def language_in(cell: str) -> str:
    """Return the code of the language that a cell names in one of our languages, or the cell itself."""
    return _meanings("languages").get(_key(cell), cell)


def money_in(cell: str) -> tuple[str, str]:
    """Return the amount in a cell, with a point before the decimals, and its currency (ISO 4217), empty without one.

    `1.000,50`, `1,000.50`, `1 000,50` and `1'000.50` are the same amount; `500,-` is `500.00`. `1.000` and `1,000` stay
    as they are, because they are a thousand in some countries and one in others.
    """
    # Amounts without cents are often written as `500,-`.
    digits = re.sub(r"(?<=\d)([.,])[-\u2013\u2014]+", r"\g<1>00", re.sub(r"[\s'’]", "", cell))
    amount = re.search(r"\d[\d.,]*", digits)
    if amount is None or amount[0].endswith((".", ",")):
        return cell, ""
    before, after = digits[: amount.start()], digits[amount.end() :]
    if before and after:
        return cell, ""
    currency = currency_in(before or after)
    if (before or after) and not re.fullmatch(r"[A-Z]{3}", currency):
        return cell, ""
    return _with_point(amount[0]), currency


def currency_in(cell: str) -> str:
    """Return the currency (ISO 4217) that a cell names, or the cell in capitals."""
    return _CURRENCIES.get(folded(cell).strip(" ."), cell.upper())


def _with_point(number: str) -> str:
    marks = [mark for mark in number if mark in ".,"]
    if not marks:
        return number
    last = marks[-1]
    whole, _, decimals = number.rpartition(last)
    if len(set(marks)) == 1:
        # One mark, once, before one or two digits: decimals. The same mark several times: thousands.
        if len(marks) == 1:
            return f"{whole}.{decimals}" if len(decimals) <= 2 else number  # noqa: PLR2004 # decimals of a currency
        groups = number.split(last)
        return "".join(groups) if all(len(group) == 3 for group in groups[1:]) else number  # noqa: PLR2004 # thousands
    groups = whole.split("," if last == "." else ".")
    if last in whole or any(len(group) != 3 for group in groups[1:]):  # noqa: PLR2004 # thousands
        return number
    return f"{''.join(groups)}.{decimals}"


@cache
def _meanings(kind: str) -> Mapping[str, str]:
    table = {"salutations": _SALUTATIONS, "roles": _ROLES, "languages": _LANGUAGES}[kind]
    return {_key(word): str(value) for value, others in table.items() for word in (value, *others)}


def _key(word: str) -> str:
    return "".join(words(word))
