"""Lower-case ULIDs (github.com/ulid/spec), secrets and codes.

ULIDs are in lower case because a user's id is also the user name in Cognito. A case-insensitive user pool stores user
names in lower case.
"""

import base64
import re
import secrets
from datetime import datetime, timedelta

from ulid import ULID

from customer_center.platform.clock import EPOCH

ULID_PATTERN = "[0-7][0-9a-hjkmnp-tv-z]{25}"
ULID_TEXT = re.compile(ULID_PATTERN)
# Crockford's Base32 without look-alikes (crockford.com/base32.html): the letters I, L, O and U are missing.
_TYPED_CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TYPED_LENGTH = 12
_TYPED_GROUP = 4
_TYPED = re.compile(f"[{_TYPED_CHARACTERS}]{{{_TYPED_LENGTH}}}")
_LOOK_ALIKES = str.maketrans("OIL", "011")
# The last millisecond of the year 9999, which is the last year of `datetime`. A ULID can hold later times.
_LAST_MILLISECOND = 253_402_300_799_999


def new_ulid(now: datetime) -> str:
    """Return a new ULID in lower case. ULIDs of a later millisecond sort later."""
    return str(ULID.from_datetime(now)).lower()


def ulid_floor(moment: datetime) -> str:
    """Return a lower bound for the ULIDs made in that millisecond or later; moments before 1970 count as 1970."""
    return new_ulid(max(moment, EPOCH))[:10] + "0" * 16


def made_by(ulid: str, moment: datetime) -> bool:
    """Return whether this ULID was made in that millisecond or earlier."""
    return ulid[:10] <= new_ulid(moment)[:10]


def made_at(ulid: str) -> datetime | None:
    """Return when a ULID was made, at the latest the end of the year 9999. Return None if the text is not a ULID."""
    if not ULID_TEXT.fullmatch(ulid):
        return None
    return EPOCH + timedelta(milliseconds=min(ULID.from_str(ulid.upper()).milliseconds, _LAST_MILLISECOND))


def new_secret() -> str:
    """Return 256 random bits as URL-safe text of 43 characters."""
    return secrets.token_urlsafe(32)


def new_webhook_secret() -> str:
    """Return a new secret as Standard Webhooks writes them: `whsec_` and 32 random bytes in Base64."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def new_code() -> str:
    """Return a random code of six digits for a person to type."""
    return f"{secrets.randbelow(1_000_000):06d}"


def new_typed_code() -> str:
    """Return 60 random bits as a code for a person to type: three groups of four characters, `7K3M-Q0XT-9A2F`."""
    characters = "".join(secrets.choice(_TYPED_CHARACTERS) for _ in range(_TYPED_LENGTH))
    return "-".join(characters[start : start + _TYPED_GROUP] for start in range(0, _TYPED_LENGTH, _TYPED_GROUP))


def read_typed_code(text: str) -> str | None:
    """Return the twelve characters of a code of `new_typed_code`, None when the text cannot be such a code.

    Case, blanks and dashes do not matter; the letter O counts as 0, I and L count as 1.
    """
    typed = re.sub(r"[\W_]+", "", text).upper().translate(_LOOK_ALIKES)
    return typed if _TYPED.fullmatch(typed) else None
