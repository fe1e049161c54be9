"""The password that a person chooses, and the answer that logs them in: of activations and accepted invitations."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from customer_center.companies.bodies import CompanyAnswer, UserAnswer
from customer_center.companies.limits import PASSWORD_LENGTH
from customer_center.companies.model import Session
from customer_center.platform.frozen import frozen
from customer_center.platform.printable import trimmed
from customer_center.platform.wire import Output


def _password(text: SecretStr) -> SecretStr:
    # Cognito's pattern allows no blank at either end. All other rules are in its policy (template: PasswordPolicy). An
    # invisible character that was pasted would be missing when the person types the password.
    secret = text.get_secret_value()
    if secret != trimmed(secret):
        raise PydanticCustomError("password-policy", "No blank at the ends.")
    return text


Password = Annotated[
    SecretStr, Field(min_length=PASSWORD_LENGTH[0], max_length=PASSWORD_LENGTH[1]), AfterValidator(_password)
]


@frozen(kw_only=True)
class SessionAnswer(Output):
    """A login (RFC 6749 §5.1); `expires_in` in seconds."""

    access_token: str
    id_token: str
    refresh_token: str
    expires_in: int
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 # the type, not the token

    @classmethod
    def from_session(cls, session: Session) -> Self:
        """Return the answer for a login."""
        return cls(
            access_token=session.access_token,
            id_token=session.id_token,
            refresh_token=session.refresh_token,
            expires_in=session.expires_in,
        )


@frozen(kw_only=True)
class LoggedInAnswer(Output):
    """A user who has activated a company or accepted an invitation, and is logged in."""

    user: UserAnswer
    company: CompanyAnswer
    session: SessionAnswer
