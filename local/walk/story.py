"""What the chapters of the walk share: the stack, the shop's calls, and what one chapter leaves for the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import requests

from local.stack import Stack
from local.walk.shop import Shop


@dataclass
class Story:
    """The walk so far. A field is set by the chapter that its comment names."""

    stack: Stack
    shop: Shop
    token: str = field(init=False)  # activation: the main contact's access token
    contacts: list[Mapping[str, Any]] = field(init=False)  # overview: ERP contacts without a shop account
    invited: Mapping[str, Any] = field(init=False)  # invitation: the user who is followed from then on
    link_token: str = field(init=False)  # mail: the token of their link
    invited_token: str = field(init=False)  # acceptance: their access token
    email: str = field(init=False)  # editing: their new e-mail


def step(name: str, how: str) -> None:
    """Print the headline of a chapter: what is done, and by which request."""
    print(f"\n{name}: {how}", flush=True)


def tell(sentence: str) -> None:
    """Print one thing that happened."""
    print(f"  {sentence}", flush=True)


def expect(status: HTTPStatus, answer: requests.Response) -> dict[str, Any]:
    """Return the answer's JSON (empty without a body); raise SystemExit if the status is another one."""
    if answer.status_code != status:
        raise SystemExit(f"{answer.request.method} {answer.url} answered {answer.status_code}: {answer.text}")
    return dict(answer.json()) if answer.text else {}
