"""Stamps say when a value was true in another system, so that an older event changes nothing.

A stamp is a text that sorts by time, in nanoseconds, then by the id of the event. A record keeps the stamp of each of
its values by the value's name (`as_of`).
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000_000

CLOCKS_DIFFER = timedelta(minutes=5)
"""The allowed clock skew: how far the clock of another system may differ from ours, in either direction."""


def nanoseconds(moment: datetime) -> int:
    """Return nanoseconds since 1970, negative before."""
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000


def moment_of(at: int) -> datetime:
    """Return the time that is `at` nanoseconds after 1970, rounded down to microseconds."""
    return _EPOCH + timedelta(microseconds=at // 1000)


def iso_nanoseconds(at: int) -> str:
    """Return the time that is `at` nanoseconds after 1970 as ISO 8601 in UTC, with nine digits, sortable as text."""
    seconds, fraction = divmod(at, _SECOND)
    return f"{(_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()}.{fraction:09}+00:00"


def from_iso_nanoseconds(text: str) -> int | None:
    """Return nanoseconds since 1970 of an ISO 8601 text with an offset, or None for any other text.

    Digits after the ninth of the fraction are left out.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return None
        at = nanoseconds(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return None
    # `fromisoformat` leaves out the digits after the sixth.
    fraction = text.replace(",", ".").partition(".")[2]
    digits = fraction[: next((place for place, sign in enumerate(fraction) if not sign.isdigit()), len(fraction))]
    return at + int(digits[6:9].ljust(3, "0"))


def event_stamp(at: int, event_id: str) -> str:
    """Return the stamp of an event that happened `at` nanoseconds after 1970."""
    return f"{iso_nanoseconds(at)}#{event_id}"


def read_stamp(at: datetime, request_id: str = "") -> str:
    """Return the stamp of values that we read from another system at the time `at` of our clock.

    The stamp is backdated by the allowed clock skew. So an older event may count as newer than the reading; the next
    event corrects that. Without backdating, a newer event could count as older, and its values would be lost.
    """
    return event_stamp(nanoseconds(at - CLOCKS_DIFFER), request_id)


def stamped_at(stamp: str) -> datetime:
    """Return the time in a stamp. Stamps written before they had nanoseconds are read too."""
    return datetime.fromisoformat(stamp.partition("#")[0])


def newer[Value](
    values: Mapping[str, Value], stamp: str, as_of: Mapping[str, str], floor: str = ""
) -> Mapping[str, Value]:
    """Return the values whose stamp is newer than what the record has: than its `as_of`, and than `floor`."""
    return {name: value for name, value in values.items() if stamp > max(floor, as_of.get(name, ""))}


def stamp_above(at: int, event_id: str, stamps: Iterable[str]) -> str:
    """Return the stamp of a change whose author saw the values with these stamps: newer than all of them.

    The clock of another system may be ahead of ours. Then the change counts as a nanosecond later than its values.
    """
    latest = max(stamps, default="")
    seen = from_iso_nanoseconds(latest.partition("#")[0]) if latest else None
    return event_stamp(at if seen is None else max(at, seen + 1), event_id)
