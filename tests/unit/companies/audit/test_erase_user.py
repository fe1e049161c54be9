"""Erasing a person removes account and login, and blanks their personal values in the journal."""

import json
import math
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from customer_center.companies import effects
from customer_center.companies.audit import redact_entries as redaction
from customer_center.companies.audit import trail as trail_module
from customer_center.companies.audit.redact_entries import BLANK, redact_entries, redacted
from customer_center.companies.ids import new_user_id
from customer_center.companies.model import Role, UserStatus
from customer_center.platform.errors import Conflict, InProgress, NotFound, PreconditionFailed
from tests.builders.companies import COMPANY_ID, OTHER_COMPANY_ID, a_company, a_main_contact, a_user, an_entry, budgets
from tests.builders.companies_room import PASSWORD, Room
from tests.builders.erp import INVOICE, a_contact, a_customer
from tests.fakes.clock import NOON


@pytest.fixture
def room():
    room = Room()
    room.erp.add(a_customer(), contacts=[a_contact("KT100", email="anna@baecker.example")], invoices=[INVOICE])
    return room


@pytest.fixture
def chief(room):
    chief = a_main_contact(name="Tja", email="tja@baecker.example")
    room.companies.add(a_company(), chief)
    return chief


@pytest.fixture
def anna(room, chief):
    """Somebody with a past: invited from a contact, accepted, deactivated, activated."""
    room.invite(chief, "KT100", name="Anna Mehl", budgets=budgets("10.00"))
    user_id = room.accept(room.mailed_token()).user.user_id
    room.deactivate(user_id, chief)
    room.reactivate(user_id, chief)
    room.follow_up()
    return room.companies.user(user_id)


def _about(room, user):
    return [entry for entry in room.companies.entries if entry.subject == user.user_id]


def test_account_and_login_are_gone_at_once(room, chief, anna):
    room.erase(anna.user_id, chief)
    assert room.companies.user(anna.user_id) is None
    assert room.companies.holders_of_email(anna.email).owner_id is None
    assert room.companies.user_id_of_contact(COMPANY_ID, "KT100") is None
    assert room.identities.sign_in(anna.user_id, PASSWORD) is None


def test_the_journal_holds_nothing_of_the_person_any_more(room, chief, anna):
    room.erase(anna.user_id, chief)
    room.follow_up()
    journal = json.dumps([[*entry.changes.items()] for entry in room.companies.entries])
    for personal in ("Anna", "anna@", "KT100", "mrs", '"de"'):
        assert personal not in journal


def test_what_the_account_could_do_and_when_is_still_told(room, chief, anna):
    before = [(entry.entry_id, entry.at, entry.action, entry.actor, entry.effects) for entry in _about(room, anna)]
    room.erase(anna.user_id, chief)
    room.follow_up()
    invited, *_, erased = _about(room, anna)
    after = [(entry.entry_id, entry.at, entry.action, entry.actor, entry.effects) for entry in _about(room, anna)]
    assert after[:-1] == before
    assert invited.changes["roles"] == [None, ["buyer"]]
    assert invited.changes["budget_per_order"] == [None, "10.00 EUR"]
    assert invited.changes["email"] == [None, BLANK]
    assert (erased.action, erased.actor.actor_id, erased.changes) == ("user.erased", chief.user_id, {})


def test_nobody_elses_entries_are_touched(room, chief, anna):
    other = room.request(chief)
    before = _about(room, other)
    room.erase(anna.user_id, chief)
    room.follow_up()
    assert _about(room, other) == before


def test_the_certificate_tells_what_fades_by_itself_and_later_that_all_is_done(room, chief, anna):
    """Backups keep the data for the 35 days of point-in-time recovery (docs/specification.md, 7.7)."""
    first = room.erase(anna.user_id, chief)
    assert (first.user_id, first.erased_at, first.completed_at) == (anna.user_id, NOON, None)
    assert first.backups_until == NOON + timedelta(days=35)
    assert first.queues_until == NOON + timedelta(days=14)
    room.clock.advance(minutes=1)
    assert room.erase(anna.user_id, chief) == first
    room.follow_up()
    later = room.erase(anna.user_id, chief)
    assert (later.erased_at, later.completed_at) == (NOON, NOON + timedelta(minutes=1))


def test_a_repeat_changes_nothing(room, chief, anna):
    room.erase(anna.user_id, chief)
    room.follow_up()
    before = list(room.companies.entries)
    room.erase(anna.user_id, chief)
    room.follow_up()
    assert room.companies.entries == before


