"""Access tokens of Vendasta (docs/Other/api-authentication.md there): JWT bearer, signed with RS256 (RFC 7523).

Vendasta answers every exchange of a day with the same token. So all sandboxes share one, and two that exchange at the
same time do no harm.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from customer_center.platform.clock import Clock

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# Vendasta advises an `iat` a few seconds in the past, because clocks differ, and allows an `exp` up to an hour later.
_BACKDATED = 10
_VALID_SECONDS = 600
# A token that is about to end could end during the call.
_MARGIN = 60


class KeptToken(Protocol):
    """Where the token of one app is kept, so that all sandboxes find it: `{"access_token", "expires", "of"}`."""

    def read(self) -> Mapping[str, Any] | None:
        """Return the token, read at most five minutes ago, or None."""

    def read_again(self) -> Mapping[str, Any] | None:
        """Return the token as it is now, or None."""

    def write(self, token: Mapping[str, Any]) -> None:
        """Keep this token from now on."""


class Tokens:
    """The access token of one app. `of` says whose it is: a token that is kept for another one is not used.

    `exchange` gets a new one from Vendasta and returns the token and its end.
    """

    def __init__(self, of: str, *, kept: KeptToken, exchange: Callable[[], tuple[str, int]], clock: Clock) -> None:
        self._of = of
        self._kept = kept
        self._exchange = exchange
        self._clock = clock

    def token(self, refused: str | None = None) -> str:
        """Return the token. With `refused`, another one than this, which Vendasta did not accept any more.

        Another sandbox may have exchanged it meanwhile; else it is exchanged here, once.
        """
        for read in (self._kept.read, self._kept.read_again):
            token = self._usable(read())
            if token is not None and token != refused:
                return token
        token, expires = self._exchange()
        self._kept.write({"access_token": token, "expires": expires, "of": self._of})
        return token

    def _usable(self, kept: Mapping[str, Any] | None) -> str | None:
        if kept is None or kept["of"] != self._of:
            return None
        return str(kept["access_token"]) if self._clock.now().timestamp() < kept["expires"] - _MARGIN else None


def assertion(app_id: str, private_key: str, now: float) -> str:
    """Return the signed claims that are exchanged for a token. Raises ValueError if the key cannot sign."""
    # The package for signing is in a layer of its own and takes a tenth of a second to import. A token lasts a day.
    import jwt  # noqa: PLC0415

    issued = int(now) - _BACKDATED
    claims = {"iss": app_id, "iat": issued, "exp": issued + _VALID_SECONDS}
    try:
        return jwt.encode(claims, private_key, "RS256")
    except (jwt.PyJWTError, TypeError) as error:
        raise ValueError("the private key cannot sign") from error
