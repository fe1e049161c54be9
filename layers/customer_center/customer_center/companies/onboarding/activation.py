"""The words of an activation, which its steps share: what is sent, by whom, and under which parameters."""

from dataclasses import field
from datetime import datetime

from customer_center.companies.model import Claim, ErpContact, ErpCustomer, RefusalLimits, Role
from customer_center.platform.errors import RateLimit
from customer_center.platform.frozen import frozen


@frozen
class ActivationRules:
    """The parameters of activation.

    `confirm_email` is whether a mailed code must confirm the e-mail; False is the seed's own flow, which completes at
    once. `code_tries` is how often a code may be entered. A refusal is answered after `refusal_seconds`.
    """

    confirm_email: bool = True
    limits: RefusalLimits = field(default_factory=RefusalLimits)
    code_tries: int = 5
    refusal_seconds: float = 1.0


@frozen
class Activation:
    """What a person sends to activate (seed 001: a customer number, an invoice number, an email address).

    `contact_number` is None when the person names no ERP contact, `code` is None in the first request.
    """

    customer_number: str
    invoice_number: str
    email: str
    salutation: str
    name: str
    password: str
    language: str
    contact_number: str | None = None
    code: str | None = None


@frozen
class Visit:
    """A request of an unauthenticated caller. Refusals are counted by `network`, the caller's source network.

    `claim_id` is the same in every repeat of the request. `limits` collects what is left of the limits, for the answer.
    """

    network: str
    request_id: str
    claim_id: str
    limits: list[RateLimit] = field(default_factory=list)


@frozen
class CodeSent:
    """The activation is under way: a code is being mailed to the e-mail address."""

    email: str


@frozen
class Try:
    """One request to activate whose invoice was proven, and the claim that it takes.

    `activation` has the customer number as the ERP writes it.
    """

    activation: Activation
    visit: Visit
    claim: Claim


@frozen
class Granted:
    """What the ERP gives the person: the customer as read at `read_at`, a role, and their contact if they named one."""

    customer: ErpCustomer
    read_at: datetime
    role: Role
    contact: ErpContact | None
