"""A mailer with a memory. It passes the same contract as the real one (tests/contract/test_mailer.py)."""

from dataclasses import dataclass, field, replace

from customer_center.mail.ports import MailRefused, MailUnavailable, Message
from customer_center.mail.ses import ascii_address


@dataclass
class FakeMailer:
    """Keeps what it sends in `sent`; `refusing` and `unavailable` make it fail as SES does."""

    sent: list[Message] = field(default_factory=list)
    refusing: bool = False
    unavailable: bool = False

    def send(self, message):
        to = ascii_address(message.to)
        if self.unavailable:
            raise MailUnavailable("mail-unavailable", reason="SendingPausedException")
        if self.refusing:
            raise MailRefused("mail-refused", reason="MessageRejected")
        self.sent.append(replace(message, to=to))
        return f"fake-{len(self.sent)}"
