"""The emulator with one patch: a mail that SES v2 sends to the mailbox simulator bounces, as with SES v1.

The emulator's own Python runs this file. The file patches the pinned version ministack 1.5.33 and imports none of our
code.
"""

from uuid import uuid4

from ministack.app import main  # type: ignore[import-not-found]
from ministack.services import ses, ses_v2  # type: ignore[import-not-found]

_relay = ses_v2._smtp_relay  # noqa: SLF001 # called once for every mail that SES v2 accepts


def _relay_and_notify(source: str, recipients: list[str], mime: str) -> None:
    _relay(source, recipients, mime)
    ses._send_notifications(str(uuid4()), source, recipients)  # noqa: SLF001 # as above


ses_v2._smtp_relay = _relay_and_notify  # noqa: SLF001 # as above

if __name__ == "__main__":
    main()
