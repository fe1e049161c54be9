"""Searching customers by the beginnings of words, and keeping the words in step with the customers."""

import pytest

from customer_center.customers.index_words import index_words
from customer_center.customers.listing import Filter, from_to, source_mark
from customer_center.customers.search_customers import search_customers
from customer_center.customers.words import Search, phone_words, search_for, words_of
from customer_center.platform.errors import InProgress, MalformedRequest
from customer_center.platform.paging import written_cursor
from tests.builders.customers_room import ACCOUNT, ANNA, CustomersRoom


@pytest.fixture
def room():
    return CustomersRoom("a")


def page_of(room, q, cursor=None, *, limit=10, wanted=Filter(), account=ACCOUNT):  # noqa: B008 # immutable
    at = {"limit": limit, "cursor": cursor, "customers": room.customers, "words": room.words}
    return search_customers(account, search_for(q), wanted, **at)


def found(room, q, **given):
    """Return the last names that all pages of a search show."""
    names, cursor = [], None
    while True:
        page = page_of(room, q, cursor, **given)
        names += [row.last_name for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            return names


def kept(room, account=ACCOUNT):
    """Return the words of an account that are kept for a search."""
    return {(row.word, row.customer_id) for row in room.words.kept.get(account, ())}


def in_step(room):
    """Return the words that should be kept."""
    return {(word, customer.customer_id) for customer in room.customers.everyone() for word in words_of(customer)}


@pytest.mark.parametrize(
    "q",
    [
        "muster",
        "MÜSTER",
        "must",
        "anna muster",
        "muster anna",
        "an mu",
        "handelshaus",
        "anna.m@mus",
        "@muster.example",
        "dres",
        "K-100",
        "k100",
        "49351",
        "+49 351 12",
        "0049 351 123456",
        "0351/12",
        "0351123456",
        "351 123",
        "123456",
        "muster 0351",
    ],
)
def test_a_customer_is_found_by_the_beginning_of_what_people_know_of_it(room, q):
    values = {
        "organisation": "Elbe Handelshaus",
        "emails": ("anna.m@muster.example",),
        "phones": ("+49 (0)351 123456",),
    }
    room.create(**{**ANNA, "last_name": "Müster", **values}, visit_address={"city": "Dresden"}, customer_code="K-100")
    room.create(last_name="Other", emails=("x@y.example",))
    room.follow_up()
    assert found(room, q) == ["Müster"]


@pytest.mark.parametrize(
    "q", ["uster", "anna other", "muster 0352", "anna@other", "muster@", "+48 351", "nobody", "1234567"]
)
def test_what_does_not_begin_a_word_finds_nobody(room, q):
    room.create(**ANNA, phones=("+49 351 123456",))
    room.create(last_name="Other")
    room.follow_up()
    assert found(room, q) == []


@pytest.mark.parametrize(
    ("q", "name"), [("王", "王小明"), ("李", None), ("müller-lüd", "Müller-Lüdenscheidt"), ("O", None)]
)
def test_a_word_of_one_letter_is_sought_only_in_scripts_that_have_such_words(room, q, name):
    for last_name in ("王小明", "Müller-Lüdenscheidt"):
        room.create(last_name=last_name)
    room.follow_up()
    assert (found(room, q) if search_for(q) else []) == ([name] if name else [])


@pytest.mark.parametrize("q", ["a", "a b", "-", "   ", "+", "\u0301", "7"])
def test_a_search_needs_two_letters_or_digits(q):
    assert search_for(q) is None


def test_a_letter_is_sought_beside_a_word(room):
    for first_name in ("Anna", "Berta"):
        room.create(first_name=first_name, last_name="Muster")
    room.follow_up()
    assert [row.first_name for row in page_of(room, "b muster").rows] == ["Berta"]


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        ("+49 351 123456", {"49351123456", "351123456", "0351123456", "123456"}),
        ("0049351123456", {"49351123456", "351123456", "0351123456", "0049351123456"}),
        ("+1 (212) 555-0100", {"12125550100", "2125550100", "02125550100", "0100"}),
        ("+354 555 1234", {"3545551234", "5551234", "05551234", "1234"}),
        ("0351/123456", {"0351123456", "351123456", "123456"}),
        ("112", {"112", "0112"}),
        ("ask Anna", set()),
        ("+", set()),
        ("+4", {"4"}),
    ],
)
def test_a_telephone_number_is_found_with_and_without_its_country(phone, expected):
    assert set(phone_words(phone)) == expected


def test_an_address_in_another_script_is_found_as_it_is_shown_and_as_it_is_stored(room):
    room.create(last_name="Muster", emails=("anna@müller.example",))
    room.follow_up()
    for q in ("anna@müll", "anna@xn--m", "@müller", "@MULLER.example"):
        assert found(room, q) == ["Muster"]


