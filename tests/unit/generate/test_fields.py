"""docs/customer-fields.md: that it is what `make fields` writes, and that it has every field and every name."""

from customer_center.customers.field_names import NAMES, SYSTEMS
from customer_center.customers.fields import ADDRESS_PARTS, FIELDS
from generate import fields


def test_the_document_is_what_the_command_writes():
    assert fields.DOCUMENT.read_text() == fields.document(), "make fields writes it anew"


def test_writing_it_leaves_it_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(fields, "DOCUMENT", tmp_path / "customer-fields.md")
    assert fields.main() == 0
    assert fields.DOCUMENT.read_text() == fields.document()


def test_it_has_every_field_and_every_name_of_other_systems():
    page = fields.document()
    for name in (*FIELDS, *ADDRESS_PARTS, *NAMES):
        assert f"| `{name}` |" in page
    for names in NAMES.values():
        for known in names.values():
            assert f" {known} |" in page


def test_a_name_is_of_a_field_that_we_have_and_of_a_system_that_we_know():
    beside = {"customer_code", "permission_to_contact"}
    addresses = {name for name, field in FIELDS.items() if field.kind == "address"}
    for name, names in NAMES.items():
        field, _, part = name.partition(".")
        assert field in (FIELDS.keys() if not part else addresses) | beside
        assert not part or part in ADDRESS_PARTS
        assert names.keys() <= SYSTEMS.keys()
