"""What SilverGateway does when the ERP misbehaves, and that it reads the demo population as documented."""

import json
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime, timedelta

import pytest

from customer_center.companies.model import ErpContact
from customer_center.platform.errors import OutsideMalformed, OutsideTimeout, OutsideUnavailable
from customer_center.platform.log import logger
from tests.fakes.breaker import MemoryBreaker
from tests.fakes.clock import WakefulClock
from tests.fakes.erp_simulator import running_simulator, silver_gateway, silver_settings

DEMO = "10000"
TINA = ErpContact("", "Tina Tinte", email="tina@musterhandel.example")


@pytest.fixture
def breaker():
    return MemoryBreaker()


@pytest.fixture
def clock():
    return WakefulClock()


@pytest.fixture
def gateway(erp, transport, breaker, clock, session):
    return silver_gateway(silver_settings(erp, transport), session, breaker=breaker, clock=clock)


@pytest.fixture
def hasty(erp, transport, breaker, clock, session):
    """A gateway that waits half a second for an answer."""
    settings = silver_settings(erp, transport, timeout=0.5)
    return silver_gateway(settings, session, breaker=breaker, clock=clock, chance=lambda: 0.5)


@pytest.fixture
def left_alone():
    """An ERP of its own: it may note a request that nobody waits for late, when another test has begun."""
    with running_simulator() as simulator:
        yield simulator


@pytest.fixture
def impatient(left_alone, transport, breaker, clock, session):
    """A gateway that hardly waits: for tests in which no answer is wanted."""
    settings = silver_settings(left_alone, transport, timeout=0.1)
    return silver_gateway(settings, session, breaker=breaker, clock=clock)


@pytest.fixture
def sent(session, monkeypatch):
    """The requests that the gateway sent, also those that the ERP has not noted yet."""
    requests, send = [], session.send

    def noted(request, **given):
        requests.append(request)
        return send(request, **given)

    monkeypatch.setattr(session, "send", noted)
    return requests


@pytest.fixture
def warnings(monkeypatch):
    """The log entries of the gateway: text and fields."""
    entries = []
    monkeypatch.setattr(logger, "warning", lambda text, **fields: entries.append((text, fields)))
    return entries


UNAVAILABLE = ["failing", "offline", "truncated"]
TIMEOUT = ["slow", "hang", "drip"]
MALFORMED = ["malformed", "entity-bomb", "huge"]


def asked(erp):
    return [entry["message"] for entry in erp.requests]


# Retries


@pytest.mark.parametrize("mode", UNAVAILABLE + TIMEOUT)
def test_a_read_survives_one_failure(hasty, erp, breaker, clock, mode):
    erp.modes.set({"mode": mode, "times": 1, "seconds": 3})
    assert hasty.select_customer(DEMO).name == "Musterhandel GmbH"
    assert asked(erp) == ["select_customer"] * 2
    assert clock.slept == [pytest.approx(0.1)]
    assert breaker.trips == 0


@pytest.mark.parametrize("mode", UNAVAILABLE)
def test_a_read_that_finds_nobody_twice_trips_the_breaker(gateway, erp, breaker, mode):
    erp.modes.set({"mode": mode})
    with pytest.raises(OutsideUnavailable) as caught:
        gateway.find_invoice(DEMO, "103019")
    assert (caught.value.code, caught.value.retry_after) == ("erp-unavailable", 60)
    assert asked(erp) == ["invoice_detail"] * 2
    assert breaker.trips == 1


@pytest.mark.parametrize("mode", TIMEOUT)
def test_a_read_that_waits_in_vain_twice_trips_the_breaker(impatient, left_alone, sent, breaker, mode):
    left_alone.modes.set({"mode": mode, "seconds": 3})
    with pytest.raises(OutsideTimeout) as caught:
        impatient.find_invoice(DEMO, "103019")
    assert caught.value.code == "erp-timeout"
    assert [b"103019" in request.body for request in sent] == [True, True]
    assert breaker.trips == 1


def test_each_read_says_which_customer_it_is_about_so_that_one_does_not_open_the_breaker_for_all(gateway, erp, breaker):
    erp.modes.set({"mode": "offline"})
    reads = (
        lambda: gateway.select_customer(f" {DEMO} "),
        lambda: list(gateway.select_contacts(DEMO)),
        lambda: gateway.find_invoice(DEMO, "103019"),
        lambda: gateway.find_invoice("abC", "103019"),
    )
    for read in reads:
        with pytest.raises(OutsideUnavailable):
            read()
        breaker.close()
    assert breaker.about == [DEMO, DEMO, DEMO, "abC"]