def test_numbers_and_every_city_are_found(room):
    room.create(
        last_name="Muster",
        mobile="0171 2345678",
        fax="0351 99",
        vat_number="DE 123 456 789",
        contact_person="Petra Probe",
        visit_address={"city": "Dresden"},
        delivery_address={"city": "Leipzig"},
    )
    room.follow_up()
    for q in ("0171 23", "de123456789", "de 123", "petra", "dresden", "leipzig"):
        assert found(room, q) == ["Muster"]
    assert found(room, "035199") == []


def test_a_hidden_customer_is_found_when_it_comes_forward(room):
    first = room.create(**ANNA).customer_id
    second = room.create(**{**ANNA, "last_name": "Zweite"})
    room.follow_up()
    assert second.hidden
    assert found(room, "anna") == ["Muster"]
    room.edit(first, emails=None)
    room.follow_up()
    assert found(room, "anna") == ["Muster", "Zweite"]


def test_a_customer_with_several_words_of_one_beginning_is_shown_once(room):
    for number in range(3):
        room.create(first_name="Anna", last_name=f"Annaberg{number}", organisation="Annex")
    room.follow_up()
    for limit in (1, 2, 10):
        assert sorted(found(room, "ann", limit=limit)) == ["Annaberg0", "Annaberg1", "Annaberg2"]


def test_a_search_has_as_many_pages_as_it_needs(room):
    for number in range(5):
        room.create(last_name=f"Muster{number}")
    room.follow_up()
    first = page_of(room, "muster", limit=2)
    assert [row.last_name for row in first.rows] == ["Muster0", "Muster1"]
    assert found(room, "muster", limit=2) == [f"Muster{number}" for number in range(5)]
    assert found(room, "muster", limit=5) == [f"Muster{number}" for number in range(5)]


def test_a_page_of_several_common_words_may_be_short(room):
    for first_name, last_name, count in (("Anna", "Other", 60), ("Berta", "Muster", 400)):
        for _ in range(count):
            room.create(first_name=first_name, last_name=last_name)
    room.later()
    room.create(first_name="Anna", last_name="Muster")
    room.gather()
    page = page_of(room, "anna muster")
    assert (page.rows, page.next_cursor is None) == ([], False)
    assert found(room, "anna muster") == ["Muster"]


def test_what_is_found_can_be_filtered(room):
    room.create("a", last_name="Muster", customer_code="C1")
    room.create(last_name="Muster", customer_code="C2")
    room.follow_up()
    by_a = Filter(marks=frozenset([source_mark("product:a")]))
    assert [row.customer_code for row in page_of(room, "muster", wanted=by_a).rows] == ["C1"]
    second = Filter({"customer_code": from_to("C2", None)})
    assert [row.customer_code for row in page_of(room, "muster", wanted=second).rows] == ["C2"]


def test_words_follow_every_change_of_a_customer(room):
    customer = room.create(**ANNA)
    room.follow_up()
    room.edit(customer.customer_id, last_name="Neumann", emails=None)
    room.follow_up()
    assert kept(room) == {("anna", customer.customer_id), ("neumann", customer.customer_id)} == in_step(room)
    room.delete(customer.customer_id)
    room.follow_up()
    assert kept(room) == set()


def test_a_merged_customer_is_found_as_the_one_that_it_was_merged_into(room):
    first, second = (room.create(last_name=name, emails=(f"{name}@x.example",)).customer_id for name in ("one", "two"))
    room.follow_up()
    room.merge(first, second)
    room.follow_up()
    assert kept(room) == in_step(room)
    assert [row.customer_id for q in ("@one@", "@two@") for row in page_of(room, q).rows] == [first, first]
    room.unmerge(first)
    room.follow_up()
    assert kept(room) == in_step(room)
    assert [row.customer_id for q in ("@one@", "@two@") for row in page_of(room, q).rows] == [first, second]


def test_words_that_are_out_of_date_show_nobody(room):
    customer = room.create(**ANNA)
    room.follow_up()
    room.edit(customer.customer_id, last_name="Neumann")
    assert found(room, "anna muster") == []
    assert found(room, "anna") == ["Neumann"]
    room.delete(customer.customer_id)
    assert found(room, "anna") == []


def test_another_accounts_customers_are_not_found(room):
    room.create(**ANNA)
    room.follow_up()
    assert found(room, "muster", account="AG-2") == []


