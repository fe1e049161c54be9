"""Match keys: by which values a customer is recognised, and who has each of them. No I/O, no clock.

*Key*: an e-mail or a telephone number in the form in which two of them are compared, with its kind before it:
`email:anna@muster.example`, `phone:+49351123456`. *Owner* of a key: a listed customer that shows it. *Waiting* for a
key: a customer that has it and must not show it, because it conflicts with an owner.

| who | `Identity.owners` | `Identity.waiting` |
|---|---|---|
| listed customer | of each key that it shows | of each key that is withheld |
| hidden customer | | of all its keys |
| deleted customer | | |

So the customers' own `keys` and `waiting` (`model.py`) can rebuild every identity.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import Literal

from customer_center.customers.fields import FIELDS, Value, members_of
from customer_center.platform.email_address import email_address, normalized_email
from customer_center.platform.frozen import frozen

type Key = str
"""A match key: its kind, a colon, and the value in the form in which it is compared."""

MAX_OWNERS = 50
"""A value that more customers share is no key any more, for good: it says nothing about who somebody is."""
MAX_WAITING = 100
"""How many customers may wait for one key. Each of them makes the key's item longer, and each change of it dearer."""

# Nobody reads these mailboxes, so that unrelated customers are entered with them.
_UNREAD = frozenset({"noreply", "donotreply", "mailerdaemon"})
_COUNTRY_LENGTH = 2


@frozen
class KeyRules:
    """What an account says about keys: the country of its telephone numbers, and the values that match nobody."""

    country: str | None = None
    blocked_values: Collection[str] = ()


type KeysByField = Mapping[str, Mapping[str, Key]]
"""The key of each member of a field, by field and member. Members without a key are left out."""


def keys_by_field(values: Mapping[str, Value], rules: KeyRules) -> KeysByField:
    """Return the keys of a customer's values. Telephone numbers are read by the customer's country, else the account's.

    Values that cannot be used, and those that the account blocks, have no key.
    """
    country = _country(values) or rules.country
    found: dict[str, Mapping[str, Key]] = {}
    for name, described in FIELDS.items():
        members = members_of(values.get(name)) if described.match_key else ()
        if not members or not described.match_key:
            continue
        if described.match_key == "email":
            keys = {member: email_key(member) for member in members}
        else:
            keys = {member: phone_key(member, country) for member in members}
        blocked = blocked_keys(rules, described.match_key) if any(keys.values()) else frozenset[Key]()
        usable = {member: key for member, key in keys.items() if key and key not in blocked}
        if usable:
            found[name] = usable
    return found


def all_keys(keys: KeysByField) -> Sequence[Key]:
    """Return all keys, each once, sorted."""
    return tuple(sorted({key for members in keys.values() for key in members.values()}))


def concern_keys(before: Mapping[str, Value], after: Mapping[str, Value]) -> bool:
    """Return whether the keys may differ between these values. Reads and writes of keys are spared otherwise."""
    fields = (name for name, described in FIELDS.items() if described.match_key)
    return any(before.get(name) != after.get(name) for name in fields) or _country(before) != _country(after)


def email_key(text: str) -> Key | None:
    """Return the key of an e-mail: trimmed, in lower case, its domain in ASCII. None if nobody reads mail there."""
    address = email_address(text.strip())
    if address is None:
        return None
    local_part = address.partition("@")[0].lower()
    unread = "".join(sign for sign in local_part if sign.isalnum()) in _UNREAD
    return None if unread else f"email:{normalized_email(address)}"


def phone_key(text: str, country: str | None) -> Key | None:
    """Return the key of a telephone number: E.164. None if nobody can have this number.

    Without a country only a number that begins with + or 00 has one. A number with an extension has none: those who
    share a switchboard are not one customer.
    """
    number = e164(text, country)
    return f"phone:{number}" if number else None


def e164(text: str, country: str | None) -> str | None:
    """Return a valid telephone number in the form of ITU-T E.164, `+49351123456`; None for any other text.

    `country` (ISO 3166-1 alpha-2) is used for numbers without a country code.
    """
    digits = [sign for sign in text if sign.isdigit()]
    if not any(sign != "0" for sign in digits):
        return None
    # Only who has telephone numbers to compare pays for this package: 21 ms.
    import phonenumbers  # noqa: PLC0415

    try:
        plain = f"+{text.strip()[2:]}" if country is None and text.strip().startswith("00") else text
        number = phonenumbers.parse(plain, country)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _country(values: Mapping[str, Value]) -> str | None:
    """Return the country code of the first address that has one."""
    for name, described in FIELDS.items():
        address = values.get(name)
        if described.kind == "address" and isinstance(address, Mapping):
            country = address.get("country", "").strip()
            if len(country) == _COUNTRY_LENGTH and country.isascii() and country.isalpha():
                return country.upper()
    return None


