"""`make fields`: write docs/customer-fields.md from the field table and the names of other systems."""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "layers/customer_center"))

from customer_center.customers.field_names import NAMES, SYSTEMS
from customer_center.customers.fields import ADDRESS_PARTS, FIELDS, FREE_FIELD_NAME, CustomerField

DOCUMENT = Path(__file__).parents[1] / "docs/customer-fields.md"
_NORMALISED = {
    "text": "trimmed, without control and invisible characters",
    "number": "the same, and without invisible characters inside",
    "email": "the same as text; lower case and an ASCII domain, if mail can be sent to it",
    "language": "lower case, with hyphens",
}
_DIRECTIONS = {"in": "it tells us", "out": "it is told", "both": "both ways"}


def main() -> int:
    """Write the document."""
    DOCUMENT.write_text(document())
    return 0


def document() -> str:
    """Return docs/customer-fields.md."""
    return "\n".join([*_fields(), *_names()]) + "\n"


def _fields() -> Iterator[str]:
    yield "# Fields of a customer"
    yield ""
    yield "`make fields` writes this page from `customers/fields.py` and `customers/field_names.py`; do not edit it."
    yield ""
    yield "The API, the webhooks that we receive and those that we send call a field alike. Consent is no field but a"
    yield "ledger ([products.md](products.md#consent)). The same bounds hold at every door; what is larger is refused."
    yield ""
    yield "| field | value | at most | normalised | in a merged customer | match key | personal |"
    yield "|---|---|---|---|---|---|---|"
    for name, field in FIELDS.items():
        normalised = "" if field.choices or field.kind == "address" else _NORMALISED[field.normalisation]
        key = "yes" if field.match_key else ""
        personal = "yes" if field.is_personal else "no"
        cells = (f"`{name}`", _kind(field), _bounds(field), normalised, _survivorship(field), key, personal)
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield "A telephone number is kept as it is written. All of them but `fax` are match keys."
    yield f"A free field's name looks like `{FREE_FIELD_NAME}`."
    yield ""
    yield "An address is one value. Its parts:"
    yield ""
    yield "| part | at most |"
    yield "|---|---|"
    yield from (f"| `{part}` | {length} characters |" for part, length in ADDRESS_PARTS.items())
    yield ""
    yield "A house number may also stand in `street`. `line_2` is what stands below the street. A `country` of two"
    yield "letters is written in capitals."


def _kind(field: CustomerField) -> str:
    if field.choices:
        return " or ".join(f"`{choice}`" for choice in field.choices)
    return {"line": "text", "list": "list of texts", "address": "address", "map": "texts by name"}[field.kind]


def _bounds(field: CustomerField) -> str:
    length = f"{field.max_length} characters"
    if field.max_items:
        return f"{field.max_items} of {length}"
    return length if field.max_length else ""


def _survivorship(field: CustomerField) -> str:
    return {"newest": "the newest", "union": "all of them"}[field.survivorship]


def _names() -> Iterator[str]:
    yield ""
    yield "## What other systems call it"
    yield ""
    yield "A name with `?` was inferred from public pages. An empty cell: the system has no such field, or its name is"
    yield "not known. Nothing is guessed."
    yield ""
    yield f"| field | {' | '.join(system.title for system in SYSTEMS.values())} |"
    yield f"|---|{'---|' * len(SYSTEMS)}"
    yield f"| direction | {' | '.join(_DIRECTIONS[system.direction] for system in SYSTEMS.values())} |"
    for name in _rows():
        known = NAMES.get(name, {})
        yield f"| `{name}` | {' | '.join(known.get(system, '') for system in SYSTEMS)} |"


def _rows() -> Iterator[str]:
    """Yield all fields, what stands beside them, and those parts of addresses that some system has."""
    yield from (name for name in NAMES if name not in FIELDS and "." not in name)
    for name in FIELDS:
        yield name
        yield from (named for named in NAMES if named.startswith(f"{name}."))


if __name__ == "__main__":
    sys.exit(main())