@pytest.mark.parametrize("mode", MALFORMED)
def test_an_answer_that_cannot_be_read_is_neither_repeated_nor_a_reason_to_trip(gateway, erp, breaker, mode):
    erp.modes.set({"mode": mode})
    for call in (
        lambda: gateway.select_customer(DEMO),
        lambda: list(gateway.select_contacts(DEMO)),
        lambda: gateway.find_invoice(DEMO, "103019"),
        lambda: gateway.create_contact(DEMO, TINA),
    ):
        erp.requests.clear()
        with pytest.raises(OutsideMalformed) as caught:
            call()
        assert caught.value.code == "erp-malformed"
        assert len(erp.requests) == 1
    assert breaker.trips == 0


def test_one_request_that_makes_the_erp_fail_does_not_take_it_offline_for_everybody(gateway, erp, breaker):
    erp.modes.set({"mode": "fault", "customer_number": "30000"})
    with pytest.raises(OutsideUnavailable):
        gateway.select_customer("30000")
    assert len(erp.requests) == 2
    assert breaker.trips == 0
    assert gateway.select_customer(DEMO)


@pytest.mark.parametrize("mode", ["failing", "offline", "hang"])
def test_creating_a_contact_is_tried_once(impatient, left_alone, sent, breaker, mode):
    left_alone.modes.set({"mode": mode, "seconds": 3})
    with pytest.raises((OutsideUnavailable, OutsideTimeout)):
        impatient.create_contact(DEMO, TINA)
    assert [b"Tina Tinte" in request.body for request in sent] == [True]
    assert breaker.trips == 0


def test_a_connection_nobody_accepts_is_unavailable(transport, breaker):
    with running_simulator() as gone:
        settings = silver_settings(gone, transport)
    with pytest.raises(OutsideUnavailable) as caught:
        silver_gateway(settings, breaker=breaker).select_customer(DEMO)
    assert caught.value.retry_after == 60
    assert breaker.trips == 1


def test_a_name_nobody_resolves_is_unavailable(erp, transport):
    settings = silver_settings(erp, transport, url="http://erp.invalid/")
    with pytest.raises(OutsideUnavailable):
        silver_gateway(settings).select_customer(DEMO)


# Breaker


def test_while_the_breaker_is_open_nothing_is_asked(gateway, erp, breaker):
    breaker.seconds = 41.2
    breaker.trip()
    for call in (
        lambda: gateway.select_customer(DEMO),
        lambda: list(gateway.select_contacts(DEMO)),
        lambda: gateway.find_invoice(DEMO, "103019"),
        lambda: gateway.create_contact(DEMO, TINA),
    ):
        with pytest.raises(OutsideUnavailable) as caught:
            call()
        assert caught.value.retry_after == 42
    assert erp.requests == []


def test_a_tripped_breaker_recovers(gateway, erp, breaker):
    erp.modes.set({"mode": "offline", "times": 2})
    with pytest.raises(OutsideUnavailable):
        gateway.select_customer(DEMO)
    with pytest.raises(OutsideUnavailable):
        gateway.select_customer(DEMO)
    assert len(erp.requests) == 2
    breaker.close()
    assert gateway.select_customer(DEMO) is not None
    assert breaker.trips == 1


# Deadline


class RunningClock(WakefulClock):
    """A clock that runs a second with every look at it."""

    def __init__(self):
        super().__init__()
        self.moment = datetime(2026, 11, 23, tzinfo=UTC)

    def now(self):
        self.moment += timedelta(seconds=1)
        return self.moment


def test_past_the_deadline_nothing_more_is_asked(erp, transport, breaker, session):
    settings = silver_settings(erp, transport, deadline=0.5)
    gateway = silver_gateway(settings, session, breaker=breaker, clock=RunningClock())
    with pytest.raises(OutsideTimeout):
        gateway.select_customer(DEMO)
    assert erp.requests == []
    assert breaker.trips == 0


