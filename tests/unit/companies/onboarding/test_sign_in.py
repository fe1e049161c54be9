"""Cognito may see late that a login was enabled; a person with the right password is not told that it is wrong."""

import pytest

from customer_center.companies.onboarding.sign_in import sign_in
from customer_center.companies.ports import LoginDisabled
from customer_center.platform.errors import OutsideUnavailable
from tests.builders.companies import a_user
from tests.builders.companies_room import PASSWORD
from tests.fakes.clock import FakeClock
from tests.fakes.companies import FakeIdentities


@pytest.fixture
def identities():
    return FakeIdentities()


def _enabled(identities, *, late):
    user = a_user()
    identities.create(user)
    identities.set_password(user.user_id, PASSWORD)
    identities.enabled_late = late
    identities.enable(user)
    return user


@pytest.mark.parametrize(("late", "waits"), [(0, []), (1, [0.1]), (3, [0.1, 0.2, 0.4]), (5, [0.1, 0.2, 0.4, 0.8, 1.0])])
def test_it_waits_until_the_enabled_login_is_seen(identities, late, waits):
    user, clock = _enabled(identities, late=late), FakeClock()
    assert sign_in(user.user_id, PASSWORD, identities=identities, clock=clock)
    assert clock.slept == pytest.approx(waits)


def test_it_does_not_wait_for_ever(identities):
    user, clock = _enabled(identities, late=6), FakeClock()
    with pytest.raises(LoginDisabled) as refused:
        sign_in(user.user_id, PASSWORD, identities=identities, clock=clock)
    assert isinstance(refused.value, OutsideUnavailable), "503: try again"
    assert sum(clock.slept) == pytest.approx(2.5)


def test_a_wrong_password_is_tried_once(identities):
    """Cognito locks a login after some wrong passwords."""
    user, clock = _enabled(identities, late=0), FakeClock()
    identities.calls.clear()
    assert sign_in(user.user_id, "wrong password", identities=identities, clock=clock) is None
    assert (clock.slept, identities.calls) == ([], [("sign_in", user.user_id)])
