"""Every field of a body: which values are refused, and with which code."""

import pytest

from tests.integration.aws import event_of
from tests.integration.functions.requests_of_samples import GONE, with_body

TEXTS = {
    "a-number": (1, "text"),
    "a-list": (["x"], "text"),
    "an-object": ({"x": "y"}, "text"),
    "true": (True, "text"),
    "empty": ("", "too-short"),
    "only-blanks": (" \t ", "too-short"),
    "only-what-nobody-sees": ("\u200b\u200e\ufeff\u00a0", "too-short"),
    "hangul-filler": ("\u3164", "too-short"),
    "braille-blanks": ("\u2800\u2800", "too-short"),
    "nul": ("a\x00b", "unprintable"),
    "line-break": ("a\nb", "unprintable"),
    "escape": ("a\x1b[2Jb", "unprintable"),
    "not-utf-8": ("M\ufffdller", "unprintable"),
    "tags": ("\U000e0041\U000e0042", "too-short"),
    "variation-selectors": ("\ufe0f\U000e0100", "unprintable"),
    "combining-marks": ("\u0301\u0308", "unprintable"),
    "line-separator": ("a\u2028b", "unprintable"),
    "private-use": ("a\ue000b", "unprintable"),
    "unassigned": ("a\U0003ffffb", "unprintable"),
}


EMAILS = {
    "a-number": (1, "text"),
    "empty": ("", "too-short"),
    "no-at": ("max.mustermann", "email"),
    "two-ats": ("max@muster@handel.example", "email"),
    "no-domain": ("max@", "email"),
    "no-local-part": ("@musterhandel.example", "email"),
    "no-dot": ("max@localhost", "email"),
    "display-name": ("Max <max@musterhandel.example>", "email"),
    "two-addresses": ("max@musterhandel.example,eve@evil.example", "email"),
    "header-injection": ("max@musterhandel.example\r\nBcc: eve@evil.example", "unprintable"),
    "blank-inside": ("max mustermann@musterhandel.example", "email"),
    "dots-at-the-end": ("max.@musterhandel.example", "email"),
    "beyond-ascii-before-the-at": ("mäx@musterhandel.example", "email"),
    "too-long": ("a" * 250 + "@x.example", "too-long"),
    "ip-address": ("max@[127.0.0.1]", "email"),
    "nul": ("max\x00@musterhandel.example", "unprintable"),
}


ROLES = {
    "missing": (GONE, "/roles", "required"),
    "null": (None, "/roles", "invalid"),
    "none": ([], "/roles", "too-short"),
    "unknown": (["admin"], "/roles/0", "unknown-value"),
    "one-unknown": (["buyer", "root"], "/roles/1", "unknown-value"),
    "a-text": ("buyer", "/roles", "invalid"),
    "a-number": ([1], "/roles/0", "unknown-value"),
    "not-for-giving": (["business_user"], "/roles", "role-not-assignable"),
}


MONEY = {
    "zero": ({"amount": "0", "currency": "EUR"}, "/amount", "out-of-range"),
    "below-zero": ({"amount": "-1", "currency": "EUR"}, "/amount", "out-of-range"),
    "three-decimals": ({"amount": "1.005", "currency": "EUR"}, "/amount", "out-of-range"),
    "a-thousand-to-some": ({"amount": "1.000", "currency": "EUR"}, "/amount", "out-of-range"),
    "too-large": ({"amount": "12345678901.00", "currency": "EUR"}, "/amount", "out-of-range"),
    "no-number": ({"amount": "a lot", "currency": "EUR"}, "/amount", "number"),
    "nan": ({"amount": float("nan"), "currency": "EUR"}, "/amount", "text"),
    "nan-as-text": ({"amount": "NaN", "currency": "EUR"}, "/amount", "number"),
    "infinity": ({"amount": float("inf"), "currency": "EUR"}, "/amount", "text"),
    "true": ({"amount": True, "currency": "EUR"}, "/amount", "text"),
    "a-json-number": ({"amount": 100.5, "currency": "EUR"}, "/amount", "text"),
    "small-letters": ({"amount": "1.00", "currency": "eur"}, "/currency", "unknown-value"),
    "no-currency": ({"amount": "1.00"}, "/currency", "required"),
    "bare-number": (500, "", "object"),
    "more": ({"amount": "1.00", "currency": "EUR", "tax": "19"}, "/tax", "unknown-field"),
}


PASSWORDS = {
    "missing": (GONE, "required"),
    "null": (None, "text"),
    "a-number": (1234567890123, "text"),
    "nine-characters": ("123456789", "too-short"),
    "129-characters": ("x" * 129, "too-long"),
    "blank-before": (" a long enough one", "password-policy"),
    "line-break-after": ("a long enough one\n", "password-policy"),
}


@pytest.mark.parametrize(("value", "code"), TEXTS.values(), ids=TEXTS)
def test_a_bad_text_is_told_where_it_is(stage, value, code):
    stage.refuses(with_body("activation/activate", name=value), 422, "invalid-input", ("/name", code))


@pytest.mark.parametrize("field", ["customer_number", "invoice_number", "salutation", "contact_number"])
@pytest.mark.parametrize("kind", ["a-number", "only-blanks", "nul"])
def test_every_text_is_held_to_the_same_rules(stage, field, kind):
    value, code = TEXTS[kind]
    stage.refuses(with_body("activation/activate", **{field: value}), 422, "invalid-input", (f"/{field}", code))


