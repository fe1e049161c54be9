"""One of our functions, as it was built, with AWS cut off."""

import os
from importlib import import_module

module, name = os.environ["PRODUCT_HANDLER"].split(".")
# First, so that it imports what it would import without us.
handler = getattr(import_module(module), name)

import canned  # noqa: E402, F401
