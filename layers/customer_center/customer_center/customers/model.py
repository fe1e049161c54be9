"""Customers: what is said about them, what is shown, and what each product knows. No I/O, no clock.

*Statement*: one value of one field, said by one source at one time. *Source record*: all statements of one source about
one customer. The customer shows, of each field, the newest statement (survivorship in a record).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from customer_center.customers.consent import (
    NOTHING_SAID,
    Consent,
    ConsentSaid,
    ConsentStatement,
    flag_statements,
    is_permitted,
    shown,
    states,
    with_statements,
)
from customer_center.customers.fields import FIELDS, Value, digest
from customer_center.customers.identity import Key
from customer_center.customers.members import Member, Record, given
from customer_center.customers.partners import partner_of, without_account
from customer_center.platform.frozen import frozen
from customer_center.platform.stamps import event_stamp, nanoseconds, newer, stamped_at

API = "api"
"""The source of what a client key without a product says."""
ERP = "erp"
"""The source of what the shop's ERP says."""
GONE = "gone"
"""Stands beside the fields in what a product knows: whether the customer was deleted."""
PERMISSION = "permission_to_contact"
"""Whether something is granted and nothing is denied. Products are told it beside the fields, and may say it."""
CONSENT = "consent"
"""State and time of each channel. Products are told it beside the fields, and may say it."""
_TOLD = (*FIELDS, PERMISSION, CONSENT)
NOTHING = digest(None)
_YES = digest(value="yes")
_MERGED = digest(value="merged")
_GONE = frozenset((_YES, _MERGED))
_REMEMBERED = 5
"""How many values of a field are remembered that a product may know, or knew before."""
MAX_FORMER_IDS = 20
"""How many ids are remembered that a product used for a customer before."""
LEASE = timedelta(minutes=2)
"""How long one worker may take to tell a product. Longer than the time-out of the function that does it."""


def source_of(product: str | None) -> str:
    """Return the source of what a product says; `api` without a product. No product is named like another source."""
    return f"product:{product}" if product else API


@frozen
class Departure:
    """How a customer left an account: when, as which version, and with which customer code."""

    stamp: str
    version: int
    customer_code: str | None = None


