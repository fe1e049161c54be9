"""What an e-mail address is: one that SES and Cognito take."""

import email_validator

from customer_center.companies.model import normalized_email


def email_address(text: str) -> str | None:
    """Return the address with its domain in ASCII (IDNA 2008), None when it is none that mail can be sent to.

    Nothing is looked up in DNS. Letters beyond ASCII before the @ are refused: SES cannot send there.
    """
    try:
        found = email_validator.validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except email_validator.EmailNotValidError:
        return None
    return found.ascii_email


def comparable(text: str) -> str:
    """Return an e-mail of the ERP, however it is written there, as ours are compared."""
    return normalized_email(email_address(text.strip()) or text)
