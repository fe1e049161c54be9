"""Bodies and answers of activation, of accepting an invitation, and of confirming a new e-mail."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from customer_center.companies.bodies import (
    CompanyAnswer,
    Email,
    Number,
    PersonName,
    Salutation,
    UserAnswer,
)
from customer_center.companies.limits import PASSWORD_LENGTH
from customer_center.companies.model import Session
from customer_center.platform.frozen import frozen
from customer_center.platform.wire import Input, Output


def _password(text: SecretStr) -> SecretStr:
    # Cognito's pattern allows no blank at either end. All other rules are in its policy (template: PasswordPolicy).
    secret = text.get_secret_value()
    if secret != secret.strip():
        raise PydanticCustomError("password-policy", "No blank at the ends.")
    return text


Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]

Password = Annotated[
    SecretStr, Field(min_length=PASSWORD_LENGTH[0], max_length=PASSWORD_LENGTH[1]), AfterValidator(_password)
]


class ActivationBody(Input):
    """The data for an activation. `code` is the code from the mail; the first request has none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer_number": "10000",
                    "invoice_number": "103019",
                    "email": "max.mustermann@musterhandel.example",
                    "salutation": "mr",
                    "name": "Max Mustermann",
                    "contact_number": "KT010001",
                    "code": "123456",
                }
            ]
        }
    )

    customer_number: Number
    invoice_number: Number
    email: Email
    salutation: Salutation
    name: PersonName
    password: Password
    contact_number: Number | None = None
    code: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{6}$")] | None = None


class EmailConfirmationBody(Input):
    """The token in the link that was mailed to the new e-mail."""

    token: Token


class AcceptanceBody(Input):
    """The token in the invitation's link, and the password that the person chose."""

    token: Token
    password: Password


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


@frozen(kw_only=True)
class EmailConfirmedAnswer(Output):
    """The e-mail is confirmed and is the user's login now."""

    status: Literal["confirmed"] = "confirmed"
    email: str


@frozen(kw_only=True)
class CodeSentAnswer(Output):
    """A code was mailed to this address. The same request with the code completes the activation."""

    status: Literal["code_sent"] = "code_sent"
    email: str
