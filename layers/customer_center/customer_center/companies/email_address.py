"""What an e-mail address is: one that SES and Cognito take, and that mail can be sent to."""

import re

import idna

from customer_center.companies.model import normalized_email

# RFC 5321 §4.1.2, Dot-string, and §4.5.3.1. Letters beyond ASCII, and what would need quotes, SES does not take.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"(?=.{{1,64}}\Z){_ATOM}(\.{_ATOM})*")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)({_LABEL}\.)+(?![0-9]+\Z){_LABEL}")
# RFC 6761, 6762 and 7686: names that are in nobody's DNS. People type the one of their office network.
_NOWHERE = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
_LENGTH = 254


def email_address(text: str) -> str | None:
    """Return the address with its domain in ASCII (IDNA 2008, UTS 46), None when it is none that mail can be sent to.

    Nothing is looked up in DNS.
    """
    local_part, _, domain = text.rpartition("@")
    try:
        domain = idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return None
    if not _LOCAL_PART.fullmatch(local_part) or not _DOMAIN.fullmatch(domain):
        return None
    address = f"{local_part}@{domain}"
    return None if domain.rpartition(".")[2] in _NOWHERE or len(address) > _LENGTH else address


def comparable(text: str) -> str:
    """Return an e-mail of the ERP, however it is written there, as ours are compared."""
    return normalized_email(email_address(text.strip()) or text)
