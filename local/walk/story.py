"""Shared by the chapters of the walk: the stack, the shop's calls, and the values that one chapter sets for others."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import requests

from local.stack import Stack
from local.walk.shop import Shop


@dataclass
class Story:
    """The state of the walk. The comment of a field names the chapter that sets it."""

    stack: Stack
    shop: Shop
    token: str = field(init=False)  # activation: the main contact's access token
    contacts: list[Mapping[str, Any]] = field(init=False)  # overview: ERP contacts without a shop account
    invited: Mapping[str, Any] = field(init=False)  # invitation: the user whom the later chapters use
    link_token: str = field(init=False)  # mail: the token of the invitation's link
    invited_token: str = field(init=False)  # acceptance: the user's access token
    email: str = field(init=False)  # editing: the user's new e-mail


def step(name: str, how: str) -> None:
    """Print the headline of a chapter: its name and its requests."""
    print(f"\n{name}: {how}", flush=True)


def tell(sentence: str) -> None:
    """Print one result."""
    print(f"  {sentence}", flush=True)


def expect(status: HTTPStatus, answer: requests.Response) -> dict[str, Any]:
    """Return the answer's JSON (empty without a body). Raises SystemExit if the status differs."""
    if answer.status_code != status:
        raise SystemExit(f"{answer.request.method} {answer.url} answered {answer.status_code}: {answer.text}")
    return dict(answer.json()) if answer.text else {}
