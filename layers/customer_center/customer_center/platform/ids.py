"""Lower-case ULIDs (github.com/ulid/spec), secrets and codes.

Lower case, because Cognito stores the user names of a case-insensitive pool in lower case, and a user's id is its user
name there.
"""

import re
import secrets
from datetime import datetime, timedelta

from ulid import ULID

from customer_center.platform.clock import EPOCH

ULID_PATTERN = "[0-7][0-9a-hjkmnp-tv-z]{25}"
ULID_TEXT = re.compile(ULID_PATTERN)
# In the year 9999, the last one of a datetime. A ULID can hold later ones.
_LAST_MILLISECOND = 253_402_300_799_999


def new_ulid(now: datetime) -> str:
    """Return a fresh ULID in lower case; a later millisecond sorts later."""
    return str(ULID.from_datetime(now)).lower()


def ulid_floor(moment: datetime) -> str:
    """Return a lower bound for the ULIDs made in that millisecond or later; moments before 1970 count as 1970."""
    return new_ulid(max(moment, EPOCH))[:10] + "0" * 16


def made_by(ulid: str, moment: datetime) -> bool:
    """Return whether this ULID was made in that millisecond or before."""
    return ulid[:10] <= new_ulid(moment)[:10]


def made_at(ulid: str) -> datetime | None:
    """Return the moment a ULID was made, at most in the year 9999; None when the text is no ULID."""
    if not ULID_TEXT.fullmatch(ulid):
        return None
    return EPOCH + timedelta(milliseconds=min(ULID.from_str(ulid.upper()).milliseconds, _LAST_MILLISECOND))


def new_secret() -> str:
    """Return 256 random bits as URL-safe text of 43 characters."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """Return a random code of six digits for a person to type."""
    return f"{secrets.randbelow(1_000_000):06d}"