def test_who_was_deleted_before_can_be_erased(room, chief, anna):
    room.companies.delete_user(anna, an_entry(subject=anna.user_id, action="user.deleted", at=NOON), attempt="x")
    assert room.erase(anna.user_id, chief).completed_at is None
    room.follow_up()
    assert room.erase(anna.user_id, chief).completed_at
    assert "Anna" not in repr(room.companies.entries)
    assert [entry.action for entry in _about(room, anna)].count("user.erased") == 1


@pytest.mark.parametrize("status", UserStatus)
@pytest.mark.parametrize("role", [Role.BUYER, Role.MAIN_CONTACT])
def test_users_of_every_kind_can_be_erased(room, chief, status, role):
    user = a_user(status=status, roles={role})
    room.companies.add(room.companies.company(COMPANY_ID), user)
    room.erase(user.user_id, chief)
    assert room.companies.everybody == (chief,)
    assert room.companies.company(COMPANY_ID).main_contacts == {chief.user_id}


def test_a_login_that_cannot_be_reached_goes_later(room, chief, anna):
    room.identities.fail_next("delete")
    room.erase(anna.user_id, chief)
    assert anna.user_id in room.identities.logins
    room.follow_up()
    assert anna.user_id not in room.identities.logins


# What is refused


def test_nobody_erases_themself(room, chief):
    with pytest.raises(Conflict, match="own-account"):
        room.erase(chief.user_id, chief)


def test_the_last_main_contact_stays(room, chief):
    other = a_main_contact()
    room.companies.add(room.companies.company(COMPANY_ID), other)
    room.deactivate(chief.user_id, other)
    with pytest.raises(Conflict, match="last-main-contact"):
        room.erase(other.user_id, chief)
    assert room.companies.user(other.user_id) == other


FORGED = [f"usr_{COMPANY_ID.removeprefix('com_')}_{serial}" for serial in ("0" * 26, "7" + "z" * 25, "z" * 26)]


@pytest.mark.parametrize("user_id", ["", "usr_x", COMPANY_ID, *FORGED])
def test_whom_the_company_never_had_is_not_found(room, chief, anna, user_id):
    with pytest.raises(NotFound):
        room.erase(user_id, chief)


def test_another_companys_user_is_not_found(room, chief):
    stranger = a_user(company_id=OTHER_COMPANY_ID)
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), stranger)
    with pytest.raises(NotFound):
        room.erase(stranger.user_id, chief)
    assert room.companies.user(stranger.user_id) == stranger


def test_the_version_named_is_the_one_erased(room, chief, anna):
    with pytest.raises(PreconditionFailed):
        room.erase(anna.user_id, chief, if_versions={anna.version - 1})
    room.erase(anna.user_id, chief, if_versions={anna.version})
    assert room.companies.user(anna.user_id) is None


@pytest.mark.parametrize(("named", "error"), [(True, PreconditionFailed), (False, InProgress)])
def test_a_change_in_between_is_told(room, chief, anna, named, error):
    companies = room.companies

    class Crossed:
        def __getattr__(self, name):
            return getattr(companies, name)

        def user(self, user_id):
            found = companies.user(user_id)
            companies.change_user(found, found.changed(NOON, name="Anna Neu"), an_entry(subject=user_id))
            return found

    room.companies = Crossed()
    with pytest.raises(error):
        room.erase(anna.user_id, chief, if_versions={anna.version} if named else None)
    assert companies.user(anna.user_id).name == "Anna Neu"


# Blanking


def test_an_entry_that_seems_older_than_the_user_is_blanked_too(room):
    """Sandboxes' clocks differ a little."""
    user_id = new_user_id(COMPANY_ID, NOON + timedelta(minutes=1))
    room.companies.entries.append(an_entry(subject=user_id, changes={"name": [None, "Anna"]}))
    room.blank(effects.erase_from_journal(user_id, NOON, NOON))
    assert room.companies.entries[0].changes == {"name": [None, BLANK]}


def test_what_a_later_version_writes_is_taken_for_personal():
    entry = an_entry(changes={"shoe_size": ["39", 40], "status": ["invited", "active"], "name": ["x", None]})
    assert redacted(entry) == {
        "shoe_size": [BLANK, BLANK],
        "status": ["invited", "active"],
        "name": [BLANK, None],
    }


# Page by page