def test_a_second_try_must_fit_into_the_deadline(erp, transport, breaker, session):
    erp.modes.set({"mode": "offline"})
    settings = silver_settings(erp, transport, deadline=3.05)
    gateway = silver_gateway(settings, session, breaker=breaker, clock=RunningClock(), chance=lambda: 1.0)
    with pytest.raises(OutsideUnavailable):
        gateway.select_customer(DEMO)
    assert len(erp.requests) == 1
    assert breaker.trips == 0


def test_calls_of_one_use_share_the_deadline(erp, transport, session):
    settings = silver_settings(erp, transport, deadline=8.0)
    gateway = silver_gateway(settings, session, clock=RunningClock())

    def ask_nine_times():
        for _ in range(9):
            gateway.select_customer(DEMO)

    with gateway.use(), pytest.raises(OutsideTimeout):
        ask_nine_times()
    assert 1 <= len(erp.requests) < 9
    ask_nine_times()  # each on its own has all the time again


def test_an_answer_that_trickles_in_is_given_up(erp, transport, session):
    erp.modes.set({"mode": "drip", "seconds": 20})
    settings = silver_settings(erp, transport, timeout=0.5, deadline=0.6)
    started = datetime.now(UTC)
    with pytest.raises(OutsideTimeout):
        list(silver_gateway(settings, session, chance=lambda: 1.0).select_contacts(DEMO))
    assert datetime.now(UTC) - started < timedelta(seconds=10)


# Credentials and the log


def test_a_wrong_password_over_raw_xml_cannot_be_read(erp, session):
    settings = silver_settings(erp, "xml", password="wrong")
    with pytest.raises(OutsideMalformed):
        silver_gateway(settings, session).select_customer(DEMO)
    assert erp.requests == []


def test_a_wrong_password_over_soap_is_a_fault(erp, session):
    settings = silver_settings(erp, "soap", password="wrong")
    with pytest.raises(OutsideUnavailable):
        silver_gateway(settings, session).select_customer(DEMO)
    assert erp.requests == []


def test_another_path_cannot_be_read(erp, transport, session):
    settings = silver_settings(erp, transport, url=erp.url + "/elsewhere")
    with pytest.raises(OutsideMalformed):
        silver_gateway(settings, session).select_customer(DEMO)


def test_the_log_tells_what_failed_and_nothing_about_anybody(gateway, erp, warnings):
    erp.modes.set({"mode": "failing", "times": 1})
    gateway.find_invoice(DEMO, "103019")
    erp.erp.change({"number": DEMO, "add_contacts": [{"number": "", "name": "Nora Namenlos"}]})
    list(gateway.select_contacts(DEMO))
    assert warnings == [
        ("erp-call-failed", {"erp_message": "invoice_detail", "code": "erp-unavailable", "notes": ["http-503"]}),
        (
            "erp-records-faulty",
            {
                "origin": "select_contact",
                "faults": {"contact_number-missing": 1},
                "records": ["?: contact_number-missing"],
            },
        ),
    ]


def test_the_settings_do_not_show_the_password(erp):
    assert "local-only" not in repr(silver_settings(erp, "soap"))


# MAXCOUNT


def test_a_full_answer_is_asked_again_larger(erp, transport, session):
    settings = silver_settings(erp, transport, max_count=10)
    assert len(list(silver_gateway(settings, session).select_contacts(DEMO))) == 12
    assert [("MAXCOUNT>10<" in e["document"], "MAXCOUNT>100<" in e["document"]) for e in erp.requests] == [
        (True, False),
        (False, True),
    ]


def test_a_mapping_that_drops_company_contacts_does_not_hide_that_the_list_was_cut(erp, transport, session):
    erp.erp.contact_shape = "contact_response"
    settings = silver_settings(erp, transport, max_count=10)
    assert len(list(silver_gateway(settings, session).select_contacts(DEMO))) == 12


def test_usually_one_question_is_enough(gateway, erp):
    assert len(list(gateway.select_contacts(DEMO))) == 12
    assert asked(erp) == ["select_contact"]


def test_at_the_limit_the_list_is_taken_as_it_is_and_the_log_says_so(erp, transport, session, warnings):
    settings = silver_settings(erp, transport, max_count=2, max_count_limit=5)
    contacts = silver_gateway(settings, session).select_contacts(DEMO)
    assert [contact.contact_number for contact in contacts] == ["KT010001", "KT010002", "KT010003", "KT010004"]
    assert warnings == [("erp-contacts-maybe-cut", {"max_count": 5})]


