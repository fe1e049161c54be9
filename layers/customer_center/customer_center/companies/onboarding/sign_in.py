"""Log in a person whose login was enabled a moment ago."""

from customer_center.companies.model import ENABLE_IS_SEEN, Session
from customer_center.companies.ports import Identities, LoginDisabled
from customer_center.platform.clock import Clock


def sign_in(user_id: str, password: str, *, identities: Identities, clock: Clock) -> Session | None:
    """Log the user in, and wait while Cognito does not see yet that the login is enabled; None for a wrong password.

    Raises OutsideUnavailable when it takes longer than two and a half seconds, so that nobody is told that their right
    password is wrong.
    """
    for seconds in ENABLE_IS_SEEN:
        try:
            return identities.sign_in(user_id, password)
        except LoginDisabled:
            clock.sleep(seconds)
    return identities.sign_in(user_id, password)
