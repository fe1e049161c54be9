"""The overview of seed 001: "the shop users already registered for the shop. You will see the User name, the status
and the roles assigned"."""

from datetime import timedelta
from itertools import pairwise

import pytest

from customer_center.companies.model import InvitationStatus, Role, UserStatus
from customer_center.companies.users.find_users import UserSort
from customer_center.platform.errors import MalformedRequest
from tests.builders.companies import OTHER_COMPANY_ID, a_company, a_main_contact, a_user, an_invitation, an_invited_user
from tests.builders.companies_room import Room
from tests.fakes.clock import NOON


@pytest.fixture
def room():
    return Room()


@pytest.fixture
def chief(room):
    chief = a_main_contact(name="Tja", email="tja@baecker.example")
    room.companies.add(a_company(), chief)
    return chief


def _join(room, chief, *users):
    room.companies.add(room.companies.company(chief.company_id), *users)
    return users


def _names(page):
    return [user.name for user in page.rows]


def _walk(room, chief, **query):
    """Return the names on all pages, one after another."""
    page = room.overview(chief, **query)
    names = _names(page)
    while page.next_cursor:
        page = room.overview(chief, cursor=page.next_cursor, **query)
        names += _names(page)
    return names


def test_it_shows_the_users_with_name_status_and_roles(room, chief):
    """001: "the shop users already registered for the shop. You will see the User name, the status and the roles
    assigned"."""
    _join(room, chief, an_invited_user(name="Ida", roles={Role.BUYER, Role.APPROVER}))
    page = room.overview(chief)
    assert [(user.name, user.status, user.roles) for user in page.rows] == [
        ("Tja", UserStatus.ACTIVE, {Role.MAIN_CONTACT}),
        ("Ida", UserStatus.INVITED, {Role.BUYER, Role.APPROVER}),
    ]
    assert page.next_cursor is None


def test_users_of_another_company_are_not_in_it(room, chief):
    stranger = a_main_contact(company_id=OTHER_COMPANY_ID)
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), stranger)
    for sort in UserSort:
        assert list(room.overview(chief, sort=sort).rows) == [chief]


# Filters


@pytest.fixture
def everybody(room, chief):
    """One user of every kind."""
    yesterday = NOON - timedelta(days=1)
    _join(
        room,
        chief,
        a_user(name="Active", email="a@baecker.example"),
        a_user(name="Off", status=UserStatus.DEACTIVATED, roles={Role.APPROVER}),
        an_invited_user(name="Pending"),
        an_invited_user(name="Expired", invitation=an_invitation(expires_at=yesterday)),
        an_invited_user(name="Bounced", invitation=an_invitation(status=InvitationStatus.BOUNCED)),
        a_user(name="Accepted", invitation=an_invitation(status=InvitationStatus.ACCEPTED, expires_at=yesterday)),
    )


@pytest.mark.usefixtures("everybody")
@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"status": UserStatus.ACTIVE}, ["Tja", "Active", "Accepted"]),
        ({"status": UserStatus.INVITED}, ["Pending", "Expired", "Bounced"]),
        ({"status": UserStatus.DEACTIVATED}, ["Off"]),
        ({"invitation": InvitationStatus.PENDING}, ["Pending"]),
        ({"invitation": InvitationStatus.EXPIRED}, ["Expired"]),
        ({"invitation": InvitationStatus.BOUNCED}, ["Bounced"]),
        ({"invitation": InvitationStatus.ACCEPTED}, ["Accepted"]),
        ({"invitation": InvitationStatus.REVOKED}, []),
        ({"role": Role.APPROVER}, ["Off"]),
        ({"role": Role.MAIN_CONTACT}, ["Tja"]),
        ({"status": UserStatus.ACTIVE, "role": Role.BUYER, "q": "ac"}, ["Active", "Accepted"]),
    ],
    ids=repr,
)
def test_it_is_filtered(room, chief, wanted, names):
    assert _names(room.overview(chief, **wanted)) == names
    assert sorted(_names(room.overview(chief, sort=UserSort.NAME, **wanted))) == sorted(names)


def test_an_invitation_is_found_as_expired_once_its_time_is_over(room, chief):
    _join(room, chief, an_invited_user(name="Ida"))
    assert _names(room.overview(chief, invitation=InvitationStatus.EXPIRED)) == []
    room.clock.advance(days=7)
    assert _names(room.overview(chief, invitation=InvitationStatus.EXPIRED)) == ["Ida"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("rené", True),
        ("RENE", True),
        ("mul", True),
        ("Mü", True),
        ("müller rene", True),
        ("lud", True),
        ("Müller-Lüd", True),
        ("r.mueller@", True),
        ("R.MUELLER@baecker", True),
        ("enÉ", False),
        ("ller", False),
        ("müller x", False),
        ("baecker", False),
        ("-", False),
        ("@", False),
    ],
)
def test_a_search_begins_words_of_the_name_or_the_email(room, chief, q, found):
    _join(room, chief, a_user(name="René Müller-Lüdenscheidt", email="r.mueller@baecker.example"))
    assert _names(room.overview(chief, q=q)) == ["René Müller-Lüdenscheidt"] * found


