"""One of our built functions, with AWS replaced (`canned.py`)."""

import os
from importlib import import_module

module, name = os.environ["PRODUCT_HANDLER"].split(".")
# Imported before `canned`, so that the function itself must import all that it needs.
handler = getattr(import_module(module), name)

import canned  # noqa: E402, F401 # its import replaces AWS
