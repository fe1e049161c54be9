"""What every `Identities` promises: the fake, and the emulator's Cognito with the template's user pool."""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from customer_center.companies.ports import Identities
from customer_center.connectors.cognito.identities import CognitoIdentities
from customer_center.platform.errors import FieldError, InvalidInput, OutsideUnavailable
from tests.builders.companies import a_user
from tests.builders.companies_room import PASSWORD
from tests.contract.conftest import template_resources
from tests.fakes.companies import FakeIdentities

_serial = count(1)


@dataclass
class World:
    """Logins, and a way to see whether a user's session still works."""

    identities: Identities
    can_refresh: Callable[[str], bool]
    break_down: Callable[[], None]

    def registered(self, **given):
        """Return a user with an open login."""
        user = a_user(**given)
        self.identities.create(user)
        self.identities.set_password(user.user_id, PASSWORD)
        self.identities.enable(user)
        return user


def _fake_world():
    fake = FakeIdentities()

    def can_refresh(token):
        return any(token in login.sessions for login in fake.logins.values())

    def break_down():
        fake.unavailable = True

    return World(fake, can_refresh, break_down)


def _fixed(properties):
    """Return the properties that hold no intrinsic of CloudFormation."""
    return {name: value for name, value in properties.items() if not re.search(r"'(Fn::|Ref')", repr(value))}


@pytest.fixture(scope="session")
def pool(emulator_client):
    """Return the client, and a user pool and app client with the template's properties."""
    cognito = emulator_client("cognito-idp")
    resources = template_resources()
    properties = _fixed(resources["UserPool"]["Properties"])
    # Set by calls of their own in Cognito's API; without them a login has no second factor.
    properties.pop("EnabledMfas"), properties.pop("MfaConfiguration")
    pool_id = cognito.create_user_pool(PoolName="contract", **properties)["UserPool"]["Id"]
    client = cognito.create_user_pool_client(UserPoolId=pool_id, **_fixed(resources["UserPoolClient"]["Properties"]))
    return cognito, pool_id, client["UserPoolClient"]["ClientId"]


@pytest.fixture
def cognito_world(pool):
    cognito, pool_id, client_id = pool
    broken = []

    def can_refresh(token):
        try:
            cognito.initiate_auth(
                ClientId=client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": token}
            )
        except ClientError:
            return False
        return True

    def fail(**_):
        raise EndpointConnectionError(endpoint_url="https://cognito.example")

    def break_down():
        broken.append(fail)
        cognito.meta.events.register("before-call.cognito-idp", fail)

    yield World(CognitoIdentities(client=cognito, user_pool_id=pool_id, client_id=client_id), can_refresh, break_down)
    for handler in broken:
        cognito.meta.events.unregister("before-call.cognito-idp", handler)


@pytest.fixture(params=["fake", "cognito"])
def world(request):
    return _fake_world() if request.param == "fake" else request.getfixturevalue("cognito_world")


def test_an_open_login_lets_its_user_in_by_id_and_by_email(world):
    """001: "The customer will be logged in."."""
    user = world.registered(email=f"Open{next(_serial)}@baecker.example")
    # In other case too, on AWS; the emulator compares e-mails letter by letter.
    for name in (user.user_id, user.email):
        session = world.identities.sign_in(name, PASSWORD)
        assert len({session.access_token, session.id_token, session.refresh_token}) == 3
        assert session.expires_in == 3600


def test_a_login_is_made_shut_and_without_its_email(world):
    user = a_user()
    world.identities.create(user)
    world.identities.set_password(user.user_id, PASSWORD)
    assert world.identities.sign_in(user.user_id, PASSWORD) is None
    assert world.identities.sign_in(user.email, PASSWORD) is None


def test_a_login_without_a_password_lets_nobody_in(world):
    user = a_user()
    world.identities.create(user)
    world.identities.enable(user)
    assert world.identities.sign_in(user.user_id, "") is None
    assert world.identities.sign_in(user.user_id, PASSWORD) is None


def test_a_wrong_password_and_an_unknown_user_are_told_alike(world):
    user = world.registered()
    assert world.identities.sign_in(user.user_id, "wrong password") is None
    assert world.identities.sign_in(user.email, "wrong password") is None
    assert world.identities.sign_in(a_user().user_id, PASSWORD) is None
    assert world.identities.sign_in("nobody@baecker.example", PASSWORD) is None


def test_making_a_login_again_shuts_it_until_it_is_enabled(world):
    """A crashed attempt may have left the login in any state; its password stays."""
    user = world.registered()
    world.identities.create(user)
    assert world.identities.sign_in(user.user_id, PASSWORD) is None
    world.identities.enable(user)
    assert world.identities.sign_in(user.email, PASSWORD)


def test_a_login_that_was_never_finished_keeps_nobody_out(world):
    email = f"shared{next(_serial)}@baecker.example"
    unfinished = a_user(email=email)
    world.identities.create(unfinished)
    world.identities.set_password(unfinished.user_id, "not this person")
    world.registered(email=email)
    assert world.identities.sign_in(email, PASSWORD)
    assert world.identities.sign_in(email, "not this person") is None


