"""What every mailer promises: the fake that other tests use, and SES."""

import json
import urllib.request
from contextlib import contextmanager
from email.header import decode_header, make_header
from email.utils import parseaddr
from types import SimpleNamespace

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from customer_center.mail.ports import UNFIT_FOR_A_HEADER, MailRefused, MailUnavailable, Message
from customer_center.mail.ses import SesMailer, _mailbox
from local.stack import REGION
from tests.fakes.mail import FakeMailer

MESSAGE = Message(
    to="tja@example.com",
    subject="Ihr Zugang für Möbel 🪑",
    html="<p>Schöne Grüße</p>",
    text="Schöne Grüße",
    tags={"mail_id": "inv_01kaq-7"},
)


def message(**changes):
    return Message(**{name: getattr(MESSAGE, name) for name in Message.__slots__} | changes)


SCRIPTS = {
    "arabic": "مرحبا بكم في المتجر",
    "hebrew": "ברוכים הבאים לחנות",
    "thai": "ยินดีต้อนรับสู่ร้านค้า",
    "han": "欢迎来到商店",
    "hangul": "상점에 오신 것을 환영합니다",
    "devanagari": "दुकान में आपका स्वागत है",
    "combining": "Z̷̧̛a̶͝l̴g̵o̶",
    "emoji": "👩‍👩‍👧‍👦 🪑",
}


class FakeWorld:
    """The fake mailer, its switches and what it sent."""

    def __init__(self):
        self.mailer = FakeMailer()

    def refuse(self):
        self.mailer.refusing = True

    def pause(self):
        self.mailer.unavailable = True

    def resume(self):
        self.mailer.unavailable = False

    def sent(self):
        return [(mail.to, mail.subject, mail.html) for mail in self.mailer.sent]


class SesWorld:
    """The SES of moto or of the emulator; errors that they cannot produce are injected."""

    def __init__(self, client, outbox):
        self.client = client
        self._outbox = outbox
        self._before = len(outbox())
        self.mailer = self.mailer_from("Harmony Shop", "no-reply@shop.example.com")
        self.asked = []
        self.failure = None

    @contextmanager
    def watched(self):
        hooks = {
            "before-call.sesv2.SendEmail": self._before_call,
            "provide-client-params.sesv2.SendEmail": self._params,
        }
        for event, hook in hooks.items():
            self.client.meta.events.register(event, hook)
        yield self
        for event, hook in hooks.items():
            self.client.meta.events.unregister(event, hook)

    def mailer_from(self, name, address, **more):
        return SesMailer(
            client=self.client, sender_name=name, sender_address=address, configuration_set="customer-center", **more
        )

    def _params(self, params, **_):
        self.asked.append(params)

    def _before_call(self, **_):
        if isinstance(self.failure, Exception):
            raise self.failure
        return self.failure

    def fail(self, status, code, sentence="No."):
        answer = {"Error": {"Code": code, "Message": sentence}, "ResponseMetadata": {"HTTPStatusCode": status}}
        self.failure = SimpleNamespace(status_code=status), answer

    def refuse(self):
        self.fail(400, "MessageRejected")

    def pause(self):
        self.fail(400, "SendingPausedException")

    def resume(self):
        self.failure = None

    def sent(self):
        return self._outbox()[self._before :]


def _outbox_of_moto():
    mails = ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages
    return [(mail.destinations["ToAddresses"][0], mail.subject, mail.body) for mail in mails]


@pytest.fixture
def ses(moto_client):
    client = moto_client("sesv2")
    client.create_email_identity(EmailIdentity="shop.example.com")
    with SesWorld(client, _outbox_of_moto).watched() as world:
        yield world


@pytest.fixture(scope="session")
def emulated_ses(emulator_client):
    client = emulator_client("sesv2")
    client.create_email_identity(EmailIdentity="shop.example.com")
    return client


@pytest.fixture
def emulator(emulated_ses):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def outbox():
        with opener.open(f"{emulated_ses.meta.endpoint_url}/_ministack/ses/messages", timeout=10) as answer:
            accounts = json.load(answer)["messages"]
        mails = (mail for mails in accounts.values() for mail in mails)
        return [(mail["To"][0], mail["Subject"], mail["BodyHtml"]) for mail in mails]

    with SesWorld(emulated_ses, outbox).watched() as world:
        yield world