# The population


def test_the_demo_company_reads_as_documented(gateway):
    """000: "[CustomerPostingGroup] => INLAND, [CustomerCenter] => 1, [CustomerCenterMainContactEmail] => ..."."""
    demo = gateway.select_customer(DEMO)
    assert (demo.customer_center, demo.blocked, demo.customer_posting_group) == (True, False, "INLAND")
    assert demo.main_contact_email == "max.mustermann@musterhandel.example"


def test_company_contacts_are_skipped(gateway):
    """000: "Special contacts (such as Company contacts) will be skipped"."""
    numbers = [contact.contact_number for contact in gateway.select_contacts("D00210")]
    assert numbers == ["KT000199", "KT000200", "KT000202"]


def test_a_contact_carries_number_name_telephone_telefax_mail_and_language(gateway):
    """000: "ID, Name, Telephone, Telefax, ElectronicMail, LanguageCode"."""
    assert next(gateway.select_contacts(DEMO)) == ErpContact(
        contact_number="KT010001",
        name="Max Mustermann",
        telephone="030/65481990",
        telefax="030/65481999",
        email="max.mustermann@musterhandel.example",
        language_code="DEU",
    )


def test_a_contact_without_mail_and_two_with_the_same_are_all_listed(gateway):
    mails = [contact.email for contact in gateway.select_contacts(DEMO)]
    assert mails[1] is None
    assert mails.count("einkauf@musterhandel.example") == 2


@pytest.mark.parametrize(
    ("number", "center", "email", "blocked"),
    [
        ("20000", False, None, False),
        ("30000", False, None, False),
        ("40000", True, None, False),
        ("50000", True, "chef@gesperrt.example", True),
        ("60000", True, "solo@ohne-kontakte.example", False),
        ("70000", True, "Erika.Muster@Gross.Example", False),
    ],
)
def test_the_other_customers_read_as_documented(gateway, number, center, email, blocked):
    customer = gateway.select_customer(number)
    assert (customer.customer_center, customer.main_contact_email, customer.blocked) == (center, email, blocked)


def test_an_invoice_belongs_to_the_buyer_and_not_to_who_pays(gateway):
    assert gateway.find_invoice("20000", "103021")
    assert not gateway.find_invoice(DEMO, "103021")


def test_soap_may_carry_every_request_as_a_map_or_as_text(erp, session):
    for as_text in (frozenset(), frozenset({"select_customer", "select_contact", "invoice_detail", "create_contact"})):
        gateway = silver_gateway(silver_settings(erp, "soap", soap_text_messages=as_text), session)
        assert gateway.select_customer(DEMO) is not None
        assert len(list(gateway.select_contacts("D00210"))) == 3
        assert gateway.find_invoice(DEMO, "103019")
        assert gateway.create_contact("60000", TINA).startswith("KT")


# The simulator as a program


