"""The texts of errors: every language has the same ones, as sentences."""

import string

import pytest

from customer_center.platform.language import SUPPORTED_LANGUAGES
from customer_center.platform.texts import ERRORS, FIELDS, error_text, field_text

every_code = pytest.mark.parametrize(
    "sentences",
    [
        *(pytest.param(sentences, id=f"error {code}") for code, sentences in ERRORS.items()),
        *(pytest.param(sentences, id=f"field {code}") for code, sentences in FIELDS.items()),
    ],
)


def placeholders(sentence):
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@every_code
def test_every_code_speaks_every_language(sentences):
    """Messages follow `Accept-Language`; codes are never translated (docs/specification.md, 8.5)."""
    assert tuple(sentences) == SUPPORTED_LANGUAGES


@every_code
def test_every_language_names_the_same_values(sentences):
    assert all(placeholders(sentence) == placeholders(sentences["en"]) for sentence in sentences.values())


@every_code
def test_every_language_says_something_else(sentences):
    """A sentence that was copied and not translated would equal another language's."""
    assert len(set(sentences.values())) == len(SUPPORTED_LANGUAGES)


@every_code
def test_every_text_is_of_whole_sentences(sentences):
    for sentence in sentences.values():
        assert sentence == " ".join(sentence.split())
        assert sentence[0].isupper()
        assert sentence[-1] in ".?!"


def test_a_field_has_no_values_to_fill_in():
    assert not any(placeholders(sentence) for sentences in FIELDS.values() for sentence in sentences.values())


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "The file has more than 500 rows."),
        ("de", "Die Datei hat mehr als 500 Zeilen."),
        ("nl", "Het bestand heeft meer dan 500 rijen."),
        ("fr", "Le fichier comporte plus de 500 lignes."),
    ],
)
def test_a_sentence_comes_in_the_language_with_its_values(language, sentence):
    assert error_text("csv-too-long", language, {"rows": "500"}) == sentence
    assert field_text("too-long", language) == FIELDS["too-long"][language]
