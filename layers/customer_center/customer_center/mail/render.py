"""Renders mails from a template, a language and values.

`templates/` has the structure of each mail, `<template>.html.j2` and `<template>.txt.j2`, for all languages.
`texts/<language>.toml` has all sentences: the section `[common]`, and one section for each template. The filter `fill`
replaces `{placeholders}` in sentences with the values. A new mail needs two files in `templates/` and a section in each
language.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError, pass_context, select_autoescape
from jinja2.runtime import Context

from customer_center.platform.frozen import frozen
from customer_center.platform.language import SUPPORTED_LANGUAGES
from customer_center.platform.names import unlinked

type Value = str | int | datetime | Sequence[str] | None
type Texts = Mapping[str, Any]

SUBJECT_LIMIT = 140
"""Maximum number of characters in a subject (Cognito's limit). Mail clients show about 70."""

_HERE = Path(__file__).parent
_LINE_BREAKING = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")
# Lone surrogates cannot be encoded. Bidirectional controls could reverse our own sentences.
_UNWANTED = re.compile(r"[\ud800-\udfff\u202a-\u202e\u2066-\u2069]+")
# Values that people or an ERP have written. The shop's own name, addresses and logins may be links.
_WRITTEN_BY_OTHERS = re.compile(r"(?!shop_)(\w+_)?(name|number)")


@frozen
class Rendered:
    """A mail ready to be sent. The subject is one line; HTML and text have the same content."""

    subject: str
    html: str
    text: str


def render(template: str, language: str, values: Mapping[str, Value]) -> Rendered:
    """Return the mail `template` in a supported language.

    Each text value becomes one line without control characters. Names make no links (`platform/names.py`). Times are
    formatted in UTC. Raises ValueError for a language without texts, jinja2's TemplateNotFound for an unknown template,
    and its UndefinedError for a missing value.
    """
    if language not in SUPPORTED_LANGUAGES:
        raise ValueError(f"There are no texts in {language!r}.")
    texts = _texts(language)
    text = texts["common"] | texts.get(template, {})
    context = {name: _readable(name, value, text) for name, value in values.items()}
    context |= {"text": text, "language": language}
    html = _environment().get_template(f"{template}.html.j2").render(context)
    plain = _environment().get_template(f"{template}.txt.j2").render(context)
    return Rendered(subject=_shortened(_fill(text["subject"], context)), html=html, text=plain)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        auto_reload=False,
        keep_trailing_newline=True,
        lstrip_blocks=True,
        trim_blocks=True,
    )
    environment.filters["fill"] = _fill_in_template
    return environment


@cache
def _texts(language: str) -> Texts:
    return tomllib.loads((_HERE / "texts" / f"{language}.toml").read_text(encoding="utf-8"))


@pass_context
def _fill_in_template(context: Context, sentence: str) -> str:
    # The result is a plain string, which Jinja escapes in HTML templates.
    return _fill(sentence, context.get_all())


def _fill(sentence: str, values: Mapping[str, Any]) -> str:
    try:
        return sentence.format_map(values)
    except KeyError as missing:
        raise UndefinedError(f"{missing} is undefined") from None


def _readable(name: str, value: Value, text: Texts) -> Value:
    match value:
        case str():
            line = _LINE_BREAKING.sub(" ", _UNWANTED.sub("", value)).strip()
            return unlinked(line) if _WRITTEN_BY_OTHERS.fullmatch(name) else line
        case datetime():
            moment = value.astimezone(UTC)
            month = text["months"][moment.month - 1]
            day = text["first"] if moment.day == 1 else moment.day
            return str(text["moment"]).format(day=day, month=month, year=moment.year, time=f"{moment:%H:%M}")
        case _:
            return value


def _shortened(subject: str) -> str:
    return subject if len(subject) <= SUBJECT_LIMIT else subject[: SUBJECT_LIMIT - 1].rstrip() + "…"
