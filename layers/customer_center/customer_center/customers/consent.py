"""Consent to be contacted: an append-only ledger per channel, and what follows from it. No I/O, no clock.

The newest denial holds unless a grant has a later time. A *withdrawal* (`permission_to_contact: false`) denies what had
been said before it; a channel that nobody has said anything about stays unknown. What follows from the ledger does not
depend on the order in which its statements arrive.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from types import MappingProxyType
from typing import Literal

from customer_center.platform.errors import FieldError, InvalidInput
from customer_center.platform.frozen import frozen
from customer_center.platform.stamps import from_iso_nanoseconds, iso_nanoseconds

CHANNELS = ("email", "phone", "sms", "post")

type State = Literal["granted", "denied"]
type Shown = Mapping[str, Mapping[str, str] | None]
"""What is shown of the consent by channel: state and time, None while it is unknown."""

_NEVER = from_iso_nanoseconds("0002-01-01T00:00:00+00:00") or 0
"""Times before this one, in year 1, are how some systems write that there is no consent."""


@frozen
class ConsentStatement:
    """One row of the ledger: what a source said about a channel. It holds from `at` on, and was said at `stamp`."""

    channel: str
    state: Literal["granted", "denied", "withdrawn"]
    at: str
    stamp: str
    source: str

    @property
    def position(self) -> str:
        """The place in the ledger: by channel, then by stamp. A repeat of the statement has the same place."""
        return f"{self.channel}#{self.stamp}#{self.state}#{self.at}"


@frozen
class ChannelConsent:
    """What follows from a channel's ledger: the newest time of each state, and the first stamp of a grant or denial."""

    granted: str = ""
    denied: str = ""
    withdrawn: str = ""
    first: str = ""

    def after(self, said: ConsentStatement) -> "ChannelConsent":
        """Return what follows once this statement is in the ledger, too."""
        if said.state == "withdrawn":
            return replace(self, withdrawn=max(self.withdrawn, said.stamp))
        first = min(self.first or said.stamp, said.stamp)
        if said.state == "granted":
            return replace(self, granted=max(self.granted, said.at), first=first)
        return replace(self, denied=max(self.denied, said.at), first=first)

    @property
    def shown(self) -> Mapping[str, str] | None:
        """The state and since when it holds; None if it is unknown. At one moment, a denial wins."""
        withdrawn = self.withdrawn.partition("#")[0] if self.first and self.withdrawn > self.first else ""
        denied = max(self.denied, withdrawn)
        if self.granted > denied:
            return {"state": "granted", "at": self.granted}
        return {"state": "denied", "at": denied} if denied else None


type Consent = Mapping[str, ChannelConsent]
"""What follows from a customer's ledger, by channel. Channels that nobody has mentioned are left out."""

NOTHING_SAID: Consent = MappingProxyType({})


def with_statements(consent: Consent, said: Iterable[ConsentStatement]) -> Consent:
    """Return what follows once these statements are in the ledger, too. May run any number of times, in any order."""
    after = dict(consent)
    for each in said:
        after[each.channel] = after.get(each.channel, ChannelConsent()).after(each)
    return after


def moments_of(consent: Consent) -> Sequence[str]:
    """Return the times and stamps of a customer's consent."""
    return [moment for each in consent.values() for moment in (each.granted, each.denied, each.withdrawn)]


def combined(consent: Consent, other: Consent) -> Consent:
    """Return what follows from two ledgers together, in any order."""
    after = dict(consent)
    for channel, its in other.items():
        mine = after.get(channel, ChannelConsent())
        after[channel] = ChannelConsent(
            granted=max(mine.granted, its.granted),
            denied=max(mine.denied, its.denied),
            withdrawn=max(mine.withdrawn, its.withdrawn),
            first=min(filter(None, (mine.first, its.first)), default=""),
        )
    return after


def shown(consent: Consent) -> Shown:
    """Return what is shown of the consent: every channel, with its state and time."""
    return {channel: consent.get(channel, ChannelConsent()).shown for channel in CHANNELS}


