"""AWS in memory (moto), quicker: what is the same for every call is done once, and what has no effect is not.

In every attribute value, moto looks for all ten kinds of value, each under several names. Without that, an item of
fifteen maps is read in a quarter of the time.
"""

from functools import cache
from typing import Any

import botocore.useragent
import moto.core.responses
import moto.core.utils
import pytest
from moto.core.serialize import BaseJSONSerializer

# Attribute values of DynamoDB that are sent as they are.
_PLAIN = {"S", "N", "BOOL", "NULL", "SS", "NS"}
_structure = BaseJSONSerializer._serialize_type_structure


def quicken(patch: pytest.MonkeyPatch) -> None:
    """Make moto, and botocore's calls to it, quicker."""
    patch.setattr(BaseJSONSerializer, "_serialize_type_structure", _serialize_structure)
    patch.setattr(moto.core.responses, "method_names_from_class", cache(moto.core.utils.method_names_from_class))
    # botocore writes its own name and what it runs on twice for each call.
    patch.setattr(botocore.useragent.UserAgentString, "to_string", lambda _: "tests")


def _serialize_structure(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    if shape.name != "AttributeValue" or not isinstance(value, dict):
        _structure(serializer, serialized, value, shape, key)
        return
    written: dict[str, Any] = {}
    for kind, content in value.items():
        if kind in _PLAIN:
            written[kind] = content
        else:
            serializer._serialize(written, content, shape.members[kind], kind)
    serialized[key] = written
