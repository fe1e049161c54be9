"""What an e-mail address is: one that SES can send to."""

import email_validator


def email_address(text: str) -> str | None:
    """Return the address with its domain normalised (RFC 5321, IDNA), None when it is none that mail can be sent to.

    Nothing is looked up in DNS. Letters beyond ASCII before the @ are refused: SES cannot send there.
    """
    try:
        found = email_validator.validate_email(text, check_deliverability=False, allow_smtputf8=False)
    except email_validator.EmailNotValidError:
        return None
    return found.normalized
