"""The texts of errors: every language has the same ones, as sentences."""

import re
import string

import pytest

from customer_center.platform.language import SUPPORTED_LANGUAGES
from tests.texts import ALL_TEXTS, ROOMS

every_code = pytest.mark.parametrize(
    "sentences",
    [
        *(pytest.param(problem.sentences, id=f"error {code}") for code, problem in ALL_TEXTS.problems.items()),
        *(pytest.param(sentences, id=f"field {code}") for code, sentences in ALL_TEXTS.fields.items()),
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


def test_a_field_has_no_values_to_fill_in_but_its_limit_in_brackets():
    for sentences in ALL_TEXTS.fields.values():
        for sentence in sentences.values():
            assert placeholders(sentence) <= {"limit"}
            assert ("{limit}" in sentence) is bool(re.search(r" \([^()]*\{limit\}[^()]*\)", sentence))


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
    assert ALL_TEXTS.error_text("csv-too-long", language, {"rows": "500"}) == sentence


def test_every_code_is_declared_by_one_room():
    assert len(ALL_TEXTS.problems) == sum(len(room.problems) for room in ROOMS)
    assert len(ALL_TEXTS.fields) == sum(len(room.fields) for room in ROOMS)