def states(consent: Consent) -> Sequence[str]:
    """Return the states of the channels that are known."""
    return [each["state"] for each in shown(consent).values() if each]


def is_permitted(consent: Consent) -> bool:
    """Return whether something is granted and nothing is denied (`permission_to_contact`)."""
    known = states(consent)
    return "granted" in known and "denied" not in known


@frozen
class ConsentSaid:
    """What a source says about consent: `permission` about all channels, or `channels` about each, or both.

    `permission` is true or false at the time of the event, or the time of a grant, as nanoseconds since 1970.
    `channels` has states with their times.
    """

    permission: bool | int | None = None
    channels: Mapping[str, tuple[State, int]] = field(default_factory=dict)

    @property
    def flag(self) -> bool | None:
        """`permission` as a flag: the time of a grant is true, year 1 false. None: nothing is said about it."""
        if self.permission is None or isinstance(self.permission, bool):
            return self.permission
        return self.permission >= _NEVER

    def statements(self, stamp: str, source: str) -> Sequence[ConsentStatement]:
        """Return the statements that have a time of their own, each once. A repeat of them changes nothing."""
        by_channel = [(channel, *said) for channel, said in self.channels.items()]
        if self.permission is not None and not isinstance(self.permission, bool) and self.flag:
            by_channel = [*((channel, "granted", self.permission) for channel in CHANNELS), *by_channel]
        # A time for all channels, and the same time for one of them, say one thing.
        return [
            ConsentStatement(channel, state, iso_nanoseconds(at), stamp, source)
            for channel, state, at in dict.fromkeys(by_channel)
            if state == "denied" or at >= _NEVER
        ]

    @property
    def timeless(self) -> bool | None:
        """The flag if it holds at the time of the event: only then a repeat could change something."""
        return None if self.flag and not isinstance(self.permission, bool) else self.flag

    @property
    def whole(self) -> bool | None:
        """What the source thinks of the permission: its flag, else what its channels come to."""
        if self.permission is not None or not self.channels:
            return self.flag
        return all(state == "granted" for state, _ in self.channels.values())

    def check(self, latest: int, place: str) -> None:
        """Raise InvalidInput if a time is later than `latest`: it would outdo every denial until then.

        `place` is the JSON pointer of the object with the fields.
        """
        pointers = [f"{place}/consent/{channel}/at" for channel, (_, at) in self.channels.items() if at > latest]
        if not isinstance(self.permission, bool) and self.permission is not None and self.permission > latest:
            pointers.insert(0, f"{place}/permission_to_contact")
        if pointers:
            raise InvalidInput(errors=[FieldError(pointer, "in-future") for pointer in pointers])


def flag_statements(stamp: str, source: str, *, flag: bool) -> Sequence[ConsentStatement]:
    """Return what `permission_to_contact` says about every channel: true grants, false withdraws."""
    at = stamp.partition("#")[0]
    state: Literal["granted", "withdrawn"] = "granted" if flag else "withdrawn"
    return [ConsentStatement(channel, state, at, stamp, source) for channel in CHANNELS]


def consent_said(permission: object, channels: object) -> ConsentSaid | None:
    """Return what checked fields of a body or an event say about consent; None if they say nothing.

    `permission` is a flag or an ISO 8601 time; `channels` has `state` and `at` by channel, or None.
    """
    given = channels if isinstance(channels, Mapping) else {}
    read: dict[str, tuple[State, int]] = {}
    for channel, said in given.items():
        if said and (at := from_iso_nanoseconds(str(said["at"]).upper())) is not None:
            read[channel] = ("granted" if said["state"] == "granted" else "denied", at)
    at_time = from_iso_nanoseconds(permission.upper()) if isinstance(permission, str) else None
    said_permission = permission if isinstance(permission, bool) else at_time
    return ConsentSaid(said_permission, read) if read or said_permission is not None else None
