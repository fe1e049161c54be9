"""What every `Identities` promises: the fake, and the emulator's Cognito with the template's user pool.

Cognito is there twice: as accepting as the emulator is, and with the rules of `local/stricter.py`.
"""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from itertools import count

import boto3
import pytest
import requests
from botocore.exceptions import ClientError, EndpointConnectionError

from customer_center.companies.ports import EmailHeld, Identities, LoginDisabled
from customer_center.connectors.cognito.identities import CognitoIdentities
from customer_center.platform.errors import FieldError, InvalidInput, MalformedRequest, OutsideUnavailable
from local.stack import REGION
from local.stricter import CONTROL
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

    def lets_in(self, name, password=PASSWORD):
        """Return whether this password lets in; a disabled login refuses the right one in its own way."""
        try:
            return self.identities.sign_in(name, password) is not None
        except LoginDisabled:
            return False


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
    # A session token makes it a function, which the rules are for.
    endpoint = emulator_client("cognito-idp").meta.endpoint_url
    cognito = boto3.client(
        "cognito-idp",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        aws_session_token="a function",
    )
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

    identities = CognitoIdentities(client=cognito, user_pool_id=pool_id, client_id=client_id, sleep=lambda _: None)
    yield World(identities, can_refresh, break_down)
    for handler in broken:
        cognito.meta.events.unregister("before-call.cognito-idp", handler)


@pytest.fixture(params=["fake", "cognito", "stricter cognito"])
def world(request):
    if request.param == "fake":
        return _fake_world()
    world = request.getfixturevalue("cognito_world")
    if request.param == "stricter cognito":
        request.getfixturevalue("stricter")
    return world


@pytest.fixture(params=["fake", "stricter cognito"])
def strict_world(request):
    """Return what refuses a second login with an e-mail; the emulator by itself does not."""
    if request.param == "fake":
        return _fake_world()
    request.getfixturevalue("stricter")
    return request.getfixturevalue("cognito_world")


@pytest.fixture
def stricter(pool):
    """Switch the rules on, and return a function that returns the counts of a rule: (reached, refused)."""
    cognito, *_ = pool
    control = f"{cognito.meta.endpoint_url}{CONTROL}"
    refused = {"refused": True}
    rules = {"password-of-disabled": refused, "sign-out-of-disabled": refused, "alias-exists": {}}

    def counts(rule):
        answer = requests.get(control, timeout=10).json()
        return answer["reached"].get(rule, 0), answer["refused"].get(rule, 0)

    assert requests.put(control, json=rules, timeout=10).ok
    yield counts
    assert requests.put(control, json={}, timeout=10).ok


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
    assert not world.lets_in(user.user_id)
    assert not world.lets_in(user.email)


def test_a_login_without_a_password_lets_nobody_in(world):
    user = a_user()
    world.identities.create(user)
    world.identities.enable(user)
    assert not world.lets_in(user.user_id, "")
    assert not world.lets_in(user.user_id)


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
    assert not world.lets_in(user.user_id)
    world.identities.enable(user)
    assert world.lets_in(user.email)


def test_a_login_that_was_never_finished_keeps_nobody_out(world):
    email = f"shared{next(_serial)}@baecker.example"
    unfinished = a_user(email=email)
    world.identities.create(unfinished)
    world.identities.set_password(unfinished.user_id, "not this person")
    world.registered(email=email)
    assert world.lets_in(email)
    assert not world.lets_in(email, "not this person")


@pytest.mark.parametrize("password", ["x" * 10, "correct horse battery", "ÄÖÜ🪑ÄÖÜ🪑ÄÖ", "1234567890"])
def test_a_password_of_ten_characters_is_fine(world, password):
    user = world.registered()
    world.identities.set_password(user.user_id, password)
    assert world.lets_in(user.user_id, password)
    assert not world.lets_in(user.user_id) or password == PASSWORD


@pytest.mark.parametrize("password", ["x" * 9, "short"])
def test_a_shorter_password_is_refused_at_its_field(world, password):
    user = world.registered()
    with pytest.raises(InvalidInput) as refused:
        world.identities.set_password(user.user_id, password)
    assert refused.value.errors == (FieldError("/password", "password-policy"),)
    assert world.lets_in(user.user_id)