@frozen
class Customer:
    """One customer of an account. `values` are shown; of each, `said_by` has the source and `as_of` the stamp.

    `customer_code` is the customer's number in the ERP, which last changed it at `code_stamp`. From `deleted_at` on the
    customer is a tombstone, for good. At its source it was deleted at `deleted_stamp`. At `erased_at` the person was
    erased; from `cleared_at` on nothing is kept of it.
    `version` counts the changes of what is shown and is the ETag; `revision` counts all writes.

    `keys` are its match keys (`identity.py`). It owns those that it shows, and is `waiting` for the others, which it
    has in an open conflict, `conflict_id`, with the customers `conflicting`. A `hidden` customer waits for all of them:
    it is read by its id, and is in no list, no feed, and not told to products. `withheld` has, of each field with a
    member that must not be shown, the newest statement as a whole; `values` has the other members. `kept_separate` are
    customers that may have the same keys.

    A record that was merged names the survivor in `merged_into`, and has no keys. The survivor shows what the cluster
    comes to; `own` is what it says itself, `members` the merged records, in the order of the merges. `edited` has the
    stamps of edits by the API since the first merge, by field (`clusters.py`).

    A customer without account belongs to a partner (`partners.py`). It is hidden and has no keys. `left` are the
    accounts that it was in before: their products are told that it is gone.
    """

    customer_id: str
    account_id: str
    created_at: datetime
    updated_at: datetime
    values: Mapping[str, Value] = field(default_factory=dict)
    said_by: Mapping[str, str] = field(default_factory=dict)
    as_of: Mapping[str, str] = field(default_factory=dict)
    consent: Consent = NOTHING_SAID
    customer_code: str | None = None
    deleted_at: datetime | None = None
    deleted_stamp: str = ""
    code_stamp: str = ""
    erased_at: datetime | None = None
    cleared_at: datetime | None = None
    keys: Sequence[Key] = ()
    waiting: Sequence[Key] = ()
    hidden: bool = False
    withheld: Mapping[str, Value] = field(default_factory=dict)
    conflict_id: str | None = None
    conflicting: Sequence[str] = ()
    kept_separate: Sequence[str] = ()
    version: int = 1
    revision: int = 1
    merged_into: str | None = None
    members: Sequence[Member] = ()
    own: Record | None = None
    edited: Mapping[str, str] = field(default_factory=dict)
    left: Mapping[str, Departure] = field(default_factory=dict)

    @property
    def partner_id(self) -> str | None:
        """The partner of a customer without account; None for a customer of an account."""
        return partner_of(self.account_id)

    @property
    def newest(self) -> Mapping[str, Value]:
        """The newest statement of each field, also with members that are withheld."""
        return {**self.values, **self.withheld}

    @property
    def known_to(self) -> Collection[str]:
        """The sources that know the customer by an id, and whose ids say that two customers are not one.

        The shop's ERP is one: many of its debtors share a mailbox.
        """
        return {ERP} if self.customer_code else frozenset()

    @property
    def ids(self) -> frozenset[str]:
        """The ids of all records of the cluster."""
        return frozenset((self.customer_id, *(member.customer_id for member in self.members)))

    @property
    def kept_from(self) -> frozenset[str]:
        """The customers that records of the cluster were kept separate from."""
        return frozenset((*self.kept_separate, *(each for member in self.members for each in member.kept_separate)))

    def is_kept_separate_from(self, other: "Customer") -> bool:
        """Return whether somebody decided that the two are not one."""
        return bool(self.kept_from & other.ids or other.kept_from & self.ids)

    def told(
        self,
        values: Mapping[str, Value],
        source: str,
        stamp: str,
        now: datetime,
        consent: Sequence[ConsentStatement] = (),
    ) -> "Customer":
        """Return the customer with those statements of a source that are newer than what is shown, and its consent.

        Returns `self` if there is nothing new. A newer statement with the same value moves the stamp and its source,
        and nobody sees a change: the version stays.
        """
        said, consent_after = newer(values, stamp, self.as_of), with_statements(self.consent, consent)
        if not said and consent_after == self.consent:
            return self
        # What is said again stays withheld.
        new = {name: value for name, value in said.items() if value != self.newest.get(name)}
        after = replace(
            self,
            values=given({**self.values, **new}),
            withheld={name: value for name, value in self.withheld.items() if name not in new},
            said_by={**self.said_by, **dict.fromkeys(said, source)},
            as_of={**self.as_of, **dict.fromkeys(said, stamp)},
            consent=consent_after,
            revision=self.revision + 1,
        )
        return after.versioned(self, now)

    def versioned(self, before: "Customer", now: datetime) -> "Customer":
        """Return this customer as the next version of `before`; as the same version if nothing shown differs."""
        if _shown(self) == _shown(before):
            return replace(self, version=before.version, updated_at=before.updated_at)
        return replace(self, version=before.version + 1, updated_at=now)

    def deleted(self, now: datetime, stamp: str = "") -> "Customer":
        """Return the tombstone of this customer. `stamp` is of its deletion, `now` without one."""
        after = replace(self, deleted_at=now, deleted_stamp=stamp or event_stamp(nanoseconds(now), ""))
        return replace(after, version=self.version + 1, revision=self.revision + 1, updated_at=now)

    def erased(self, now: datetime, stamp: str) -> "Customer":
        """Return the tombstone of this record without anything that was said about the person.

        It keeps its customer code until that was silenced.
        """
        gone = self if self.deleted_at else self.deleted(now, stamp)
        members = [replace(member, kept_separate=(), owned=(), policies={}) for member in self.members]
        return replace(
            gone,
            values={},
            said_by={},
            as_of={},
            consent=NOTHING_SAID,
            withheld={},
            kept_separate=(),
            members=tuple(members),
            own=None,
            edited={},
            erased_at=now,
            version=self.version + 1,
            revision=self.revision + 1,
            updated_at=now,
        )

    def without_account(self, partner_id: str, stamp: str, now: datetime) -> "Customer":
        """Return the customer after it left its account. It shows what was withheld: nobody else has its keys there."""
        departure = Departure(stamp, self.version + 1, self.customer_code)
        return replace(
            self,
            account_id=without_account(partner_id),
            values=self.newest,
            withheld={},
            customer_code=None,
            code_stamp="",
            keys=(),
            waiting=(),
            hidden=True,
            conflict_id=None,
            conflicting=(),
            left={**self.left, self.account_id: departure},
            version=self.version + 1,
            revision=self.revision + 1,
            updated_at=now,
        )

    def in_account(self, account_id: str) -> "Customer":
        """Return the customer after it joined an account, hidden until its match keys have been checked."""
        return replace(self, account_id=account_id, left=_others(self.left, account_id))

    def as_seen_by(self, account_id: str) -> "Customer":
        """Return the customer as the account's products should know it: one that left the account is a tombstone."""
        if account_id == self.account_id:
            return self
        departure = self.left.get(account_id)
        left_at = stamped_at(departure.stamp) if departure else self.updated_at
        return Customer(
            self.customer_id,
            account_id,
            self.created_at,
            left_at,
            deleted_at=left_at,
            erased_at=self.erased_at,
            version=departure.version if departure else self.version,
        )

    @property
    def view(self) -> Mapping[str, str]:
        """The hashes of what a product should know of this customer, by field."""
        if self.is_gone:
            return {GONE: _MERGED if self.merged_into else _YES}
        fields = {name: digest(value) for name, value in self.values.items()}
        return {**fields, PERMISSION: digest(self.permission_to_contact), CONSENT: digest(shown(self.consent))}

    @property
    def is_gone(self) -> bool:
        """Whether products should not have it: it was deleted, or merged into another customer."""
        return self.deleted_at is not None or self.merged_into is not None

    @property
    def permission_to_contact(self) -> bool:
        """Whether something is granted and nothing is denied."""
        return is_permitted(self.consent)

    @property
    def is_withdrawn(self) -> bool:
        """Whether contact was denied, by any channel."""
        return "denied" in states(self.consent)