def test_the_simulator_runs_on_its_own(tmp_path):
    port_file = tmp_path / "erp.port"
    command = [sys.executable, "-m", "local.simulators.erp", "--port-file", str(port_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert "/soap" in process.stdout.readline()
            base = f"http://127.0.0.1:{port_file.read_text()}/_simulator"
            assert _ask(f"{base}/mode", {"mode": "slow", "seconds": 1, "customer_number": "60000"}) == {}
            assert _ask(f"{base}/shape", {"select_contact": "order_response"}) == {}
            wish = {"number": "60000", "customer_center": "0", "add_contacts": [{"number": "K1", "name": "Ada"}]}
            changed = _ask(f"{base}/customers", wish)
            assert (changed["customer_center"], len(changed["contacts"])) == ("0", 1)
            assert _ask(f"{base}/reset", {}) == {}
            assert _ask(f"{base}/customers")["60000"]["contacts"] == []
            assert _ask(f"{base}/requests?customer_number=60000") == []
        finally:
            process.terminate()
    assert process.returncode == 0


def _ask(url, wish=None):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, None if wish is None else json.dumps(wish).encode(), timeout=5) as response:
        return json.load(response)


def test_the_simulator_remembers_what_was_asked_without_the_password(gateway, erp):
    gateway.select_customer(DEMO)
    assert "local-only" not in json.dumps(erp.requests)
    assert erp.requests[0]["customer_number"] == DEMO


def test_an_answer_of_unknown_structure_is_logged_too(gateway, erp, warnings):
    erp.modes.set({"mode": "malformed"})
    with pytest.raises(OutsideMalformed):
        list(gateway.select_contacts(DEMO))
    assert [text for text, _ in warnings] == ["erp-call-failed"]


# Bad data


BAD = "80000"
RITA = ErpContact("KT080007", "Rita Richtig", "030/1", None, "rita@schlechte-daten.example", "DEU")
GARBLED = ["ok", "references", "unescaped", "wrong-encoding"]


@pytest.mark.parametrize("mode", GARBLED)
def test_a_customer_with_bad_data_is_read(gateway, erp, mode):
    """One wrong character in one record is a matter of that record."""
    erp.modes.set({"mode": mode})
    customer = gateway.select_customer(BAD)
    assert (customer.name, customer.customer_center, customer.blocked) == ("Schlechte Daten GmbH", True, False)
    assert customer.main_contact_email == "dora@schlechte-daten.example"
    assert gateway.find_invoice(BAD, "803001")
    assert not gateway.find_invoice("315369934", "803001")


@pytest.mark.parametrize("mode", GARBLED)
@pytest.mark.parametrize("shape", ["raw", "contact_response", "order_response"])
def test_contacts_with_bad_data_are_cleaned_or_left_out_and_hurt_no_other(gateway, erp, warnings, mode, shape):
    erp.erp.contact_shape = shape
    erp.modes.set({"mode": mode})
    contacts = {contact.contact_number: contact for contact in gateway.select_contacts(BAD)}
    assert sorted(contacts) == [f"KT08000{serial}" for serial in range(1, 8)]
    assert contacts["KT080007"] == RITA
    dora = contacts["KT080001"]
    assert (dora.name, dora.email) == ("Dora Daten", "dora@schlechte-daten.example")
    # Windows-1252 has no U+202D, so the simulator sent two question marks.
    assert dora.telephone.strip("?") == "030/65481990"
    assert contacts["KT080002"].name == ("Lang" * 15)[:50]
    assert contacts["KT080003"].email is None
    assert contacts["KT080004"].email == "zoe@schlechte-daten.example"
    assert contacts["KT080005"].name == "Dieter Doppelt"
    assert contacts["KT080006"].telephone is None
    logged = [fields for text, fields in warnings if text == "erp-records-faulty"]
    assert logged[-1]["records"][1:] == [
        "KT080002: name-cut",
        "KT080003: email-unreadable",
        "KT080004: email-cleaned",
        "KT080005: contact_number-repeated",
        "KT080006: telephone-too-long",
        "?: contact_number-missing",
        "KT080099: name-missing",
    ]
    assert logged[-1]["records"][0].startswith("KT080001: name-cleaned")
    assert logged[-1]["faults"]["email-unreadable"] == 1
    assert not any(word in str(warnings) for word in ("Dora", "Nora", "schlechte-daten", "030/"))


@pytest.mark.parametrize("mode", GARBLED)
def test_letters_arrive_whatever_the_encoding_is_said_to_be(gateway, erp, mode):
    erp.modes.set({"mode": mode})
    assert gateway.select_customer("50000").name == "Gesperrt & Söhne OHG"


@pytest.mark.parametrize("flag", ["maybe", "2", "\u200b"])
@pytest.mark.parametrize("name", ["customer_center", "blocked"])
def test_a_flag_in_an_unknown_spelling_cannot_be_read(gateway, erp, breaker, name, flag):
    erp.erp.change({"number": DEMO, name: flag})
    with pytest.raises(OutsideMalformed) as caught:
        gateway.select_customer(DEMO)
    assert caught.value.code == "erp-malformed"
    assert breaker.trips == 0
    assert gateway.select_customer("20000")


@pytest.mark.parametrize(
    ("shown", "proven"), [(None, True), ("", False), (" I1 ", True), ("0I1", False), ("i1", False)]
)
def test_an_invoice_answer_names_the_invoice(erp, transport, session, shown, proven):
    erp.erp.change({"number": DEMO, "add_invoices": [{"number": "I1", "shown": shown}]})
    settings = silver_settings(erp, transport)
    assert silver_gateway(settings, session).find_invoice(DEMO, "I1") is proven
    lenient = silver_settings(erp, transport, invoice_number_required=False)
    assert silver_gateway(lenient, session).find_invoice(DEMO, "I1") is (proven or shown == "")