@pytest.fixture(params=["fake", "ses", "emulator"])
def world(request):
    return FakeWorld() if request.param == "fake" else request.getfixturevalue(request.param)


def test_a_mail_is_sent_as_it_was_written(world):
    """001: "After sending the form, the user will get an email"."""
    assert world.mailer.send(MESSAGE)
    assert world.sent() == [("tja@example.com", MESSAGE.subject, MESSAGE.html)]


@pytest.mark.parametrize("subject", SCRIPTS.values(), ids=SCRIPTS)
def test_a_mail_of_any_script_arrives_as_it_was_written(world, subject):
    world.mailer.send(message(subject=subject, html=f"<p>{subject}</p>", text=subject))
    assert world.sent() == [("tja@example.com", subject, f"<p>{subject}</p>")]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0", "\x0b", "\x0c", "\x1b", "\x85", "\u2028", "\u2029"])
def test_a_subject_is_one_line(end):
    with pytest.raises(ValueError, match="subject"):
        message(subject=f"Your access{end}Bcc: everybody@example.com")


def test_each_sending_has_its_own_message_id(world):
    assert world.mailer.send(MESSAGE) != world.mailer.send(MESSAGE)
    assert len(world.sent()) == 2


def test_a_refused_mail_is_not_sent(world):
    world.refuse()
    with pytest.raises(MailRefused):
        world.mailer.send(MESSAGE)
    assert world.sent() == []


def test_a_mail_that_cannot_be_sent_now_can_be_sent_later(world):
    world.pause()
    with pytest.raises(MailUnavailable):
        world.mailer.send(MESSAGE)
    assert world.sent() == []
    world.resume()
    world.mailer.send(MESSAGE)
    assert len(world.sent()) == 1


def test_an_international_domain_is_reached_by_its_ascii_name(world):
    world.mailer.send(message(to="info@Straße.example"))
    assert world.sent()[0][0] == "info@xn--strae-oqa.example"


@pytest.mark.parametrize(
    "address",
    [
        "jörg@example.com",
        "",
        "@example.com",
        "jahn@",
        "jahn",
        "a@example.com, b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "<a@example.com>",
        "a b@example.com",
        "a@b@example.com",
        "a@exa mple.com",
        "a@\u2603\u200d.example",
    ],
)
def test_an_address_that_cannot_be_written_to_is_refused(world, address):
    with pytest.raises(MailRefused) as refused:
        world.mailer.send(message(to=address))
    assert refused.value.code == "mail-address-refused"
    assert world.sent() == []


@pytest.mark.parametrize("tags", [{"mail_id": "tja@example.com"}, {"mail id": "1"}, {"mail_id": ""}, {"a": "x" * 257}])
def test_a_tag_is_a_short_id_and_no_address(tags):
    with pytest.raises(ValueError, match="tag"):
        message(tags=tags)


@pytest.mark.parametrize(
    ("status", "code"), [(400, "MessageRejected"), (400, "BadRequestException"), (400, "InvalidParameterValue")]
)
def test_ses_blames_the_mail(ses, status, code):
    ses.fail(status, code, "tja@example.com is no good")
    with pytest.raises(MailRefused) as refused:
        ses.mailer.send(MESSAGE)
    assert refused.value.values == {"reason": code}


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "AccountSuspendedException"),
        (400, "SendingPausedException"),
        (400, "LimitExceededException"),
        (400, "MailFromDomainNotVerifiedException"),
        (403, "AccessDeniedException"),
        (404, "NotFoundException"),
        (429, "TooManyRequestsException"),
        (400, "ThrottlingException"),
        (500, "InternalFailure"),
        (503, "503"),
        (400, "SomethingNew"),
    ],
)
def test_ses_or_our_set_up_is_to_blame_and_the_mail_stays_good(ses, status, code):
    ses.fail(status, code, "tja@example.com")
    with pytest.raises(MailUnavailable) as unavailable:
        ses.mailer.send(MESSAGE)
    assert unavailable.value.values == {"reason": code}


