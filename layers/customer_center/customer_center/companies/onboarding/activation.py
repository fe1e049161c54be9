"""The values that the steps of an activation share: the request, its caller, the parameters, the results."""

from dataclasses import field
from datetime import datetime

from customer_center.companies.model import Claim, ErpContact, ErpCustomer, RefusalLimits, Role
from customer_center.platform.errors import RateLimit
from customer_center.platform.frozen import frozen


@frozen
class ActivationRules:
    """The parameters of activation.

    With `confirm_email`, a mailed code must confirm the e-mail. Without it, the activation completes at once, as in the
    seed, unless somebody has the e-mail already. `code_tries` is the maximum number of times that a code may be
    entered. `refusal_seconds` is the minimum time before a refusal is answered.
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
    """One activation request whose invoice was verified, and its claim.

    `activation` has the customer number in the ERP's spelling.
    """

    activation: Activation
    visit: Visit
    claim: Claim


@frozen
class Granted:
    """The values from the ERP: the customer as read at `read_at`, the person's role, and the named contact if any."""

    customer: ErpCustomer
    read_at: datetime
    role: Role
    contact: ErpContact | None
