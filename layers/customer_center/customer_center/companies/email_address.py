"""Validate e-mail addresses: SES and Cognito must accept an address, and it must be able to receive mail."""

import re

import idna

from customer_center.companies.model import normalized_email

# RFC 5321 §4.1.2 (Dot-string) and §4.5.3.1. SES accepts no quoted local part and no non-ASCII letters in it.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"(?=.{{1,64}}\Z){_ATOM}(\.{_ATOM})*")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z)({_LABEL}\.)+(?![0-9]+\Z){_LABEL}")
# Top-level domains that are not in the public DNS (RFC 6761, 6762 and 7686). People type names of their office network.
_NOWHERE = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
_LENGTH = 254


def email_address(text: str) -> str | None:
    """Return the address with its domain in ASCII (IDNA 2008, UTS 46), None when no mail can be sent to it.

    The function makes no DNS query.
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
    """Return the form in which an e-mail of the ERP, in any spelling, is compared with ours."""
    return normalized_email(email_address(text.strip()) or text)