def test_a_disabled_login_lets_nobody_in(world):
    """001: "An user, which has been deactivated, cannot login to the shop anymore."."""
    user = world.registered()
    for _ in range(2):
        world.identities.disable(user.user_id)
        assert not world.lets_in(user.user_id)
        assert not world.lets_in(user.email)


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
        assert world.lets_in(user.email)


def test_a_forgotten_login_is_gone(world):
    user = world.registered()
    for _ in range(2):
        world.identities.delete(user.user_id)
        assert not world.lets_in(user.user_id)
    world.identities.create(user)
    world.identities.enable(user)
    assert not world.lets_in(user.user_id)


def test_the_password_of_a_disabled_login_can_be_set_and_it_stays_disabled(world):
    """Activation must not depend on what Cognito allows there."""
    user = a_user()
    world.identities.create(user)
    for password in ("another password", PASSWORD):
        world.identities.set_password(user.user_id, password)
        assert not world.lets_in(user.user_id, password)
    world.identities.enable(user)
    assert world.lets_in(user.user_id)
    assert not world.lets_in(user.user_id, "another password")


def test_a_password_that_is_too_short_leaves_a_disabled_login_disabled(world):
    user = world.registered()
    world.identities.disable(user.user_id)
    with pytest.raises(InvalidInput):
        world.identities.set_password(user.user_id, "short")
    with pytest.raises(LoginDisabled):
        world.identities.sign_in(user.user_id, PASSWORD)


def test_a_disabled_login_is_told_apart_whatever_the_password(world):
    """So that nobody is told that their right password is wrong while Cognito does not see that it was enabled."""
    user = world.registered()
    world.identities.disable(user.user_id)
    for name in (user.user_id, user.email):
        for password in (PASSWORD, "wrong password"):
            with pytest.raises(LoginDisabled) as refused:
                world.identities.sign_in(name, password)
            assert (refused.value.code, refused.value.retry_after) == ("identity-unavailable", 2)


def test_who_has_an_email_is_found_and_gives_it_up_until_they_are_enabled_again(world):
    user = world.registered(email=f"held{next(_serial)}@baecker.example")
    unfinished = a_user(email=user.email)
    world.identities.create(unfinished)
    assert world.identities.holder_of(user.email) == user.user_id
    for _ in range(2):
        world.identities.release_email(user.user_id)
        assert world.identities.holder_of(user.email) is None
        assert not world.lets_in(user.email)
        assert world.lets_in(user.user_id)
    world.identities.enable(user)
    assert world.identities.holder_of(user.email) == user.user_id
    world.identities.release_email(a_user().user_id)


@pytest.mark.parametrize("enabled", [True, False])
def test_an_email_that_another_login_has_is_not_taken_from_it(strict_world, enabled):
    holder = strict_world.registered(email=f"twice{next(_serial)}@baecker.example")
    if not enabled:
        strict_world.identities.disable(holder.user_id)
    other = a_user(email=holder.email)
    strict_world.identities.create(other)
    strict_world.identities.set_password(other.user_id, PASSWORD)
    for _ in range(2):
        with pytest.raises(EmailHeld) as held:
            strict_world.identities.enable(other)
        assert (held.value.code, held.value.retry_after) == ("identity-unavailable", 2)
    assert strict_world.identities.holder_of(holder.email) == holder.user_id
    assert not strict_world.lets_in(other.user_id)
    strict_world.identities.release_email(holder.user_id)
    strict_world.identities.enable(other)
    assert strict_world.identities.holder_of(holder.email) == other.user_id


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


def test_who_deleted_their_login_can_ask_for_a_new_password_once_it_is_made_again(cognito_world, pool):
    """The emulator mails the code also in states in which Cognito refuses; so the state is looked at, too."""
    cognito, pool_id, client_id = pool
    user = cognito_world.registered()
    cognito.delete_user(AccessToken=cognito_world.identities.sign_in(user.user_id, PASSWORD).access_token)
    assert cognito_world.identities.login(user.user_id) is None

    assert cognito_world.identities.add(user)
    cognito_world.identities.set_password(user.user_id, "a password that nobody knows")
    cognito_world.identities.enable(user)

    found = cognito.admin_get_user(UserPoolId=pool_id, Username=user.user_id)
    assert (found["Enabled"], found["UserStatus"]) == (True, "CONFIRMED")
    assert cognito_world.identities.sign_in(user.email, PASSWORD) is None
    cognito.forgot_password(ClientId=client_id, Username=user.email)
    new = {"ConfirmationCode": "654321", "Password": "another long password"}
    cognito.confirm_forgot_password(ClientId=client_id, Username=user.email, **new)
    assert cognito_world.identities.sign_in(user.email, "another long password")