def blocked_keys(rules: KeyRules, kind: str | None = None) -> Collection[Key]:
    """Return the keys of the values that the account blocks, of one kind or of both."""
    emails = (email_key(value) for value in rules.blocked_values if "@" in value and kind != "phone")
    phones = (phone_key(value, rules.country) for value in rules.blocked_values if "@" not in value and kind != "email")
    return {key for key in (*emails, *phones) if key}


def key_id(key: Key) -> str:
    """Return the id of a key: its kind, and a hash of its value. Items, messages and the journal name keys by it."""
    kind, _, value = key.partition(":")
    return f"{kind}#{hashlib.sha256(value.encode()).hexdigest()[:32]}"


@frozen
class Identity:
    """Who has a key in an account. `waiting` has the conflict of each customer that waits for it.

    With more than MAX_OWNERS owners it `is_common`: it matches nobody any more, and owners are no longer noted.
    `version` counts its writes, and goes up too when an owner changes in what makes it conflict.
    """

    account_id: str
    key_id: str
    owners: Sequence[str] = ()
    waiting: Mapping[str, str] = field(default_factory=dict)
    is_common: bool = False
    version: int = 0

    def owned_by(self, customer_id: str) -> "Identity":
        """Return it after the customer shows the key."""
        others = self.left_by(customer_id)
        if self.is_common:
            return others
        owners = tuple(sorted({*self.owners, customer_id}))
        if len(owners) > MAX_OWNERS:
            return replace(others, owners=(), is_common=True)
        return replace(others, owners=owners)

    def awaited_by(self, customer_id: str, conflict_id: str) -> "Identity":
        """Return it after the customer waits for the key."""
        return replace(self.left_by(customer_id), waiting={**self.waiting, customer_id: conflict_id})

    def left_by(self, customer_id: str) -> "Identity":
        """Return it after the customer has the key no more."""
        owners = tuple(each for each in self.owners if each != customer_id)
        waiting = {each: conflict_id for each, conflict_id in self.waiting.items() if each != customer_id}
        return replace(self, owners=owners, waiting=waiting)

    @property
    def oldest_first(self) -> Sequence[str]:
        """The customers that wait, by the age of their conflicts. Ids of conflicts begin with their time."""
        return sorted(self.waiting, key=lambda customer_id: (self.waiting[customer_id], customer_id))

    def concerns_others(self, before: "Identity", customer_id: str) -> bool:
        """Return whether the waiting ones have to be checked again after this customer changed the key."""
        mine = {each: id_ for each, id_ in self.waiting.items() if each != customer_id}
        only_waits = self.owners == before.owners and self.waiting != before.waiting
        return bool(mine) and self != before and not only_waits


type ConflictStatus = Literal["open", "ended", "kept_separate", "merged", "dismissed"]
"""`ended`: by itself, because nobody else had the keys any more, or the customer gave them up or was deleted."""


@frozen
class IdentityConflict:
    """A customer whose keys others own. `candidates` has, for each owner, the keys that both have, while it is open.

    The customer is hidden if it was in conflict when it was created; else it is listed, and the keys are withheld.
    """

    conflict_id: str
    account_id: str
    customer_id: str
    kind: Literal["hidden", "withheld"]
    candidates: Mapping[str, Sequence[Key]]
    created_at: datetime
    updated_at: datetime
    status: ConflictStatus = "open"
    version: int = 0

    def with_candidates(
        self, kind: Literal["hidden", "withheld"], candidates: Mapping[str, Sequence[Key]], now: datetime
    ) -> "IdentityConflict":
        """Return the next version with these candidates; `self` if they are the same."""
        if self.version and (kind, candidates) == (self.kind, self.candidates):
            return self
        return replace(self, kind=kind, candidates=candidates, updated_at=now, version=self.version + 1)

    def closed(self, status: ConflictStatus, now: datetime) -> "IdentityConflict":
        """Return it closed. It keeps the ids of the candidates, without the keys, which are personal data."""
        candidates = dict.fromkeys(self.candidates, ())
        return replace(self, status=status, candidates=candidates, updated_at=now, version=self.version + 1)
