"""Ids of companies (`com_<ulid>`) and of users (`usr_<company ulid>_<ulid>`).

A user id contains the company's ULID. So one read finds the user, and an id of another company is recognised without a
read.
"""

import re
from datetime import datetime

from customer_center.platform.ids import ULID_PATTERN, new_ulid, ulid_floor

COMPANY_ID = re.compile(f"com_({ULID_PATTERN})")
_USER_ID = re.compile(f"usr_({ULID_PATTERN})_({ULID_PATTERN})")


def new_company_id(now: datetime) -> str:
    """Return a fresh company id."""
    return f"com_{new_ulid(now)}"


def new_user_id(company_id: str, now: datetime) -> str:
    """Return a fresh id for a user of this company."""
    return f"usr_{company_id.removeprefix('com_')}_{new_ulid(now)}"


def user_id_floor(company_id: str, moment: datetime) -> str:
    """Return a lower bound for the company's user ids made in that millisecond or later."""
    return f"usr_{company_id.removeprefix('com_')}_{ulid_floor(moment)}"


def company_of(user_id: str) -> str | None:
    """Return the company id that a user id contains, None when the text is not a user id."""
    match = _USER_ID.fullmatch(user_id)
    return f"com_{match[1]}" if match else None


def person_of(user_id: str) -> str:
    """Return the part of a user id that identifies the person. It stays the same when they join another company."""
    return user_id.rpartition("_")[2]


def joined_user_id(user_id: str, company_id: str) -> str:
    """Return the id of the same person as a user of this company."""
    return f"usr_{company_id.removeprefix('com_')}_{person_of(user_id)}"
