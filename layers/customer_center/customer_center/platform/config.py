"""Configuration: environment variables, read once into a typed object. Missing or wrong variables raise an error.

A setting is a field of a frozen dataclass; its environment variable has the same name in upper case. Only the template
sets these variables. No variable holds a secret: `platform/secrets.py` reads secrets from SSM by name.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, get_type_hints


class ConfigurationError(Exception):
    """A setting is missing or cannot be parsed. The message names all such settings."""


def _flag(text: str) -> bool:
    return {"true": True, "false": False}[text]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


_READERS: Mapping[object, Callable[[str], object]] = {
    str: str,
    int: int,
    float: float,
    bool: _flag,
    tuple[str, ...]: _words,
}


def from_environment[Settings](settings: type[Settings], environment: Mapping[str, str] = os.environ) -> Settings:
    """Return `settings` filled from the environment.

    Types: str, int, float, bool (`true` or `false`), tuple[str, ...] (comma-separated). A field with a default may be
    missing from the environment. Raises ConfigurationError.
    """
    hints = get_type_hints(settings)
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for setting in fields(settings):  # type: ignore[arg-type] # every settings class is a dataclass
        text = environment.get(setting.name.upper())
        if text is None:
            if setting.default is MISSING:
                wrong.append(f"{setting.name.upper()} is missing")
            continue
        try:
            values[setting.name] = _READERS[hints[setting.name]](text)
        except (KeyError, ValueError):
            wrong.append(f"{setting.name.upper()} cannot be read as {hints[setting.name]}")
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    return settings(**values)