def test_a_repeated_follow_up_writes_nothing(room):
    customer = room.create(**ANNA)
    room.follow_up()
    note = room.words.noted(customer.customer_id)
    index_words(customer.customer_id, customers=room.customers, words=room.words)
    index_words("cus_unknown", customers=room.customers, words=room.words)
    assert room.words.noted(customer.customer_id) == note


@pytest.mark.parametrize("change", ["edit", "delete"])
def test_a_change_during_the_follow_up_of_another_is_seen_by_one_of_both(room, change):
    """The follow-up of an older state ends after that of the newer one."""
    customer_id = room.create(**ANNA).customer_id

    def meanwhile():
        room.words.during = None
        room.edit(customer_id, last_name="Neumann") if change == "edit" else room.delete(customer_id)
        index_words(customer_id, customers=room.customers, words=room.words)

    room.words.during = meanwhile
    index_words(customer_id, customers=room.customers, words=room.words)
    assert kept(room) == in_step(room)


def test_a_change_that_is_taken_back_meanwhile_is_seen(room):
    """The newer follow-up finds nothing to do, while the older one is about to write what it has read."""
    customer_id = room.create(**ANNA).customer_id
    room.follow_up()
    room.edit(customer_id, last_name="Neumann")

    def meanwhile():
        room.words.during = None
        room.edit(customer_id, last_name="Muster")
        index_words(customer_id, customers=room.customers, words=room.words)

    room.words.during = meanwhile
    index_words(customer_id, customers=room.customers, words=room.words)
    assert kept(room) == in_step(room)
    assert found(room, "muster") == ["Muster"]


def test_a_customer_with_many_words_is_written_in_steps_that_a_crash_may_part(room):
    names = {
        "organisation": " ".join(f"w{number}" for number in range(60)),
        "phones": [f"+49 {n} {n}1" for n in range(10, 20)],
    }
    customer_id = room.create(**names, emails=[f"{n}.a@x{n}.example" for n in range(10)]).customer_id
    steps = []

    def crash():
        steps.append(len(kept(room)))
        if len(steps) == 2:
            raise ConnectionError

    room.words.during = crash
    with pytest.raises(ConnectionError):
        index_words(customer_id, customers=room.customers, words=room.words)
    room.words.during = None
    index_words(customer_id, customers=room.customers, words=room.words)
    assert steps[1] <= 99
    assert kept(room) == in_step(room)
    assert len(kept(room)) > 99


def test_a_customer_that_changes_all_the_time_is_left_for_later(room):
    customer_id = room.create(**ANNA).customer_id
    numbers = iter(range(1000))

    def again():
        room.edit(customer_id, last_name=f"Neumann{next(numbers)}")

    room.words.during = again
    with pytest.raises(InProgress):
        index_words(customer_id, customers=room.customers, words=room.words)


@pytest.mark.parametrize(
    "position",
    [
        "",
        "muster",
        "muster#cus_1",
        "other#cus_" + "0" * 26,
        "\ud800muster#cus_" + "0" * 26,
        "muster" + "x" * 100 + "#cus_" + "0" * 26,
    ],
)
def test_a_forged_position_is_refused(room, position):
    query = (ACCOUNT, "search", ("muster",), Filter().query)
    with pytest.raises(MalformedRequest):
        page_of(room, "muster", written_cursor(["muster", position], query))


@pytest.mark.parametrize("sought", ["", "m", "mus", "other", "\ud800"])
def test_a_forged_beginning_is_refused(room, sought):
    query = (ACCOUNT, "search", ("muster",), Filter().query)
    with pytest.raises(MalformedRequest):
        page_of(room, "muster", written_cursor([sought, "muster#cus_" + "0" * 26], query))


def test_a_cursor_is_valid_for_its_own_search_only(room):
    for _ in range(2):
        room.create(first_name="Anna", last_name="Muster")
    room.follow_up()
    cursor = page_of(room, "muster", limit=1).next_cursor
    for q, wanted in (
        ("anna", Filter()),
        ("muster anna", Filter()),
        ("muster", Filter({"created": from_to("2", None)})),
    ):
        with pytest.raises(MalformedRequest):
            page_of(room, q, cursor, wanted=wanted)


def test_the_longest_word_is_read_unless_another_one_is_rare(room):
    for _ in range(60):
        room.create(last_name="Handelsgesellschaft")
    room.create(first_name="Zoe", last_name="Handelsgesellschaft")
    room.gather()
    room.words.asked.clear()
    assert found(room, "handelsgesellschaft zo") == ["Handelsgesellschaft"]
    assert room.words.asked[-1] == "zo"
    assert len(room.words.asked) == 3


def test_words_are_sought_in_the_order_of_their_length():
    assert Search(("an", "must", "d")).sought == ["must", "an"]
