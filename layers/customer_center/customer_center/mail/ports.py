"""What sending a mail means to the rest of the system. Adapter: `ses.py`."""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Protocol

from customer_center.platform.errors import CustomerCenterError
from customer_center.platform.frozen import frozen

_TAG = re.compile("[A-Za-z0-9_-]{1,256}")
# What a mail header cannot hold, or would end it: control characters, and the line breaks of Unicode.
UNFIT_FOR_A_HEADER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


class MailRefused(CustomerCenterError):
    """This mail will never go out as it is: a bad address, a rejected message. Trying again is of no use."""


class MailUnavailable(CustomerCenterError):
    """The mail could not be sent now and nothing is wrong with it; try again later."""


@frozen
class Message:
    """One mail to one person.

    The subject is one line. `tags` come back with bounces and complaints: short ids (ASCII letters, digits, `_`, `-`,
    at most 256 characters), never personal data, because AWS keeps them outside of the mail. Raises ValueError for
    other tags, and for a subject that could end its header and begin another one.
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
    """Sends mail. Sending twice sends two mails: whoever calls remembers what went out."""

    def send(self, message: Message) -> str:
        """Send the mail and return the message id that bounces will carry; raises MailRefused or MailUnavailable."""
