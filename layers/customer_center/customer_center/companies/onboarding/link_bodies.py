"""Bodies and answers of mailed links: of invitations, and of confirming or cancelling a new e-mail."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, StringConstraints

from customer_center.companies.onboarding.bodies import Password
from customer_center.platform.frozen import frozen
from customer_center.platform.wire import Input, Output, PastedCode


def _token_in(text: object) -> object:
    # Who is asked for the code may paste the whole link, with a sign that stood beside it.
    if not isinstance(text, str):
        return text
    for before_token in ("token=", "token%3D", "token%3d"):
        text = text.rpartition(before_token)[2]
    return text.strip(".,;:!?<>()[]\"'") or text


Token = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(_token_in), PastedCode]


class LinkBody(Input):
    """The token in a mailed link, or the code that the mail has beside it (`7K3M-Q0XT-9A2F`)."""

    token: Token


class AcceptanceBody(Input):
    """The token in the invitation's link, or the code in its mail, and the password that the person chose."""

    token: Token
    password: Password


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
