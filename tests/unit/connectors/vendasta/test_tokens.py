"""Vendasta's access tokens: one for a day and all sandboxes, and one new one when it is refused."""

import jwt
import pytest

from customer_center.connectors.vendasta.tokens import Tokens, assertion
from tests.builders.rs256 import pem, private_key, private_pem
from tests.fakes.clock import NOON, FakeClock
from tests.fakes.vendasta import MemoryToken

DAY = 24 * 3600


class App:
    """An app with one place for its token; each call of `sandbox` is a sandbox of its own."""

    def __init__(self):
        self.clock, self.kept, self.exchanged = FakeClock(), MemoryToken(), []

    def sandbox(self, of="MP-1"):
        return Tokens(of, kept=self.kept, exchange=self._exchange, clock=self.clock)

    def _exchange(self):
        self.exchanged.append(f"token-{len(self.exchanged) + 1}")
        return self.exchanged[-1], int(self.clock.now().timestamp()) + DAY


@pytest.fixture
def app():
    return App()


def test_all_sandboxes_share_a_token_for_a_day(app):
    assert [app.sandbox().token() for _ in range(3)] == ["token-1"] * 3
    app.clock.advance(hours=23)
    assert app.sandbox().token() == "token-1"
    assert app.exchanged == ["token-1"]


def test_a_token_is_renewed_before_it_ends(app):
    app.sandbox().token()
    app.clock.advance(seconds=DAY - 30)
    assert app.sandbox().token() == "token-2"


def test_a_refused_token_is_exchanged_once(app):
    app.sandbox().token()
    assert app.sandbox().token(refused="token-1") == "token-2"
    assert app.sandbox().token() == "token-2"


def test_a_token_that_another_sandbox_has_renewed_is_not_exchanged_again(app):
    app.sandbox().token()
    app.sandbox().token(refused="token-1")
    # A sandbox that still has the old one in its cache finds the new one.
    app.kept.cached = {"access_token": "token-1", "expires": NOON.timestamp() + DAY, "of": "MP-1"}
    assert app.sandbox().token(refused="token-1") == "token-2"
    assert app.exchanged == ["token-1", "token-2"]


def test_a_product_that_becomes_another_app_does_not_get_the_token_of_the_first(app):
    """Else who does not have the other app's key could call in its name."""
    app.sandbox("MP-1").token()
    assert app.sandbox("MP-2").token() == "token-2"


def test_an_app_proves_itself_by_its_key():
    signed = assertion("MP-1", private_pem(private_key("app")), NOON.timestamp())
    assert jwt.get_unverified_header(signed) == {"typ": "JWT", "alg": "RS256"}
    claims = jwt.decode(signed, pem(private_key("app")), ["RS256"], options={"verify_exp": False})
    assert claims["iss"] == "MP-1"
    assert claims["iat"] < NOON.timestamp() < claims["exp"] <= claims["iat"] + 3600
    assert set(claims) == {"iss", "iat", "exp"}


@pytest.mark.parametrize("key", ["", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
def test_a_key_that_cannot_sign_is_an_error_without_the_key(key):
    with pytest.raises(ValueError, match=r"^the private key cannot sign$"):
        assertion("MP-1", key, NOON.timestamp())