@pytest.mark.parametrize(
    ("q", "name"),
    [("lukasz", "Łukasz Żak"), ("strasse", "Sørensen Straße"), ("sorensen", "Sørensen Straße"), ("isik", "IŞIK")],
)
def test_what_is_typed_finds_letters_without_case_and_accents(room, chief, q, name):
    """The same words find a contact (`test_contacts_are_found_by_how_the_words_of_their_name_begin`)."""
    _join(room, chief, a_user(name="Łukasz Żak"), a_user(name="Sørensen Straße"), a_user(name="IŞIK"))
    assert _names(room.overview(chief, q=q)) == [name]


@pytest.mark.parametrize("q", ["anna@müller", "ANNA@MÜLLER", "anna@muller", "anna@xn--mller"])
def test_an_international_address_is_found_as_it_is_shown_and_as_it_is_stored(room, chief, q):
    _join(room, chief, a_user(name="A", email="anna@xn--mller-kva.example"))
    assert _names(room.overview(chief, q=q)) == ["A"]


def test_names_are_sorted_without_case_and_accents(room, chief):
    _join(room, chief, *(a_user(name=name) for name in ["zoe", "Łukasz", "Luise", "Ärger", "Øystein", "Ozan"]))
    names = _names(room.overview(chief, sort=UserSort.NAME))
    assert names == ["Ärger", "Luise", "Łukasz", "Øystein", "Ozan", "Tja", "zoe"]


def test_a_filtered_page_of_a_large_company_may_be_short(room, chief):
    _join(room, chief, *(a_user() for _ in range(500)), a_user(name="Zoe"))
    page = room.overview(chief, q="zoe")
    assert (_names(page), page.next_cursor is None) == ([], False)
    assert _walk(room, chief, q="zoe") == ["Zoe"]


# Order


@pytest.fixture
def four(room, chief):
    """Four users to sort."""
    hour = timedelta(hours=1)
    _join(
        room,
        chief,
        a_user(name="anna", email="z@baecker.example", updated_at=NOON + 2 * hour),
        a_user(name="Öde", email="Y@baecker.example", updated_at=NOON + 4 * hour),
        a_user(name="Zoe", email="b@baecker.example", updated_at=NOON + 3 * hour),
    )


@pytest.mark.usefixtures("four")
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 50])
@pytest.mark.parametrize(
    ("sort", "names"),
    [
        (UserSort.CREATED, ["Tja", "anna", "Öde", "Zoe"]),
        (UserSort.NAME, ["anna", "Öde", "Tja", "Zoe"]),
        (UserSort.EMAIL, ["Zoe", "Tja", "Öde", "anna"]),
        (UserSort.UPDATED, ["Tja", "anna", "Zoe", "Öde"]),
    ],
)
def test_it_comes_in_the_order_asked_for_and_the_other_way_round(room, chief, sort, names, limit):
    assert _walk(room, chief, sort=sort, limit=limit) == names
    assert _walk(room, chief, sort=UserSort(f"-{sort}"), limit=limit) == names[::-1]


@pytest.mark.parametrize("sort", UserSort)
def test_people_of_one_name_are_all_there(room, chief, sort):
    _join(room, chief, *(a_user(name="Anna") for _ in range(7)))
    assert sorted(_walk(room, chief, sort=sort, limit=3)) == ["Anna"] * 7 + ["Tja"]


@pytest.mark.usefixtures("four")
def test_a_page_goes_on_behind_somebody_who_has_gone_since(room, chief):
    first = room.overview(chief, sort=UserSort.NAME, limit=2)
    del room.companies._users[first.rows[-1].user_id]
    assert _names(room.overview(chief, sort=UserSort.NAME, limit=2, cursor=first.next_cursor)) == ["Tja", "Zoe"]


def test_a_thousand_users_are_sorted_and_more_are_not(room, chief):
    _join(room, chief, *(a_user() for _ in range(999)))
    assert len(_walk(room, chief, sort=UserSort.NAME, limit=100)) == 1000
    _join(room, chief, a_user())
    with pytest.raises(MalformedRequest, match="unsupported-query"):
        room.overview(chief, sort=UserSort.NAME)
    assert len(_walk(room, chief, sort=UserSort.CREATED_LAST, limit=100)) == 1001


# Cursors

QUERIES = [
    {},
    {"sort": UserSort.CREATED_LAST},
    {"sort": UserSort.NAME},
    {"sort": UserSort.EMAIL},
    {"status": UserStatus.ACTIVE},
    {"role": Role.BUYER},
    {"q": "a"},
    {"q": "a", "sort": UserSort.NAME},
]


@pytest.mark.parametrize(("one", "other"), list(pairwise([*QUERIES, QUERIES[0]])), ids=repr)
def test_a_cursor_is_for_its_own_query(room, chief, one, other):
    _join(room, chief, *(a_user(name="Anna") for _ in range(5)))
    cursor = room.overview(chief, limit=1, **one).next_cursor
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        room.overview(chief, limit=1, cursor=cursor, **other)
    assert room.overview(chief, limit=3, cursor=cursor, **one).rows


def test_a_cursor_of_another_company_is_refused(room, chief):
    strangers = [a_main_contact(company_id=OTHER_COMPANY_ID) for _ in range(2)]
    room.companies.add(a_company(company_id=OTHER_COMPANY_ID, customer_number="20000"), *strangers)
    cursor = room.overview(strangers[0], limit=1).next_cursor
    with pytest.raises(MalformedRequest, match="cursor-invalid"):
        room.overview(chief, limit=1, cursor=cursor)