def _others[Member](by_name: Mapping[str, Member], name: str) -> Mapping[str, Member]:
    return {each: value for each, value in by_name.items() if each != name}


def _shown(customer: Customer) -> object:
    rest = (customer.customer_code, customer.hidden, customer.conflict_id, sorted(customer.conflicting))
    merged = (customer.account_id, customer.merged_into, [member.customer_id for member in customer.members])
    return customer.values, shown(customer.consent), *rest, *merged


@frozen
class SentFlag:
    """The last `permission_to_contact` that a source sent, or meant by channels, and whether it was a statement."""

    flag: bool
    stamp: str
    stated: bool


@frozen
class SourceRecord:
    """What one source says about one customer: its last statement of each field, and the stamp of what it sent last.

    A source may send a value that it knows from us. That moves the field's stamp in `seen` and is no statement.
    `dropped` has the hash of a statement that was dismissed (`resolve_conflict.py`): a repeat of it states nothing.
    `permission` is the last flag that it sent, `consent` the last state and time of each channel.
    """

    customer_id: str
    source: str
    said: Mapping[str, Value] = field(default_factory=dict)
    as_of: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)
    permission: SentFlag | None = None
    consent: Mapping[str, str] = field(default_factory=dict)
    version: int = 0

    def sent(
        self, values: Mapping[str, Value], stamp: str, knows: Mapping[str, Collection[str]] | None
    ) -> tuple["SourceRecord", Mapping[str, Value]]:
        """Return the record after the source sent these values, and those of them that are statements.

        Older values than the source sent before are left out. `knows` has the hashes of what the source may know of
        each field; a value that it knows is no statement. None: everything is one.
        """
        fresh = newer(values, stamp, self.seen)
        if not fresh:
            return self, {}
        stated = {
            name: value
            for name, value in fresh.items()
            if knows is None or digest(value) not in knows.get(name, (NOTHING,))
        }
        after = replace(
            self,
            said={**self.said, **stated},
            as_of={**self.as_of, **dict.fromkeys(stated, stamp)},
            seen={**self.seen, **dict.fromkeys(fresh, stamp)},
            dropped={name: dropped for name, dropped in self.dropped.items() if name not in stated},
            version=self.version + 1,
        )
        return after, stated

    def sent_consent(
        self,
        said: ConsentSaid,
        stamp: str,
        knows: Mapping[str, Collection[str]] | None,
        consent: Consent,
        *,
        was_told: bool = False,
        is_in_doubt: bool = False,
    ) -> tuple["SourceRecord", Sequence[ConsentStatement]]:
        """Return the record after the source said this about consent, and the statements for the ledger.

        A flag that the source knows is no statement, as above. What has a time of its own is one, unless the source
        said it before. Older flags are statements too: the ledger takes them in any order. If one arrives late, the
        flag that was sent after it is no repetition any more, and becomes a statement. `was_told`: the source may have
        been told something since `stamp`, and may have repeated that. Then only false becomes a statement.
        `is_in_doubt`: nobody knows what it was told last.
        """
        last, flag, whole, made = self.permission, said.timeless, said.whole, list[ConsentStatement]()
        is_stated = flag is None or knows is None or digest(flag) not in knows.get(PERMISSION, (NOTHING,))
        if knows is not None and is_in_doubt and flag and last and last.flag and last.stamp < stamp:
            # It may repeat its own grant, which must not outdo a denial.
            is_stated = False
        if flag is not None and is_stated:
            made += flag_statements(stamp, self.source, flag=flag)
        opposes = last and whole is not None and last.stamp > stamp and last.flag != whole and not last.stated
        if last and opposes and is_stated and not (was_told and last.flag):
            made += flag_statements(last.stamp, self.source, flag=last.flag)
            last = replace(last, stated=True)
        if whole is not None and not (last and last.stamp >= stamp):
            last = SentFlag(whole, stamp, is_stated)
        timed = {each.channel: f"{each.state} {each.at}" for each in said.statements(stamp, self.source)}
        made += [
            each
            for each in said.statements(stamp, self.source)
            if self.consent.get(each.channel) != f"{each.state} {each.at}"
            or with_statements(consent, [each]) != consent
        ]
        # What holds from the event's own time may be said twice: by the flag and by a channel.
        made = list(dict.fromkeys(made))
        after = replace(self, permission=last, consent={**self.consent, **timed})
        if after == self and not made:
            return self, made
        return replace(after, version=self.version + 1), made

    @property
    def knows(self) -> Mapping[str, Collection[str]]:
        """The hashes of what a source knows that is told nothing: what it said itself."""
        flag = {PERMISSION: (digest(self.permission.flag),)} if self.permission else {}
        said = {name: {digest(value)} for name, value in self.said.items()}
        dropped = {name: {*said.get(name, ()), hash_} for name, hash_ in self.dropped.items()}
        return {**said, **dropped, **flag}

    def without(self, name: str, kept: Value) -> "SourceRecord":
        """Return the record after its statement of a field was dropped, except for the members `kept`."""
        rest, stamps = _others(self.said, name), _others(self.as_of, name)
        if kept is not None:
            rest, stamps = {**rest, name: kept}, self.as_of
        dropped = {**self.dropped, name: digest(self.said[name])}
        return replace(self, said=rest, as_of=stamps, dropped=dropped, version=self.version + 1)


