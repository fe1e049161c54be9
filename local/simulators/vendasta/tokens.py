"""Access tokens of marketplace apps: a JWT signed by the app is exchanged for a token."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import jwt

from local.simulators.vendasta.customer_list import Refusal

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_SECONDS = 24 * 3600
_LONGEST_ASSERTION = 3600


@dataclass(frozen=True)
class App:
    """A marketplace app: a product in step with the lists of some accounts (None: of all).

    Without a public key it gets no tokens, and only hears webhooks.
    """

    app_id: str
    public_key: str = ""
    accounts: tuple[str, ...] | None = None
    webhook_url: str = ""


@dataclass(frozen=True)
class _Token:
    text: str
    expires: int


class Tokens:
    """The token of each app. Within 24 hours an app always gets the same one."""

    def __init__(self) -> None:
        self._tokens: dict[str, _Token] = {}

    def exchange(self, body: Mapping[str, object], apps: Mapping[str, App], now: float) -> Mapping[str, object]:
        """Return the token for an assertion. Raises Refusal 400 for a wrong one, and 404 for an unknown app."""
        assertion = body.get("assertion")
        if body.get("grant_type") != GRANT or not isinstance(assertion, str):
            raise Refusal(400, "invalid grant")
        app = self._app_of(assertion, apps)
        token = self._tokens.get(app.app_id)
        if token is None or token.expires <= now:
            token = self._tokens[app.app_id] = _Token(secrets.token_urlsafe(24), int(now) + TOKEN_SECONDS)
        return {"access_token": token.text, "expires": token.expires, "token_type": "Bearer"}

    def _app_of(self, assertion: str, apps: Mapping[str, App]) -> App:
        try:
            unverified = jwt.decode(assertion, options={"verify_signature": False})
            app = apps.get(str(unverified.get("iss")))
            if app is None:
                raise Refusal(404, "app not found")
            claims = jwt.decode(assertion, app.public_key, ["RS256"], options={"require": ["exp", "iat", "iss"]})
        except jwt.InvalidTokenError as error:
            raise Refusal(400, f"invalid JWT: {error}") from error
        if claims["exp"] - claims["iat"] > _LONGEST_ASSERTION:
            raise Refusal(400, "invalid JWT: exp is more than an hour after iat")
        return app

    def app_id_of(self, header: str, now: float) -> str | None:
        """Return the app whose valid token is in the Authorization header."""
        scheme, _, text = header.partition(" ")
        for app_id, token in self._tokens.items():
            if (
                scheme == "Bearer"
                and secrets.compare_digest(token.text.encode(), text.encode())
                and now < token.expires
            ):
                return app_id
        return None

    def revoke(self) -> None:
        """Make every token invalid before its time."""
        self._tokens.clear()