class Pages:
    """Blanks one page at a time. The next page's effect waits in `queued`."""

    def __init__(self, room, user_id):
        self._room = room
        erasure = room.companies.erasure(user_id)
        self.queued = [effects.erase_from_journal(user_id, erasure.erased_at, NOON)]

    def blank(self, effect=None, *, trail=None, reads=999):
        """Blank the page of the effect, by default of the one that waits. There is time for so many reads."""
        effect = effect or self.queued.pop()
        left = count(reads, -1)
        redact_entries(
            effect.data["user_id"],
            effects.erased_at(effect),
            effect.data.get("after"),
            has_time=lambda: next(left) > 0,
            trail=trail or self._room.trail,
            companies=self._room.companies,
            queue=self.queued.extend,
            clock=self._room.clock,
        )
        return effect


class CountingTrail:
    """Counts the reads, and dies at the entry number `dies_at` that it redacts."""

    def __init__(self, trail, dies_at=999):
        self._trail = trail
        self._lives = dies_at
        self.reads = 0

    def about(self, *args, **kwargs):
        self.reads += 1
        return self._trail.about(*args, **kwargs)

    def redact(self, *args):
        self._lives -= 1
        if not self._lives:
            raise ConnectionError
        self._trail.redact(*args)


@pytest.fixture
def small_pages(monkeypatch):
    """A read is 4 entries, a page two reads."""
    monkeypatch.setattr(trail_module, "READ", 4)
    monkeypatch.setattr(redaction, "READ", 4)
    monkeypatch.setattr(redaction, "PAGE", 8)


@pytest.fixture
def busy(room, chief, anna, small_pages):
    """Anna is erased, with 30 more entries in the trail: every third is about her."""
    room.companies.entries += [
        an_entry(
            at=NOON + timedelta(seconds=second),
            subject=anna.user_id if second % 3 == 0 else "usr_other",
            changes={"name": ["Anna", f"Anna {second}"]},
        )
        for second in range(30)
    ]
    room.erase(anna.user_id, chief)
    return room


def _named(room, user):
    return [entry for entry in _about(room, user) if "Anna" in repr(entry.changes)]


def test_a_long_trail_is_blanked_in_pages(busy, chief, anna):
    pages, before = Pages(busy, anna.user_id), len(_named(busy, anna))
    messages = 0
    while pages.queued:
        assert busy.companies.erasure(anna.user_id).completed_at is None
        pages.blank()
        messages += 1
        assert len(_named(busy, anna)) < before
        before = len(_named(busy, anna))
    assert messages == math.ceil(len(busy.companies.entries) / 8)
    assert _named(busy, anna) == []
    others = [entry for entry in busy.companies.entries if entry.subject == "usr_other"]
    assert [entry.changes["name"][0] for entry in others] == ["Anna"] * 20
    assert busy.erase(anna.user_id, chief).completed_at


def test_a_page_reads_no_more_than_its_entries(busy, anna):
    pages, trail = Pages(busy, anna.user_id), CountingTrail(busy.trail)
    pages.blank(trail=trail)
    assert trail.reads == 2


@pytest.mark.parametrize("reads", [0, 1])
def test_a_page_ends_early_when_the_time_is_over(busy, anna, reads):
    pages, trail = Pages(busy, anna.user_id), CountingTrail(busy.trail)
    first = pages.blank(trail=trail, reads=reads)
    (following,) = pages.queued
    assert trail.reads == reads
    assert ("after" in following.data) == bool(reads)
    assert following.effect_id != first.effect_id
    while pages.queued:
        pages.blank()
    assert _named(busy, anna) == []
    assert busy.companies.erasure(anna.user_id).completed_at


@pytest.mark.parametrize("entry", [1, 2, 3])
def test_after_a_crash_only_the_page_is_repeated(busy, anna, entry):
    pages = Pages(busy, anna.user_id)
    pages.blank()
    (second,) = pages.queued
    done = CountingTrail(busy.trail, dies_at=entry)
    with pytest.raises(ConnectionError):
        pages.blank(second, trail=done)
    assert pages.queued == [second], "the next page is queued when this one is blanked"
    again = CountingTrail(busy.trail)
    pages.blank(trail=again)
    assert again.reads == 2
    while pages.queued:
        pages.blank()
    assert _named(busy, anna) == []


def test_a_page_may_be_repeated_when_all_is_done(busy, anna):
    pages = Pages(busy, anna.user_id)
    effects_of_pages = []
    while pages.queued:
        effects_of_pages.append(pages.blank())
    before, erasure = list(busy.companies.entries), busy.companies.erasure(anna.user_id)
    busy.clock.advance(minutes=1)
    for effect in effects_of_pages:
        pages.blank(effect)
    assert busy.companies.entries == before
    assert busy.companies.erasure(anna.user_id) == erasure