@frozen
class Delivery:
    """What a product of an account knows of a customer, by hashes; `as_of` has the stamp of each.

    A customer that leaves the account and joins another one is told to the other's products by deliveries of their own.

    `telling` is noted before a call tells it, so that an echo that arrives during the call is recognised. A call that
    failed may have told it nevertheless: `doubted` has the hashes of such calls until one succeeds. `before` has the
    hashes that the product knew before, for what it sent before it was told the newest. Until
    `leased_until` one worker is telling the product. `known` says that the product has the customer. `refused` is why
    the product did not take what it was told last. `external_id` is the product's own id of the customer, and
    `former_ids` are those that it used before, the newest last. It was told last at the stamp `told_at`.
    `flags` has the hashes of the permission that it knew, by the stamp of each change. `attempts` is the number of
    failed calls in a row, the first at `failing_since`.
    """

    customer_id: str
    account_id: str
    product: str
    known: bool = False
    knows: Mapping[str, str] = field(default_factory=dict)
    as_of: Mapping[str, str] = field(default_factory=dict)
    telling: Mapping[str, str] | None = None
    doubted: Mapping[str, Collection[str]] = field(default_factory=dict)
    before: Mapping[str, Collection[str]] = field(default_factory=dict)
    leased_until: datetime | None = None
    refused: str | None = None
    external_id: str | None = None
    former_ids: tuple[str, ...] = ()
    told_at: str = ""
    flags: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0
    failing_since: datetime | None = None
    version: int = 0

    def was_told_since(self, stamp: str) -> bool:
        """Return whether the product was told something after `stamp`, or may have been."""
        return self.told_at > stamp or self.is_in_doubt

    @property
    def is_in_doubt(self) -> bool:
        """Whether a call may have told the product something, and did not succeed."""
        return self.telling is not None or bool(self.doubted)

    def may_know(self, stamp: str) -> Mapping[str, Collection[str]]:
        """Return the hashes of what the product may have known of each field when it sent something.

        That is what it was told, what it may have been told, and, if it was told only after `stamp`, what it knew
        before.
        """
        return {name: self._may_know(name, stamp) for name in _TOLD}

    def _may_know(self, name: str, stamp: str) -> Collection[str]:
        telling = {self.telling.get(name, NOTHING)} if self.telling is not None else set()
        if name == PERMISSION:
            # By time: what it knew earlier must not hide that it withdrew what it was told since.
            last = max((since for since in self.flags if since <= stamp), default=None)
            return {self.flags[last] if last else NOTHING, *self.doubted.get(name, ()), *telling}
        # Without an entry it never knew anything but that there is nothing.
        earlier = self.before.get(name, (NOTHING,)) if stamp <= self.as_of.get(name, "") else ()
        # A product that has the customer by a call in doubt has taken what that call told.
        known = {self.knows.get(name, NOTHING)} if self.has_it or not self.is_in_doubt else set()
        return {*known, *self.doubted.get(name, ()), *telling, *earlier}

    @property
    def has_it(self) -> bool:
        """Whether the product has the customer, as far as is known."""
        return self.known and self.knows.get(GONE) not in _GONE

    @property
    def may_be_gone(self) -> bool:
        """Whether the product was told, or may have been told, that the customer is gone."""
        return self.knows.get(GONE) in _GONE or GONE in (self.telling or {})

    def heard(self, values: Mapping[str, object], stamp: str, *, has_it: bool) -> "Delivery":
        """Return the delivery after the product sent values: it knows them, unless it was told others since.

        While a call is in doubt it is not known which came last, so the product is told again rather than too little.
        `has_it`: the product has the customer, as who creates one or sends an event about it. Who edits a customer by
        our id may not.
        """
        # After a merge its id of the merged record may be that of its copy of the survivor.
        has_it = has_it and self.knows.get(GONE) != _MERGED
        back = {GONE: NOTHING} if has_it and GONE in self.knows else {}
        said = newer({**{name: digest(value) for name, value in values.items()}, **back}, stamp, self.as_of)
        if self.telling is not None:
            said = {}
        known = self.known or (has_it and self.telling is None)
        return replace(self._knowing(said, stamp), known=known) if said or known != self.known else self

    def called(self, external_id: str | None) -> "Delivery":
        """Return the delivery after the product began to call the customer by this id, or by ours (None)."""
        if external_id == self.external_id:
            return self
        former = [each for each in (*self.former_ids, self.external_id) if each and each != external_id]
        kept = tuple(dict.fromkeys(former))[-MAX_FORMER_IDS:]
        return replace(self, external_id=external_id, former_ids=kept, version=self.version + 1)

    def without_ids(self) -> "Delivery":
        """Return the delivery after other customers have got the ids by which the product called this one."""
        return replace(self, external_id=None, former_ids=(), version=self.version + 1)

    def doubting(self, values: Mapping[str, object]) -> "Delivery":
        """Return the delivery after the product may have taken these values instead of those that it said."""
        hashes = {name: _newest(digest(value), self.doubted.get(name, ())) for name, value in values.items()}
        return replace(self, doubted={**self.doubted, **hashes}, version=self.version + 1)

    def heard_deletion(self, stamp: str) -> "Delivery":
        """Return the delivery after the product deleted the customer. What it was told since may have made it again."""
        return self if self.was_told_since(stamp) else self._knowing({GONE: _YES}, stamp)

    @property
    def owes_deletion(self) -> bool:
        """Whether the product has to be told that the customer is gone."""
        return self.owes({GONE: _YES}) is not None

    def forgotten(self) -> "Delivery":
        """Return the delivery without what the product knew of an erased person, but that it took the deletion."""
        told = {GONE: _YES} if GONE in self.knows else {}
        kept = Delivery(
            self.customer_id, self.account_id, self.product, known=self.known, knows=told, told_at=self.told_at
        )
        return self if replace(kept, version=self.version) == self else replace(kept, version=self.version + 1)

    def owes(self, view: Mapping[str, str]) -> Literal["created", "updated", "deleted"] | None:
        """Return the kind of event that the product has to be told, None if it knows the view.

        While a call is in doubt it is told, also what it knew before that call: it may have taken something else.
        """
        if GONE in view:
            knows_it = self.knows.get(GONE) in _GONE and not self.is_in_doubt
            return "deleted" if (self.known or self.telling is not None) and not knows_it else None
        if not self.has_it:
            return "created"
        same = all(view.get(name, NOTHING) == self.knows.get(name, NOTHING) for name in _TOLD)
        return None if same and not self.is_in_doubt else "updated"

    def leased(self, view: Mapping[str, str], now: datetime) -> "Delivery":
        """Return the delivery while a worker tells the view."""
        return replace(
            self,
            telling=view,
            doubted=self._doubted() if self.telling is not None else self.doubted,
            leased_until=now + LEASE,
            version=self.version + 1,
        )

    def _doubted(self) -> Mapping[str, Collection[str]]:
        """Return the doubted hashes with those of the call that is in doubt now; the newest ones, if there are many."""
        telling = self.telling or {}
        return {name: _newest(telling.get(name, NOTHING), self.doubted.get(name, ())) for name in _TOLD}

    def delivered(self, stamp: str, remote_id: str | None = None) -> "Delivery":
        """Return the delivery after the product took what it was told. `stamp` is of the moment when it had taken it.

        What it said later than that stays. `remote_id`: the product's own id of the customer, if it told one.
        """
        telling = self.telling or {}
        # A product that was told "gone" when consent was withdrawn has the customer again.
        names = (*_TOLD, GONE) if GONE in self.knows else _TOLD
        told = telling if GONE in telling else {name: telling.get(name, NOTHING) for name in names}
        knowing = self._knowing(newer(told, stamp, self.as_of), stamp)
        own_id = remote_id or self.external_id
        ended = replace(knowing, telling=None, doubted={}, leased_until=None, refused=None)
        return replace(ended, told_at=stamp, external_id=own_id, attempts=0, failing_since=None)

    def released(self, refused: str | None = None) -> "Delivery":
        """Return the delivery after the product did not take it: for now, or, with `refused`, not this version."""
        telling = None if refused else self.telling
        return replace(self, telling=telling, leased_until=None, refused=refused, version=self.version + 1)

    def _before(self, name: str) -> Collection[str]:
        return _newest(self.knows.get(name, NOTHING), self.before.get(name, ()))

    def _knowing(self, hashes: Mapping[str, str], stamp: str) -> "Delivery":
        flags = self.flags
        if PERMISSION in hashes and hashes[PERMISSION] != self.knows.get(PERMISSION):
            flags = dict(sorted({**flags, stamp: hashes[PERMISSION]}.items())[-_REMEMBERED:])
        # What it knows to be empty is left out: most customers have few of the fields.
        knows = {name: known for name, known in {**self.knows, **hashes}.items() if known != NOTHING}
        return replace(
            self,
            known=True,
            flags=flags,
            knows=knows,
            before={
                **self.before,
                **{name: self._before(name) for name in hashes if hashes[name] != self.knows.get(name, NOTHING)},
            },
            as_of={**self.as_of, **dict.fromkeys(hashes, stamp)},
            version=self.version + 1,
        )


