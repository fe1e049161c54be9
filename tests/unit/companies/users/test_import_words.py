"""What people write into tables of users, in four languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.companies.labels import ROLES
from customer_center.companies.model import Role
from customer_center.companies.users.import_bodies import COLUMNS
from customer_center.companies.users.import_words import (
    currency_in,
    language_in,
    money_in,
    roles_in,
    salutation_in,
)
from customer_center.platform.language import SUPPORTED_LANGUAGES
from customer_center.platform.search import words
from tests.template_reader import ROOT

TEXTS = ROOT / "layers/customer_center/customer_center/mail/texts"


def test_no_header_has_two_meanings():
    meant = {("".join(words(word)), name) for name, others in COLUMNS.items() for word in (name, *others)}
    assert len({key for key, _ in meant}) == len(meant)


@pytest.mark.parametrize("language", SUPPORTED_LANGUAGES)
def test_every_role_is_understood_as_our_mails_name_it(language):
    names = ROLES[language]
    for role in Role:
        assert roles_in(names[role]) == roles_in(names[role].upper()) == [role]
    assert roles_in(f"{names['buyer']} / {names['approver']}") == ["buyer", "approver"]


@pytest.mark.parametrize(
    ("cell", "salutation"),
    [
        *(
            (word, "mr")
            for word in ["mr", "Mr.", "MR", "Herr", "Herrn", "Hr.", "dhr.", "De heer", "Monsieur", "M.", "m"]
        ),
        *((word, "mrs") for word in ["mrs", "Mrs", "Mrs.", "Ms", "FRAU", "Fr.", "mevr.", "Mw", "Madame", "Mme", "w"]),
        ("Dr.", "Dr."),
        ("Mx", "mx"),
        ("MX", "mx"),
    ],
)
def test_a_salutation_is_understood_in_four_languages(cell, salutation):
    assert salutation_in(cell, ("mr", "mrs", "mx")) == salutation


def test_a_salutation_that_is_not_allowed_stays_as_it_was_written():
    assert salutation_in("Frau", ("mr",)) == "Frau"


@pytest.mark.parametrize(
    ("cell", "roles"),
    [
        ("buyer|approver", ["buyer", "approver"]),
        ("Buyer; Approver", ["buyer", "approver"]),
        ("BUYER, main contact", ["buyer", "main_contact"]),
        ("main-contact\nbuyer", ["main_contact", "buyer"]),
        ("Einkäufer + Freigabe", ["buyer", "approver"]),
        ("boss|buyer", ["boss", "buyer"]),
        (" ; ", []),
    ],
)
def test_roles_are_separated_by_what_people_type(cell, roles):
    assert roles_in(cell) == roles


@pytest.mark.parametrize(
    ("cell", "language"),
    [("Deutsch", "de"), ("english", "en"), ("NÉERLANDAIS", "nl"), ("Frans", "fr"), ("de-AT", "de-AT")],
)
def test_a_language_is_a_code_or_a_name(cell, language):
    assert language_in(cell) == language


@pytest.mark.parametrize(
    ("cell", "amount", "currency"),
    [
        ("100", "100", ""),
        ("100.5", "100.5", ""),
        ("100,50", "100.50", ""),
        ("1.000,50", "1000.50", ""),
        ("1,000.50", "1000.50", ""),
        ("1 000,50", "1000.50", ""),
        ("500,-", "500.00", ""),
        ("1.000,-- €", "1000.00", "EUR"),
        ("CHF 1'000.\u2014", "1000.00", "CHF"),
        ("1\u202f000,50 €", "1000.50", "EUR"),
        ("1'000.50", "1000.50", ""),
        ("1.000.000", "1000000", ""),
        ("1,000,000.5", "1000000.5", ""),
        ("€ 500", "500", "EUR"),
        ("500,00 €", "500.00", "EUR"),
        ("EUR500", "500", "EUR"),
        ("500 chf", "500", "CHF"),
        # A thousand in some countries, one in others; or no amount.
        ("1.000", "1.000", ""),
        ("1,000", "1,000", ""),
        ("1.00,5.0", "1.00,5.0", ""),
        ("1,00.000", "1,00.000", ""),
        ("-100", "-100", ""),
        ("a lot", "a lot", ""),
        ("about 100", "about 100", ""),
        ("100 $", "100 $", ""),
        ("", "", ""),
    ],
)
def test_an_amount_is_read_as_its_country_writes_it(cell, amount, currency):
    assert money_in(cell) == (amount, currency)


@given(
    st.decimals(min_value=0, max_value=10**9, places=2), st.sampled_from([".", ",", " ", "'"]), st.sampled_from(".,")
)
def test_an_amount_with_two_decimals_has_one_meaning(amount, thousands, point):
    if thousands != point:
        written = f"{amount:,}".replace(",", "T").replace(".", point).replace("T", thousands)
        assert money_in(written) == (str(amount), "")


@pytest.mark.parametrize(
    ("cell", "currency"), [("eur", "EUR"), ("€", "EUR"), ("Euro", "EUR"), ("CHF", "CHF"), ("Fr.", "CHF"), ("$", "$")]
)
def test_a_currency_is_a_code_or_a_sign(cell, currency):
    assert currency_in(cell) == currency
