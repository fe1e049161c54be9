"""The actions of the audit trail: whatever the code writes is in the enum that the API document shows."""

import ast
from typing import get_args

from customer_center.companies.actions import Action
from customer_center.mail.feedback import Outcome
from tests.template_reader import ROOT

KNOWN = set(get_args(Action.__value__))
ROOM = ROOT / "layers/customer_center/customer_center/companies"
OUTCOMES = {f"{subject}.{end}" for subject in ("invitation", "email_change") for end in (*Outcome, "withheld")}


def _texts(module):
    return {node.value for node in ast.walk(module) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_action_that_an_entry_is_made_with_is_known():
    """mypy sees those of `entries.py`; these are of entries made without it."""
    found = set()
    for file in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "new_entry":
                found |= {word.value.value for word in node.keywords if word.arg == "action" and _is_text(word.value)}
    assert found
    # In a partition of its own, which no audit trail shows.
    assert found - {"contacts.asked_for"} <= KNOWN


def _is_text(node):
    return isinstance(node, ast.Constant)


def test_every_known_action_is_written_somewhere():
    written = set()
    for file in ROOM.rglob("*.py"):
        if file.name != "actions.py":
            written |= _texts(ast.parse(file.read_text()))
    written |= OUTCOMES
    assert written >= KNOWN


def test_what_a_mail_comes_to_is_known():
    assert OUTCOMES <= KNOWN
