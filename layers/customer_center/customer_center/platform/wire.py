"""pydantic types that all rooms share for requests and answers: `Line`, `Input`, `Output`, queries and pages.

Only `bodies` modules, and functions with bodies, import this module. Other functions do not import pydantic.
"""

import os
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from customer_center.platform.printable import is_printable

# Without this, pydantic searches all installed packages for plugins when it builds the first model.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def _printable(text: str) -> str:
    if not is_printable(text):
        raise PydanticCustomError("unprintable", "Control characters are not allowed.")
    return text


Printable = AfterValidator(_printable)
"""Refuses text with control characters, and text without a visible character."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), Printable]
"""One line of text, trimmed and not empty."""


class Input(BaseModel):
    """A request's body. Unknown fields are refused; no value is converted. The first request builds the validator."""

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True, frozen=True)


class Output(BaseModel):
    """An answer's body. The first answer builds the serializer."""

    model_config = ConfigDict(defer_build=True, frozen=True)


class Query(BaseModel):
    """A request's query. Unknown parameters are refused; values are converted from text."""

    model_config = ConfigDict(defer_build=True, extra="forbid", frozen=True)


class PageQuery(Query):
    """The page of a list to return."""

    limit: Annotated[int, Field(ge=1, le=100, description="Items per page, at most.")] = 50
    cursor: Annotated[str, Field(max_length=2000, description="`next_cursor` of the page before.")] | None = None