@pytest.mark.parametrize(("value", "code"), EMAILS.values(), ids=EMAILS)
def test_a_bad_email_is_refused(stage, value, code):
    stage.refuses(with_body("activation/activate", email=value), 422, "invalid-input", ("/email", code))


@pytest.mark.parametrize("path", ["activation/activate", "users/request_user", "users/edit", "erp_contacts/invite"])
@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "ä" * 51, "too-long"),
        ("name", "a\nb", "unprintable"),
        ("email", "max@", "email"),
        ("email", "max@x.example\r\nBcc: eve@evil.example", "unprintable"),
        ("salutation", "dr", "unknown-value"),
        ("name", "\u3164", "too-short"),
        ("name", "\U000e0041", "too-short"),
        ("name", "shop-login.example/x", "address-in-name"),
        ("name", "musterhandel.de", "address-in-name"),
        ("name", "www.shop", "address-in-name"),
        ("name", "https:evil", "address-in-name"),
        ("name", "eve@evil.example", "address-in-name"),
    ],
)
def test_people_are_named_by_the_same_rules_everywhere(company, path, field, value, code):
    company.refuses(with_body(path, **{field: value}), 422, "invalid-input", (f"/{field}", code))


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\%2e%2e", "{permission} %s <b>", "O'Neil-Ünlü & Söhne 😀"])
def test_a_name_is_only_a_name(company, name):
    reply = company.call(with_body("users/request_user", name=name))
    assert (reply.status, reply.body["name"]) == (201, name)
    assert company.store.user(reply.body["user_id"]).name == name


@pytest.mark.parametrize("path", ["users/request_user", "users/edit", "erp_contacts/invite"])
def test_a_name_is_as_it_is_seen(company, path):
    """A name has no directional controls, whose text would run backwards, and plain blanks."""
    reply = company.call(with_body(path, name="\ufeffDr.\u00a0No \u202eonA\u202c\u200e "))
    assert reply.status in (200, 201)
    assert reply.body["name"] == "Dr. No onA"


@pytest.mark.parametrize(("value", "pointer", "code"), ROLES.values(), ids=ROLES)
def test_no_or_unknown_roles_are_refused(company, value, pointer, code):
    """001: "at least one role is selected."."""
    company.refuses(with_body("users/request_user", roles=value), 422, "invalid-input", (pointer, code))


def test_a_role_that_is_named_twice_counts_once(company):
    reply = company.call(with_body("users/request_user", roles=["buyer", "buyer"]))
    assert (reply.status, reply.body["roles"]) == (201, ["buyer"])


@pytest.mark.parametrize("kind", ["null", "none", "one-unknown", "not-for-giving"])
def test_no_or_unknown_roles_are_refused_for_an_edit(company, kind):
    value, pointer, code = ROLES[kind]
    company.refuses(with_body("users/edit", roles=value), 422, "invalid-input", (pointer, code))


@pytest.mark.parametrize("field", ["salutation", "name", "email", "language"])
def test_what_a_user_cannot_be_without_cannot_be_taken_away(company, field):
    """001: "the required fields "Salutation", "Name" and "E-Mail" are set."."""
    for value, code in ((None, "text"), ("", "too-short")):
        company.refuses(with_body("users/edit", **{field: value}), 422, "invalid-input", (f"/{field}", code))


@pytest.mark.parametrize("kind", ["none", "not-for-giving"])
def test_no_or_unknown_roles_are_refused_for_a_contact(company, kind):
    value, pointer, code = ROLES[kind]
    company.refuses(with_body("erp_contacts/invite", roles=value), 422, "invalid-input", (pointer, code))


@pytest.mark.parametrize(("value", "pointer", "code"), MONEY.values(), ids=MONEY)
def test_a_bad_budget_is_refused(company, value, pointer, code):
    event = with_body("users/request_user", budgets={"per_order": value})
    company.refuses(event, 422, "invalid-input", (f"/budgets/per_order{pointer}", code))


def test_budgets_of_two_currencies_are_refused(company):
    budgets = {"per_order": {"amount": "1.00", "currency": "EUR"}, "per_month": {"amount": "1.00", "currency": "CHF"}}
    event = with_body("users/request_user", budgets=budgets)
    company.refuses(event, 422, "invalid-input", ("/budgets/per_month/currency", "currency-differs"))


@pytest.mark.parametrize("path", ["activation/activate", "invitations/accept"])
@pytest.mark.parametrize(("value", "code"), PASSWORDS.values(), ids=PASSWORDS)
def test_a_bad_password_is_refused_and_not_repeated(stage, path, value, code):
    reply = stage.refuses(with_body(path, password=value), 422, "invalid-input", ("/password", code))
    assert str(value) not in reply.text


CODES = {
    "12345": "too-short",
    "1234567": "too-long",
    "": "too-short",
    "abcdef": "invalid",
    "12345²": "invalid",
    "١٢٣٤٥٦": "invalid",
}


@pytest.mark.parametrize(("code", "wrong"), CODES.items(), ids=CODES)
def test_a_code_of_another_form_is_refused(stage, code, wrong):
    stage.refuses(with_body("activation/activate", code=code), 422, "invalid-input", ("/code", wrong))


@pytest.mark.parametrize("path", ["users/request_user", "users/edit", "erp_contacts/invite"])
def test_an_email_in_use_is_refused(company, path):
    wrong = ("/email", "email-of-invited-colleague")
    company.call(event_of("erp_contacts/list_contacts"))
    company.refuses(with_body(path, email="Nina.Neu@FRESH.example"), 409, "email-in-use", wrong)