def test_what_is_written_while_the_pages_are_blanked_is_blanked_too(busy, anna):
    """A sandbox whose clock is ahead gives its entry a later id."""
    pages = Pages(busy, anna.user_id)
    pages.blank()
    late = an_entry(at=NOON + timedelta(minutes=4), subject=anna.user_id, changes={"name": ["Anna", "Anna Late"]})
    busy.companies.entries.append(late)
    while pages.queued:
        pages.blank()
    assert _named(busy, anna) == []


def test_the_message_of_an_earlier_version_is_understood(room, chief, anna):
    """It has no time, but its id was made with the erasure."""
    room.erase(anna.user_id, chief)
    (effect,) = [effect for effect in room.companies.effects if effect.kind == effects.ERASURE]
    room.blank(replace(effect, data={"user_id": anna.user_id}))
    assert _named(room, anna) == []
    assert room.erase(anna.user_id, chief).completed_at


# What a request reads


def test_the_certificate_is_read_without_the_trail(room, chief, anna):
    room.erase(anna.user_id, chief)
    room.follow_up()
    room.trail = CountingTrail(room.trail)
    assert room.erase(anna.user_id, chief).completed_at
    assert room.trail.reads == 0


def test_who_was_deleted_is_found_with_one_read(busy, chief):
    user = busy.request(chief, email="gone@baecker.example")
    busy.delete(user.user_id, chief)
    busy.trail = CountingTrail(busy.trail)
    assert busy.erase(user.user_id, chief).completed_at is None
    assert busy.trail.reads == 1


def test_who_may_be_mentioned_further_on_is_erased(busy, chief):
    """One read cannot tell. To refuse would leave somebody's data where it is."""
    user_id = new_user_id(COMPANY_ID, NOON - timedelta(days=6))
    busy.trail = CountingTrail(busy.trail)
    assert busy.erase(user_id, chief).completed_at is None
    assert busy.trail.reads == 1
    busy.follow_up()
    assert busy.erase(user_id, chief).completed_at


def test_who_would_have_been_mentioned_long_before_is_not_found(busy, chief):
    with pytest.raises(NotFound):
        busy.erase(new_user_id(COMPANY_ID, NOON - timedelta(days=8)), chief)


# Erasures that do not end, and people who come back


def test_an_erasure_that_does_not_end_is_begun_again_by_a_request_a_day_later(busy, chief, anna):
    first = busy.companies.erasure(anna.user_id)
    old = Pages(busy, anna.user_id)
    busy.clock.advance(hours=23)
    assert busy.erase(anna.user_id, chief) == first
    busy.clock.advance(hours=1)
    second = busy.erase(anna.user_id, chief)
    assert (second.erased_at, second.completed_at) == (busy.clock.now(), None)
    while old.queued:
        old.blank()
    assert busy.companies.erasure(anna.user_id) == second, "the pages of the first erasure do not end the second"
    busy.follow_up()
    assert busy.companies.erasure(anna.user_id).completed_at


def test_of_two_erasures_at_once_one_is_asked_to_repeat(room, chief, anna):
    room.delete(anna.user_id, chief)
    companies = room.companies

    class Crossed:
        def __getattr__(self, name):
            return getattr(companies, name)

        def erasure(self, user_id):
            found = companies.erasure(user_id)
            room.companies = companies
            room.erase(user_id, chief)
            return found

    room.companies = Crossed()
    with pytest.raises(InProgress):
        room.erase(anna.user_id, chief)
    assert [entry.action for entry in _about(room, anna)].count("user.erased") == 1


@pytest.mark.parametrize("leaves", ["erase", "delete"])
def test_who_came_back_with_the_same_id_can_be_erased_again(room, chief, anna, leaves):
    room.erase(anna.user_id, chief)
    room.follow_up()
    room.clock.advance(hours=1)
    room.companies.add(room.companies.company(COMPANY_ID), anna)
    changes = {"name": ["Anna", "Anna Again"]}
    room.companies.entries.append(an_entry(at=room.clock.now(), subject=anna.user_id, changes=changes))
    getattr(room, leaves)(anna.user_id, chief)
    assert room.erase(anna.user_id, chief).completed_at is None
    room.follow_up()
    assert _named(room, anna) == []
    assert room.erase(anna.user_id, chief).completed_at
