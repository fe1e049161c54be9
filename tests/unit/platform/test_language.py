"""The language of texts for a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.platform.language import SUPPORTED_LANGUAGES, choose_language, from_accept_language


@pytest.mark.parametrize(
    ("code", "language"),
    [
        *((code, "de") for code in ("DEU", "DES", "DEA", "DEL", "DEC")),
        *((code, "en") for code in ("ENU", "ENG", "ENA", "ENC", "ENZ", "ENI", "ENS")),
        *((code, "nl") for code in ("NLD", "NLB")),
        *((code, "fr") for code in ("FRA", "FRB", "FRC", "FRL", "FRM", "FRS")),
    ],
)
def test_the_erps_windows_abbreviations_name_language_and_country(code, language):
    assert choose_language(code, fallback="??") == language


@pytest.mark.parametrize("code", ["de", "DE", "ger", "deu", "de-AT", "de_AT", "DE-ch-1996", "  deu ", "De"])
def test_iso_codes_and_language_tags_are_read_in_any_case(code):
    assert choose_language(code, fallback="en") == "de"


@pytest.mark.parametrize(
    ("language", "codes"),
    {"en": "en eng", "de": "de deu ger", "nl": "nl nld dut nl-BE nl_NL", "fr": "fr fra fre fr-BE fr_CA"}.items(),
)
def test_each_language_is_known_by_its_iso_codes(language, codes):
    """ISO 639-2 has a bibliographic and a terminological code for three of them."""
    assert {choose_language(code, fallback="??") for code in codes.split()} == {language}


@pytest.mark.parametrize("code", [None, "", "   ", "ITA", "pl", "DEN", "fry", "del1", "DEUTSCH", "1031", "-", "de.AT"])
def test_a_language_we_do_not_speak_is_the_fallback(code):
    assert choose_language(code, fallback="en") == "en"
    assert choose_language(code, fallback="de") == "de"


def test_a_language_not_asked_for_by_the_caller_is_the_fallback():
    assert choose_language("nl", fallback="en", supported=("en", "de")) == "en"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.1, de", "de"),
        ("en;q=0.1, de;q=0.2", "de"),
        ("de, en", "de"),
        ("en, de", "en"),
        ("it-CH, it;q=0.9, de;q=0.3, *;q=0.1", "de"),
        ("DE ; Q=0.5", "de"),
        ("de;q=0.001", "de"),
        ("de;q=0, de-AT", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7", "fr"),
        ("nl-BE,nl;q=0.8,fr-BE;q=0.5", "nl"),
    ],
)
def test_the_language_with_the_highest_quality_wins_then_the_first(header, language):
    assert from_accept_language(header, "en") == language


@pytest.mark.parametrize(("header", "language"), [("*", "en"), ("it, *;q=0.5", "en"), ("en;q=0, *", "de")])
def test_a_star_stands_for_the_languages_not_named(header, language):
    assert from_accept_language(header, "en") == language


@pytest.mark.parametrize(
    "header", [None, "", ",", "it", "de;q=0", "de;q=2", "de;q=-1", "de;q=nan", "de;q", "d e", ";;,=", "dé"]
)
def test_nothing_wanted_that_we_speak_is_the_fallback(header):
    assert from_accept_language(header, "en") == "en"


def test_garbage_does_not_hide_what_can_be_read():
    assert from_accept_language("<script>, de;q=9, ;, en;q=0.2, de;q=0.4;x=1, de;q=0.3", "??") == "de"


def test_only_the_beginning_of_an_endless_header_is_read():
    assert from_accept_language("it," * 1_000_000 + "de", "en") == "en"


@given(st.text())
def test_any_header_and_any_code_give_a_supported_language(text):
    assert from_accept_language(text, "en") in SUPPORTED_LANGUAGES
    assert choose_language(text, fallback="en") in SUPPORTED_LANGUAGES


@given(st.text(alphabet="dent-*;q=., 019", max_size=60))
def test_what_looks_like_a_header_gives_a_supported_language(text):
    assert from_accept_language(text, "de") in SUPPORTED_LANGUAGES
