"""The port for sending mail. Adapter: `ses.py`."""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Protocol

from customer_center.platform.errors import CustomerCenterError
from customer_center.platform.frozen import frozen

_TAG = re.compile("[A-Za-z0-9_-]{1,256}")
# Control characters and Unicode's line breaks. A mail header cannot contain them, or they would end it.
UNFIT_FOR_A_HEADER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class MailRefused(CustomerCenterError):
    """This mail cannot be sent, for example because of a wrong address or a rejection. A retry would fail too."""


class MailUnavailable(CustomerCenterError):
    """The mail is valid but could not be sent now. Retry later."""


@frozen
class Message:
    """One mail to one person.

    The subject is one line. SES reports `tags` with bounces and complaints. Tags are short ids (ASCII letters, digits,
    `_`, `-`, at most 256 characters) without personal data, because AWS stores them outside of the mail. Raises
    ValueError for other tags, and for a subject that could end its header and start another one.
    """

    to: str
    subject: str
    html: str
    text: str
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if UNFIT_FOR_A_HEADER.search(self.subject):
            raise ValueError("A subject is one line without control characters.")
        for part in (*self.tags, *self.tags.values()):
            if not _TAG.fullmatch(part):
                raise ValueError("A mail tag is 1 to 256 ASCII letters, digits, underscores or dashes.")


class Mailer(Protocol):
    """Sends mail. Sending twice sends two mails: callers must remember what they sent."""

    def send(self, message: Message) -> str:
        """Send the mail and return the message id that bounces refer to. Raises MailRefused or MailUnavailable."""
