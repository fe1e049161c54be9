"""Which e-mail addresses are valid, as SES and Cognito accept them; compared with email-validator."""

import email_validator
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from customer_center.platform.email_address import comparable, email_address, shown_email


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("max@mueller.example", "max@mueller.example"),
        ("Max.O'Neil+shop_1@Mueller.Example", "Max.O'Neil+shop_1@mueller.example"),
        ("max@müller.example", "max@xn--mller-kva.example"),
        ("max@MÜLLER.example", "max@xn--mller-kva.example"),
        ("max@xn--mller-kva.example", "max@xn--mller-kva.example"),
        ("max@straße.example", "max@xn--strae-oqa.example"),
        ("max@mueller。example", "max@mueller.example"),
        ("max@a.b-c.mueller.co", "max@a.b-c.mueller.co"),
        (f"{'m' * 64}@mueller.example", f"{'m' * 64}@mueller.example"),
    ],
)
def test_an_address_keeps_what_is_before_the_at_and_has_its_domain_in_ascii(written, address):
    assert email_address(written) == address


@pytest.mark.parametrize(
    "written",
    [
        "",
        "max",
        "@mueller.example",
        "max@",
        "max@mueller",
        "max@mueller..example",
        "max@.mueller.example",
        "max@mueller.example.",
        "max@-mueller.example",
        "max@mueller-.example",
        "max@mue_ller.example",
        "max@mue ller.example",
        "max@192.0.2.1",
        "max@[192.0.2.1]",
        "max@xn--a.example",
        "max@xn--.example",
        f"max@{'m' * 64}.example",
        f"max@{'m.' * 125}example",
        f"{'m' * 64}@{'m' * 60}.{'m' * 60}.{'m' * 60}.example",
        f"{'m' * 65}@mueller.example",
        "max.@mueller.example",
        ".max@mueller.example",
        "m..ax@mueller.example",
        "m ax@mueller.example",
        "max@mueller.example\n",
        "max@mueller.example\r\nBcc: all@mueller.example",
        '"max"@mueller.example',
        "max@mueller@mueller.example",
        "Max <max@mueller.example>",
        "max@mueller.example,moritz@mueller.example",
        "müller@mueller.example",
        "max@mueller.local",
        "max@localhost",
        "max@mueller.test",
        "max@1.1.1.in-addr.arpa",
    ],
)
def test_anything_else_is_none(written):
    assert email_address(written) is None


TEXT = st.text("ab.-_@+ü1ß。 \"<>'\n", max_size=12)
ADDRESSES = st.builds("{}@{}.{}".format, TEXT, TEXT, st.sampled_from(["example", "de", "local", "3"]))


@given(ADDRESSES | st.emails() | TEXT)
@example("a@b.c")
def test_it_agrees_with_email_validator(written):
    try:
        known = email_validator.validate_email(written, check_deliverability=False, allow_smtputf8=False).ascii_email
    except email_validator.EmailNotValidError:
        known = None
    assert email_address(written) == known


def test_the_erps_addresses_are_compared_as_ours_however_they_are_written():
    assert comparable("  Max@MÜLLER.example ") == comparable("max@xn--mller-kva.example")
    assert comparable("no address") == "no address"


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("anna@xn--mller-shne-kcb9d.example", "anna@müller-söhne.example"),
        ("anna@post.xn--mller-kva.example", "anna@post.müller.example"),
        ("anna@XN--MLLER-KVA.example", "anna@müller.example"),
        ("anna@xn--strae-oqa.example", "anna@straße.example"),
        ("anna@xn--e1afmkfd.xn--p1ai", "anna@пример.рф"),
        ("anna@xn--fsqu00a.example", "anna@例子.example"),
        ("a***@xn--mller-kva.example", "a***@müller.example"),
        ("anna@mueller.example", "anna@mueller.example"),
        ("anna", "anna"),
        ("", ""),
        # Not what an encoder would write, or Latin and Cyrillic letters that look alike in one label.
        ("anna@xn--a.example", "anna@xn--a.example"),
        ("anna@xn--.example", "anna@xn--.example"),
        ("anna@xn--pple-43d.example", "anna@xn--pple-43d.example"),
    ],
)
def test_an_address_is_shown_as_people_write_it(stored, shown):
    assert shown_email(stored) == shown


@given(ADDRESSES | st.emails() | TEXT)
def test_what_is_shown_can_be_typed(written):
    address = email_address(written)
    if address:
        assert email_address(shown_email(address)) == address
