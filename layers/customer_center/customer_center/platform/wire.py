"""pydantic types that all rooms share for requests and answers: `Line`, `Input`, `Output`, queries and pages.

Only `bodies` modules, and functions with bodies, import this module. Other functions do not import pydantic.
"""

import os
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError, to_json

from customer_center.platform.printable import bare, is_printable, plain, unbroken

# Without this, pydantic searches all installed packages for plugins when it builds the first model.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def _printable(text: str) -> str:
    if not is_printable(text):
        raise PydanticCustomError("unprintable", "Control characters are not allowed.")
    return text


Printable = AfterValidator(_printable)
"""Refuses text with control characters, and text without a visible character."""

# Longer text is too long for every field, so that cleaning it would be work for nothing.
_CLEANED_AT_MOST = 5000


def _cleaned(clean: Callable[[str], str]) -> BeforeValidator:
    def clean_text(text: object) -> object:
        return clean(text) if isinstance(text, str) and len(text) <= _CLEANED_AT_MOST else text

    return BeforeValidator(clean_text)


Pasted = _cleaned(plain)
"""Takes away blanks at the ends, and directional and other invisible characters, which pasted text brings along."""

PastedNumber = _cleaned(bare)
"""The same for numbers, ids and addresses, whose invisible characters fall away everywhere."""

PastedCode = _cleaned(unbroken)
"""The same for codes and tokens from mails, which have no blanks inside either."""

Line = Annotated[str, StringConstraints(min_length=1), Printable, Pasted]
"""One line of text, trimmed and not empty."""

Id = Annotated[str, StringConstraints(min_length=1, max_length=100), PastedNumber]
"""An opaque id of this API."""


def _date_time(moment: object) -> object:
    # pydantic also takes seconds since 1970, which are not a date-time of RFC 3339.
    if not re.match(r"\d{4}-\d{2}-\d{2}T", str(moment), re.ASCII | re.IGNORECASE):
        raise PydanticCustomError("moment", "This is not a date and time.")
    return moment


Moment = Annotated[AwareDatetime, BeforeValidator(_date_time)]
"""A date and time with an offset (RFC 3339)."""

# Generators of clients need `items` of every array.
BeforeAndAfter = Annotated[
    tuple[Any, Any],
    WithJsonSchema({"type": "array", "items": {}, "minItems": 2, "maxItems": 2}),
]
"""The values of a field before and after a change."""


class Input(BaseModel):
    """A request's body. Unknown fields are refused; no value is converted. The first request builds the validator."""

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True, frozen=True)


class Output:
    """An answer's body. Answers are declared with `@frozen(kw_only=True)`, and pydantic writes their JSON.

    The JSON has the fields in the declared order. Answers are not pydantic models, because building a model would
    lengthen the cold start.
    """

    __slots__ = ()

    def to_json(self) -> str:
        """Return the JSON: enums by value, times in ISO 8601. Raises PydanticSerializationError for other objects."""
        return to_json(self).decode()


class Query(BaseModel):
    """A request's query. Unknown parameters are refused; values are converted from text.

    An empty parameter counts as left out, because forms send their empty fields too.
    """

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _given(cls, parameters: Mapping[str, str]) -> Mapping[str, str]:
        return {name: value for name, value in parameters.items() if value or name not in cls.model_fields}


class PageQuery(Query):
    """The page of a list to return."""

    limit: Annotated[int, Field(ge=1, le=100, description="Items per page, at most.")] = 50
    cursor: Annotated[str, Field(max_length=2000, description="`next_cursor` of the page before.")] | None = None