def _newest(newest: str, older: Collection[str]) -> tuple[str, ...]:
    """Return the hashes, the newest first, each once, and not too many."""
    return tuple(dict.fromkeys((newest, *older)))[:_REMEMBERED]


@frozen
class Product:
    """A system that is in step with an account's customers. We tell it changes as its `kind` does, at `url`.

    `settings` are those of the kind. `secret_id` names its secret, which is stored elsewhere. `gone_at`: it wants to be
    told nothing more, as by 410. `paused_at`: it is told nothing for the time being. With `skip`, it is not told a
    customer without permission that it does not have. With `delete`, it is told that a customer is gone once contact is
    denied; else it gets the flag.
    """

    account_id: str
    product: str
    url: str | None
    secret_id: str
    created_at: datetime
    updated_at: datetime
    gone_at: datetime | None = None
    without_consent: Literal["send", "skip"] = "send"
    on_withdrawal: Literal["flag", "delete"] = "flag"
    version: int = 1
    kind: str = "webhook"
    settings: Mapping[str, Any] = field(default_factory=dict)
    paused_at: datetime | None = None

    def view_of(self, customer: Customer, delivery: Delivery) -> Mapping[str, str] | None:
        """Return the hashes of what this product should know of the customer; None if it need not know it.

        Nobody is told a hidden customer. Once it is deleted or merged, only who made it is told.
        """
        if customer.hidden and not customer.is_gone:
            return None
        if customer.is_gone or customer.permission_to_contact:
            return customer.view
        if customer.is_withdrawn and self.on_withdrawal == "delete":
            return {GONE: _YES}
        may_have_it = delivery.has_it or delivery.telling is not None
        return None if self.without_consent == "skip" and not may_have_it else customer.view

    def changed(self, now: datetime, **changes: object) -> "Product":
        """Return the next version of this product."""
        return replace(self, version=self.version + 1, updated_at=now, **changes)  # type: ignore[arg-type] # fields by name