# What the check of all logins reads


def test_a_login_is_shown_as_it_is(world):
    user = a_user(language="de")
    world.identities.create(user)
    login = world.identities.login(user.user_id)
    assert (login.user_id, login.email, login.language) == (user.user_id, user.email, "de")
    assert (login.enabled, login.email_verified, login.has_password) == (False, False, False)
    world.identities.set_password(user.user_id, PASSWORD)
    world.identities.enable(user)
    login = world.identities.login(user.user_id)
    assert (login.enabled, login.email_verified, login.has_password) == (True, True, True)
    world.identities.disable(user.user_id)
    login = world.identities.login(user.user_id)
    assert (login.enabled, login.has_password) == (False, True)
    assert login.changed_at.tzinfo == UTC


def test_nobodys_login_is_none(world):
    user = a_user()
    assert world.identities.login(user.user_id) is None
    world.identities.create(user)
    world.identities.delete(user.user_id)
    assert world.identities.login(user.user_id) is None


def test_a_login_is_added_once_and_lets_nobody_in_until_its_password_is_set(world):
    user = a_user()
    assert world.identities.add(user)
    assert not world.identities.login(user.user_id).has_password
    assert world.identities.sign_in(user.user_id, PASSWORD) is None
    assert world.identities.sign_in(user.email, PASSWORD) is None
    world.identities.enable(user)
    world.identities.set_password(user.user_id, PASSWORD)
    assert not world.identities.add(user)
    assert world.identities.sign_in(user.email, PASSWORD)


def _all_logins(identities):
    cursor, found = None, []
    while True:
        page = identities.logins_page(cursor)
        found += page.rows
        if (cursor := page.next_cursor) is None:
            return found


def test_all_logins_are_read_in_pages(world):
    users = [a_user() for _ in range(61)]
    for user in users:
        world.identities.add(user)
    assert world.identities.logins_page(None).next_cursor
    found = [login.user_id for login in _all_logins(world.identities)]
    assert len(found) == len(set(found))
    assert {user.user_id for user in users} <= set(found)
    states = {login.user_id: login for login in _all_logins(world.identities)}
    assert states[users[0].user_id] == world.identities.login(users[0].user_id)


def test_a_cursor_that_cognito_does_not_know_any_more_is_refused(pool):
    """Only Cognito's own answer can be imitated here: the emulator takes any text for the first page."""
    cognito, pool_id, client_id = pool
    identities = CognitoIdentities(client=cognito, user_pool_id=pool_id, client_id=client_id)
    refusal = {"Error": {"Code": "InvalidParameterException", "Message": "Invalid pagination token"}}

    def refuse(**_):
        raise cognito.exceptions.InvalidParameterException(refusal, "ListUsers")

    cognito.meta.events.register("before-call.cognito-idp.ListUsers", refuse)
    try:
        with pytest.raises(MalformedRequest):
            identities.logins_page("an-old-cursor")
    finally:
        cognito.meta.events.unregister("before-call.cognito-idp.ListUsers", refuse)


@pytest.mark.parametrize(
    "call",
    [
        "create",
        "set_password",
        "enable",
        "disable",
        "delete",
        "sign_in",
        "holder_of",
        "release_email",
        "login",
        "add",
        "logins_page",
    ],
)
def test_when_the_service_is_down_every_call_says_so(world, call):
    user = world.registered()
    arguments = {
        "create": [user],
        "enable": [user],
        "add": [user],
        "logins_page": [None],
        "set_password": [user.user_id, PASSWORD],
        "sign_in": [user.user_id, PASSWORD],
        "holder_of": [user.email],
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


def test_the_rules_are_reached(cognito_world, stricter):
    """Else the tests above would show nothing."""
    user = a_user()
    cognito_world.identities.create(user)
    cognito_world.identities.set_password(user.user_id, PASSWORD)
    assert stricter("password-of-disabled") == (1, 1)
    cognito_world.identities.disable(user.user_id)
    assert stricter("sign-out-of-disabled") == (1, 1)
    cognito_world.identities.enable(user)
    assert stricter("alias-exists") == (2, 0)


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
