"""Bodies and answers of activation, of invitations' links, and of confirming or cancelling a new e-mail."""

from datetime import datetime
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
from customer_center.platform.printable import trimmed
from customer_center.platform.wire import Input, Output, PastedCode


def _password(text: SecretStr) -> SecretStr:
    # Cognito's pattern allows no blank at either end. All other rules are in its policy (template: PasswordPolicy). An
    # invisible character that was pasted would be missing when the person types the password.
    secret = text.get_secret_value()
    if secret != trimmed(secret):
        raise PydanticCustomError("password-policy", "No blank at the ends.")
    return text


Token = Annotated[str, StringConstraints(min_length=1, max_length=200), PastedCode]

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
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$"), PastedCode] | None = None


class LinkBody(Input):
    """The token in a mailed link, or the code that the mail has beside it (`7K3M-Q0XT-9A2F`)."""

    token: Token


class AcceptanceBody(Input):
    """The token in the invitation's link, or the code in its mail, and the password that the person chose."""

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
    """The new e-mail. `confirmed`: it is the login now. `waiting`: it will be.

    `takes_effect_at` is when it becomes the login at the latest; null when it is, and while the new address is not
    confirmed yet. The old address is told only a hint of the new e-mail.
    """

    status: Literal["confirmed", "waiting"]
    email: str
    takes_effect_at: datetime | None


@frozen(kw_only=True)
class EmailCancelledAnswer(Output):
    """The change was cancelled: this stays the user's e-mail and login."""

    status: Literal["cancelled"] = "cancelled"
    email: str


@frozen(kw_only=True)
class InvitationLookupAnswer(Output):
    """What an invitation is about: the shop, the company, who invites, and until when the invitation is valid."""

    shop_name: str
    company_name: str
    inviter_name: str
    expires_at: datetime


@frozen(kw_only=True)
class CodeSentAnswer(Output):
    """A code was mailed to this address. The same request with the code completes the activation."""

    status: Literal["code_sent"] = "code_sent"
    email: str
