"""Body and answer of an activation; the answer that logs a person in is in `bodies.py`."""

from typing import Annotated, Literal

from pydantic import ConfigDict, StringConstraints

from customer_center.companies.bodies import Email, Number, PersonName, Salutation
from customer_center.companies.onboarding.bodies import Password
from customer_center.platform.frozen import frozen
from customer_center.platform.wire import Input, Output, PastedCode


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
    code: Annotated[str, StringConstraints(min_length=6, max_length=6, pattern=r"^[0-9]*$"), PastedCode] | None = None


@frozen(kw_only=True)
class CodeSentAnswer(Output):
    """A code was mailed to this address. The same request with the code completes the activation."""

    status: Literal["code_sent"] = "code_sent"
    email: str
