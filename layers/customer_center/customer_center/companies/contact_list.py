"""Read a company's list of contacts from the ERP and store it (docs/specification.md, 6.4).

A list may be long, so it is stored while it arrives. Nobody is removed before the list has ended. A run that stops
early, for whatever reason, has stored what arrived; the next run writes only what is missing.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from customer_center.companies import effects
from customer_center.companies.entries import contact_list_entry, person
from customer_center.companies.model import ASKED_AGAIN_AFTER, CachedContact, ErpContact, User
from customer_center.companies.ports import Contacts, ErpGateway, Records
from customer_center.platform.clock import Clock
from customer_center.platform.email_address import comparable
from customer_center.platform.errors import (
    InProgress,
    NotFound,
    OutsideMalformed,
    OutsideSystemError,
    OutsideTimeout,
    OutsideUnavailable,
)
from customer_center.platform.journal import Actor, Effect
from customer_center.platform.log import logger

WAIT = timedelta(seconds=8)
"""A person waits so long for a list that is needed now. Then it is read without them."""
_RUNS = 10
# Longer than a request can take. After this time, another one may read the list.
_REQUEST_LASTS = timedelta(seconds=30)


class ContactRecords(Contacts, Records, Protocol):
    """The records that the list of contacts uses."""


class OutOfTime(Exception):
    """The list did not end in time. What has arrived is stored."""


def ask_for_list(actor: User, request_id: str, *, companies: ContactRecords, clock: Clock) -> bool:
    """Have the list read by an effect. Return False when somebody asked less than `ASKED_AGAIN_AFTER` ago."""
    now = clock.now()
    effect = effects.read_contact_list(actor.company_id, now)
    entry = contact_list_entry(actor.company_id, person(actor), now, request_id, effect)
    return companies.ask_for_contacts(actor.company_id, now, entry)


def make_sure_listed(
    actor: User, claim_id: str, *, keep_for: timedelta, erp: ErpGateway, companies: ContactRecords, clock: Clock
) -> bool:
    """Read the list from the ERP unless it is newer than `keep_for`. Return whether it was read.

    Raises InProgress `in-progress` when it takes too long, or somebody asked for it a moment ago; an
    OutsideSystemError.
    """
    read = companies.contacts_read(actor.company_id)
    if read and clock.now() - read.at < keep_for:
        return False
    if not read_list_now(actor, claim_id, erp=erp, companies=companies, clock=clock):
        raise InProgress("in-progress", retry_after=int(ASKED_AGAIN_AFTER.total_seconds()))
    return True


def read_list_now(actor: User, claim_id: str, *, erp: ErpGateway, companies: ContactRecords, clock: Clock) -> bool:
    """Read the list while the person waits, for `WAIT` at most; an effect goes on with a longer one.

    Return whether the list is complete; False also when somebody asked for it less than `ASKED_AGAIN_AFTER` ago. A
    request that died may be repeated with the same `claim_id`. Raises an OutsideSystemError, also when the ERP sent
    nonsense to whoever asked a moment ago.
    """
    company_id, now = actor.company_id, clock.now()
    reader = f"request {claim_id}"
    if not companies.begin_contacts(company_id, reader, now, now + _REQUEST_LASTS, asks=True):
        if companies.contacts_failed(company_id):
            raise OutsideUnavailable("erp-unavailable", retry_after=int(ASKED_AGAIN_AFTER.total_seconds()))
        return False
    goes_on = contact_list_entry(company_id, person(actor), now, claim_id, effects.read_contact_list(company_id, now))
    try:
        _read(company_id, now + WAIT, erp=erp, companies=companies, clock=clock)
    except OutOfTime:
        companies.end_contacts(company_id, reader)
        companies.ask_for_contacts(company_id, now, goes_on, again=True)
        return False
    except OutsideSystemError as error:
        # An ERP that cannot be reached is protected by the breaker, so that the person may try again.
        companies.end_contacts(company_id, reader, clock.now(), asked=isinstance(error, OutsideMalformed))
        if isinstance(error, OutsideTimeout):
            # The effect waits longer for an answer.
            companies.ask_for_contacts(company_id, now, goes_on, again=True)
        raise
    companies.end_contacts(company_id, reader)
    return True


def read_asked_list(
    effect: Effect,
    *,
    read_for: timedelta,
    lapses_after: timedelta,
    erp: ErpGateway,
    companies: ContactRecords,
    clock: Clock,
) -> None:
    """Read the list that the effect names, for `read_for` at most; a further effect goes on, up to ten times.

    May run any number of times. A list that was read since it was asked for is not read again, and not while another
    run reads it (`lapses_after`: a run that died counts so long). A failure of the ERP ends the run: the next person
    who looks at the list asks again.
    """
    company_id, now = effect.data["company_id"], clock.now()
    read = companies.contacts_read(company_id)
    if read and effects.asked_at(effect) <= read.at:
        return
    if not companies.begin_contacts(company_id, effect.effect_id, now, now + lapses_after):
        logger.info("contacts are being read", company_id=company_id)
        return
    try:
        _read(company_id, now + read_for, erp=erp, companies=companies, clock=clock)
    except OutOfTime:
        _go_on(effect, companies, clock.now())
    except OutsideSystemError as error:
        logger.warning("contacts are stale", company_id=company_id, code=error.code)
        companies.end_contacts(company_id, effect.effect_id, failed_at=clock.now())
    except NotFound:
        logger.warning("company is not known", company_id=company_id)
        companies.end_contacts(company_id, effect.effect_id)
    else:
        companies.end_contacts(company_id, effect.effect_id)


def _go_on(effect: Effect, companies: ContactRecords, now: datetime) -> None:
    company_id, run = effect.data["company_id"], int(effect.data.get("run", "1"))
    if run == _RUNS:
        logger.error("contacts take too long", company_id=company_id)
        companies.end_contacts(company_id, effect.effect_id, failed_at=now)
        return
    companies.end_contacts(company_id, effect.effect_id)
    further = effects.read_contact_list(company_id, now, run + 1)
    entry = contact_list_entry(company_id, Actor("system", "contact_list"), now, effect.effect_id, further)
    companies.ask_for_contacts(company_id, now, entry, again=True)


def _read(company_id: str, give_up_at: datetime, *, erp: ErpGateway, companies: ContactRecords, clock: Clock) -> None:
    company = companies.company(company_id)
    if company is None:
        raise NotFound
    now = clock.now()
    rows = _linked(erp.select_contacts(company.customer_number), companies.emails_of(company_id))
    companies.save_contacts(company_id, _in_time(rows, give_up_at, clock), now)


def _in_time[Row](rows: Iterable[Row], give_up_at: datetime, clock: Clock) -> Iterator[Row]:
    for row in rows:
        yield row
        if clock.now() >= give_up_at:
            raise OutOfTime


def _linked(contacts: Iterable[ErpContact], owners: Mapping[str, str]) -> Iterator[CachedContact]:
    """Yield the contacts, each with the colleague who has its e-mail.

    Contacts that share an e-mail are different people, so the e-mail does not say which of them has the account.
    Therefore a contact with a colleague's e-mail waits until the list has ended or a second one has the e-mail too.
    """
    waiting: dict[str, ErpContact | None] = {}
    for contact in contacts:
        email = comparable(contact.email) if contact.email else ""
        if email not in owners:
            yield CachedContact(contact)
        elif email not in waiting:
            waiting[email] = contact
        else:
            if first := waiting[email]:
                yield CachedContact(first)
            waiting[email] = None
            yield CachedContact(contact)
    for email, alone in waiting.items():
        if alone:
            yield CachedContact(alone, owners[email])
