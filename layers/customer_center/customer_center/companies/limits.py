"""Limits that several modules and `GET /settings` share. This module imports nothing, so that reading it is cheap."""

PASSWORD_LENGTH = (10, 128)
"""The fewest and the most characters of a password. The template's password policy has the same minimum."""

IMPORT_ROWS = 200
"""The most rows of an imported table."""

IMPORT_BYTES = 1_000_000
"""The most bytes of an imported table, which `platform/spreadsheet.py` checks."""