@pytest.mark.parametrize(
    "failure",
    [
        EndpointConnectionError(endpoint_url="https://email.example"),
        ConnectionClosedError(endpoint_url="https://email.example"),
        ReadTimeoutError(endpoint_url="https://email.example"),
    ],
)
def test_a_broken_line_is_temporary(ses, failure):
    ses.failure = failure
    with pytest.raises(MailUnavailable) as unavailable:
        ses.mailer.send(MESSAGE)
    assert unavailable.value.values == {"reason": type(failure).__name__}


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (429, "TooManyRequestsException", "Daily message quota exceeded."),
        (429, "TooManyRequestsException", "Maximum sending rate exceeded."),
        (400, "LimitExceededException", "Daily message quota exceeded."),
        (400, "AccountSuspendedException", "The account is suspended."),
        (400, "SendingPausedException", "Sending is paused."),
        (400, "MessageRejected", "Sending paused for this account. For more information, please check the inbox."),
        (400, "MessageRejected", "Daily message quota exceeded."),
        (400, "BadRequestException", "Sending suspended for this account."),
        (
            400,
            "MessageRejected",
            "Email address is not verified. The following identities failed the check: a@x.example",
        ),
    ],
)
def test_what_ses_says_about_the_account_delays_the_mail_and_does_not_bury_it(ses, status, code, sentence):
    """The sandbox, a quota and a pause end some day. A mail that is refused is noted as bounced, and never sent."""
    ses.fail(status, code, sentence)
    with pytest.raises(MailUnavailable) as failed:
        ses.mailer.send(MESSAGE)
    assert sentence not in str(failed.value)


def test_an_unverified_sender_is_our_fault_and_not_the_mails(ses):
    with pytest.raises(MailUnavailable):
        ses.mailer_from("Shop", "no-reply@elsewhere.example").send(MESSAGE)


def test_an_error_does_not_carry_the_address_into_the_log(ses):
    ses.fail(400, "MessageRejected", "Address tja@example.com is suppressed")
    with pytest.raises(MailRefused) as refused:
        ses.mailer.send(MESSAGE)
    assert refused.value.__suppress_context__
    assert "tja@" not in f"{refused.value} {refused.value.values}"


def test_ses_is_asked_for_both_parts_tags_and_reports(ses):
    ses.mailer_from("Harmony Shop", "no-reply@shop.example.com", reply_to=["service@shöp.example"]).send(MESSAGE)
    (asked,) = ses.asked
    simple = asked["Content"]["Simple"]
    assert simple["Subject"] == {"Data": MESSAGE.subject, "Charset": "UTF-8"}
    assert simple["Body"]["Html"] == {"Data": MESSAGE.html, "Charset": "UTF-8"}
    assert simple["Body"]["Text"] == {"Data": MESSAGE.text, "Charset": "UTF-8"}
    assert simple["Headers"] == [{"Name": "Auto-Submitted", "Value": "auto-generated"}]
    assert asked["FromEmailAddress"] == "Harmony Shop <no-reply@shop.example.com>"
    assert asked["ConfigurationSetName"] == "customer-center"
    assert asked["EmailTags"] == [{"Name": "mail_id", "Value": "inv_01kaq-7"}]
    assert asked["ReplyToAddresses"] == ["service@xn--shp-tna.example"]


@pytest.mark.parametrize(
    "name",
    [
        "Harmony Shop",
        'Harmony, "the" Shop',
        "Möbel & Söhne",
        "株式会社 😀",
        "Möbel " * 20 + "Shop",
        "Shop\r\nBcc: x@y.example",
        *SCRIPTS.values(),
    ],
)
def test_the_senders_name_is_encoded_for_a_mail_header(ses, name):
    ses.mailer_from(name, "no-reply@shop.example.com").send(MESSAGE)
    header = ses.asked[0]["FromEmailAddress"]
    assert header.isascii()
    assert "\n" not in header
    assert "\r" not in header
    encoded, address = parseaddr(header)
    assert address == "no-reply@shop.example.com"
    assert str(make_header(decode_header(encoded))) == " ".join(name.split())


@settings(max_examples=300)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_no_name_of_a_sender_reaches_beyond_its_header(name):
    header = _mailbox(name, "no-reply@shop.example.com")
    assert header.isascii()
    assert header.isprintable()
    encoded, address = parseaddr(header)
    assert address == "no-reply@shop.example.com"
    assert str(make_header(decode_header(encoded))).split() == UNFIT_FOR_A_HEADER.sub(" ", name).split()
