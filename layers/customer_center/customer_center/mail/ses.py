"""Mail through Amazon SES, API v2."""

import re
from collections.abc import Sequence
from email.header import Header
from email.utils import formataddr
from typing import TYPE_CHECKING

import idna
from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from customer_center.mail.ports import UNFIT_FOR_A_HEADER, MailRefused, MailUnavailable, Message

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# These codes mean that the mail is wrong. All other errors are for us or AWS to repair, and the mail is valid. Examples
# are throttling, a suspended account, an unverified sender, a missing configuration set or permission.
_BLAMES_THE_MAIL = frozenset({"BadRequestException", "InvalidParameterValue", "MessageRejected"})
# Each has a blank, so that no address in SES's sentence can hold one.
_BLAMES_THE_ACCOUNT = ("not verified", "sending paused", "sending suspended", "message quota", "sending rate")

# The part before the @, without quotes (RFC 5321, Dot-string). Its characters cannot add another recipient.
_LOCAL_PART = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_DOMAIN = re.compile(r"[A-Za-z0-9.-]{1,255}")


class SesMailer:
    """Sends mail through SES, from one verified sender.

    `configuration_set` decides what SES reports (bounces, complaints). It must not track clicks, because a redirector
    would then see single-use links.
    """

    def __init__(
        self,
        *,
        client: "SESV2Client",
        sender_address: str,
        sender_name: str,
        configuration_set: str,
        reply_to: Sequence[str] = (),
    ) -> None:
        self._client = client
        self._sender = _mailbox(sender_name, sender_address)
        self._configuration_set = configuration_set
        self._reply_to = [ascii_address(address) for address in reply_to]

    def send(self, message: Message) -> str:
        """Send the mail and return SES's message id. Raises MailRefused or MailUnavailable.

        The errors have SES's error code but not its message, which may quote the address.
        """
        to = ascii_address(message.to)
        try:
            answer = self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [to]},
                ReplyToAddresses=self._reply_to,
                Content={
                    "Simple": {
                        "Subject": {"Data": message.subject, "Charset": "UTF-8"},
                        "Body": {
                            "Text": {"Data": message.text, "Charset": "UTF-8"},
                            "Html": {"Data": message.html, "Charset": "UTF-8"},
                        },
                        # RFC 3834: asks out-of-office responders not to answer.
                        "Headers": [{"Name": "Auto-Submitted", "Value": "auto-generated"}],
                    }
                },
                ConfigurationSetName=self._configuration_set,
                EmailTags=[{"Name": name, "Value": value} for name, value in message.tags.items()],
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            # These codes also mean a state of our account (sandbox, pause, quota), which is not this mail's fault.
            text = error.response["Error"].get("Message", "").lower()
            ours = any(words in text for words in _BLAMES_THE_ACCOUNT)
            if code in _BLAMES_THE_MAIL and not ours:
                raise MailRefused("mail-refused", reason=code) from None
            raise MailUnavailable("mail-unavailable", reason=code) from None
        except (BotoConnectionError, HTTPClientError) as error:
            raise MailUnavailable("mail-unavailable", reason=type(error).__name__) from None
        return answer["MessageId"]


def ascii_address(email: str) -> str:
    """Return the address in the ASCII form that SES accepts: international domains as `xn--` (IDNA 2008, UTS 46).

    Raises MailRefused for addresses that SES cannot reach. SES does not support SMTPUTF8 (RFC 6531), so the part
    before the @ must be ASCII.
    """
    local_part, _, domain = email.strip().rpartition("@")
    try:
        domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise MailRefused("mail-address-refused", reason="domain") from None
    if not _LOCAL_PART.fullmatch(local_part) or not _DOMAIN.fullmatch(domain):
        raise MailRefused("mail-address-refused", reason="form")
    return f"{local_part}@{domain}"


def _mailbox(name: str, address: str) -> str:
    """Return `name <address>` as a header value (RFC 5322). A name that is not ASCII is encoded (RFC 2047)."""
    name = " ".join(UNFIT_FOR_A_HEADER.sub(" ", name).split())
    address = ascii_address(address)
    if name.isascii():
        return formataddr((name, address))
    words = Header(name, "utf-8").encode(linesep="\n").split()
    return f"{' '.join(words)} <{address}>"