@pytest.mark.parametrize("password", ["x" * 10, "correct horse battery", "ÄÖÜ🪑ÄÖÜ🪑ÄÖ", "1234567890"])
def test_a_password_of_ten_characters_is_fine(world, password):
    user = world.registered()
    world.identities.set_password(user.user_id, password)
    assert world.identities.sign_in(user.user_id, password)
    assert world.identities.sign_in(user.user_id, PASSWORD) is None or password == PASSWORD


@pytest.mark.parametrize("password", ["x" * 9, "short"])
def test_a_shorter_password_is_refused_at_its_field(world, password):
    user = world.registered()
    with pytest.raises(InvalidInput) as refused:
        world.identities.set_password(user.user_id, password)
    assert refused.value.errors == (FieldError("/password", "password-policy"),)
    assert world.identities.sign_in(user.user_id, PASSWORD)


def test_a_disabled_login_lets_nobody_in(world):
    """001: "An user, which has been deactivated, cannot login to the shop anymore."."""
    user = world.registered()
    for _ in range(2):
        world.identities.disable(user.user_id)
        assert world.identities.sign_in(user.user_id, PASSWORD) is None
        assert world.identities.sign_in(user.email, PASSWORD) is None


def test_disabling_ends_every_session(world):
    user, other = world.registered(), world.registered()
    sessions = [world.identities.sign_in(user.user_id, PASSWORD).refresh_token for _ in range(2)]
    others = world.identities.sign_in(other.user_id, PASSWORD).refresh_token
    assert all(map(world.can_refresh, sessions))
    world.identities.disable(user.user_id)
    assert not any(map(world.can_refresh, sessions))
    world.identities.enable(user)
    assert not any(map(world.can_refresh, sessions))
    assert world.can_refresh(others)


def test_an_enabled_login_has_its_old_password(world):
    """001: "You can activate or deactivate a user."."""
    user = world.registered()
    world.identities.disable(user.user_id)
    for _ in range(2):
        world.identities.enable(user)
        assert world.identities.sign_in(user.email, PASSWORD)


def test_a_forgotten_login_is_gone(world):
    user = world.registered()
    for _ in range(2):
        world.identities.delete(user.user_id)
        assert world.identities.sign_in(user.user_id, PASSWORD) is None
    world.identities.create(user)
    world.identities.enable(user)
    assert world.identities.sign_in(user.user_id, PASSWORD) is None


def test_nobodys_login_is_kept_out_and_forgotten_already(world):
    user = a_user()
    world.identities.disable(user.user_id)
    world.identities.delete(user.user_id)


def test_nobodys_login_cannot_be_opened(world):
    user = a_user()
    with pytest.raises(OutsideUnavailable):
        world.identities.enable(user)
    with pytest.raises(OutsideUnavailable):
        world.identities.set_password(user.user_id, PASSWORD)


@pytest.mark.parametrize("call", ["create", "set_password", "enable", "disable", "delete", "sign_in"])
def test_when_the_service_is_down_every_call_says_so(world, call):
    user = world.registered()
    arguments = {
        "create": [user],
        "enable": [user],
        "set_password": [user.user_id, PASSWORD],
        "sign_in": [user.user_id, PASSWORD],
    }
    world.break_down()
    with pytest.raises(OutsideUnavailable) as unavailable:
        getattr(world.identities, call)(*arguments.get(call, [user.user_id]))
    assert (unavailable.value.code, unavailable.value.retry_after) == ("identity-unavailable", 2)


def test_the_fake_fails_once_when_told_to():
    fake = FakeIdentities()
    fake.fail_next("create")
    with pytest.raises(OutsideUnavailable):
        fake.create(a_user())
    fake.create(user := a_user())
    assert fake.calls[-1] == ("create", user.user_id)
    assert list(fake.logins) == [user.user_id]


# What the rest of the system reads in Cognito


def _claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def test_the_access_token_names_our_user_id(cognito_world):
    user = cognito_world.registered()
    for name in (user.user_id, user.email):
        claims = _claims(cognito_world.identities.sign_in(name, PASSWORD).access_token)
        assert claims["username"] == user.user_id
        assert claims["token_use"] == "access"
        assert "aws.cognito.signin.user.admin" in claims["scope"].split()


def test_the_login_knows_email_and_language(cognito_world, pool):
    cognito, pool_id, _ = pool
    user = cognito_world.registered(language="de")
    found = cognito.admin_get_user(UserPoolId=pool_id, Username=user.user_id)
    attributes = {each["Name"]: each["Value"] for each in found["UserAttributes"]}
    assert (attributes["email"], attributes["email_verified"], attributes["locale"]) == (user.email, "true", "de")
    assert found["UserStatus"] == "CONFIRMED"


def test_before_it_is_opened_the_email_is_not_verified(cognito_world, pool):
    cognito, pool_id, _ = pool
    user = a_user()
    cognito_world.identities.create(user)
    found = cognito.admin_get_user(UserPoolId=pool_id, Username=user.user_id)
    attributes = {each["Name"]: each["Value"] for each in found["UserAttributes"]}
    assert attributes["email_verified"] == "false"
    assert found["Enabled"] is False
