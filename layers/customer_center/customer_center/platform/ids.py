"""Opaque ids: a prefix that names the kind, and lower-case ULIDs (github.com/ulid/spec).

Lower case, because Cognito stores the user names of a case-insensitive pool that way, and a user's id is its user name.
"""

import re
import secrets
from datetime import datetime, timedelta

from ulid import ULID

from customer_center.platform.clock import EPOCH

_ULID = "[0-7][0-9a-hjkmnp-tv-z]{25}"
ULID_TEXT = re.compile(_ULID)
# Of the year 9999: a ULID can go on for a while, a datetime cannot.
_LAST_MILLISECOND = 253_402_300_799_999
COMPANY_ID = re.compile(f"com_({_ULID})")
USER_ID = re.compile(f"usr_({_ULID})_({_ULID})")


def new_ulid(now: datetime) -> str:
    """Return a fresh ULID in lower case; later milliseconds sort later."""
    return str(ULID.from_datetime(now)).lower()


def ulid_floor(moment: datetime) -> str:
    """Return the smallest ULID of that millisecond, or of 1970: every id made before it sorts below."""
    return new_ulid(max(moment, EPOCH))[:10] + "0" * 16


def made_by(ulid: str, moment: datetime) -> bool:
    """Whether this ULID was there in that millisecond."""
    return ulid[:10] <= new_ulid(moment)[:10]


def made_at(ulid: str) -> datetime | None:
    """Return the moment a ULID was made at, at most in the year 9999; None when the text is none."""
    if not ULID_TEXT.fullmatch(ulid):
        return None
    return EPOCH + timedelta(milliseconds=min(ULID.from_str(ulid.upper()).milliseconds, _LAST_MILLISECOND))


def new_company_id(now: datetime) -> str:
    """Return `com_<ulid>`."""
    return f"com_{new_ulid(now)}"


def new_user_id(company_id: str, now: datetime) -> str:
    """Return `usr_<company ulid>_<ulid>`: the id carries its company, so that one read finds the user."""
    return f"usr_{company_id.removeprefix('com_')}_{new_ulid(now)}"


def user_id_floor(company_id: str, moment: datetime) -> str:
    """Return what the company's user ids made before that moment sort below."""
    return f"usr_{company_id.removeprefix('com_')}_{ulid_floor(moment)}"


def company_of(user_id: str) -> str | None:
    """Return the company id that a user id carries, None when the text is no user id."""
    match = USER_ID.fullmatch(user_id)
    return f"com_{match[1]}" if match else None


def new_secret() -> str:
    """Return 256 random bits as URL-safe text of 43 characters."""
    return secrets.token_urlsafe(32)


def new_code() -> str:
    """Return a random code of six digits for a person to type."""
    return f"{secrets.randbelow(1_000_000):06d}"
