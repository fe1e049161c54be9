"""Signatures of webhooks, as Standard Webhooks 1.0.0 has them; its own package is the sender."""

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customer_center.platform.config import ConfigurationError
from customer_center.webhooks.signatures import STANDARD_WEBHOOKS, signing_keys
from tests.builders.webhooks import OTHER_SECRET, SECRET, signed
from tests.fakes.clock import NOON

BODY = b'{"type": "customer.updated", "data": {"name": "M\xc3\xbcller"}}'
HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
NOW = int(NOON.timestamp())


def check(headers, body=BODY, *, secrets=(SECRET,), at=NOON, tolerance=300):
    signed = STANDARD_WEBHOOKS.signed(
        headers, body, keys=signing_keys(secrets), settings={}, now=at.timestamp(), tolerance=tolerance
    )
    if signed is None:
        return None
    assert signed.content == body
    return signed.webhook_id


def signature_of(content, secret=SECRET):
    """Sign any text, also one that no sender would sign."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def forged(**changed):
    """The headers of a genuine request, with some of them changed."""
    headers = signed(BODY, NOON) | {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in headers.items() if value is not None}


# What is genuine


def test_a_request_that_was_signed_with_our_secret_is_genuine():
    assert check(signed(BODY, NOON)) == "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"


@pytest.mark.parametrize("body", [b"", b"not JSON", "Straße 🪑".encode(), b"\x00\xff"])
def test_the_bytes_are_signed_whatever_they_mean(body):
    headers = forged(webhook_signature=signature_of(b"msg_2KWPBgLlAfxdpx2AI54pPJ85f4W.%d." % NOW + body))
    assert check(headers, body)


@pytest.mark.parametrize("secrets", [(SECRET, OTHER_SECRET), (OTHER_SECRET, SECRET)])
@pytest.mark.parametrize("used", [SECRET, OTHER_SECRET])
def test_while_secrets_are_rotated_each_of_them_is_good(secrets, used):
    assert check(signed(BODY, NOON, used), secrets=secrets)


def test_a_sender_who_rotates_signs_with_both_and_either_is_enough():
    headers = signed(BODY, NOON, OTHER_SECRET, SECRET)
    assert check(headers, secrets=[SECRET])
    assert check(headers, secrets=[OTHER_SECRET])


def test_other_versions_of_signatures_beside_ours_do_not_matter():
    headers = signed(BODY, NOON)
    assert check(headers | {"webhook-signature": f"v1a,AAAA v2,BBBB nonsense {headers['webhook-signature']}"})


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_a_request_is_good_for_five_minutes_before_and_after_its_time(seconds):
    assert check(signed(BODY, NOON + timedelta(seconds=seconds)))


# What is not


@pytest.mark.parametrize("seconds", [-86400, -301, 301, 86400])
def test_outside_of_the_window_a_request_may_be_a_recorded_one(seconds):
    assert check(signed(BODY, NOON + timedelta(seconds=seconds))) is None


def test_the_window_is_a_setting():
    headers = signed(BODY, NOON - timedelta(seconds=61))
    assert check(headers, tolerance=61)
    assert check(headers, tolerance=60) is None


def test_another_secret_another_body_id_or_time_is_somebody_else():
    headers = signed(BODY, NOON)
    assert check(headers, secrets=[OTHER_SECRET]) is None
    assert check(headers, BODY + b" ") is None
    assert check(forged(webhook_id="msg_other")) is None
    assert check(forged(webhook_timestamp=str(NOW + 1))) is None


@pytest.mark.parametrize("missing", HEADERS)
@pytest.mark.parametrize("value", [None, ""], ids=["missing", "empty"])
def test_every_header_is_needed(missing, value):
    assert check(forged(**{missing.replace("-", "_"): value})) is None


@pytest.mark.parametrize(
    "timestamp",
    ["nan", "inf", "1e9", "-5", "+5", f"{NOW}.0", f" {NOW}", f"{NOW}\n", "٣" * 10, "0x10", "9" * 400, "now"],
)
def test_a_time_is_digits(timestamp):
    content = f"msg_2KWPBgLlAfxdpx2AI54pPJ85f4W.{timestamp}.".encode() + BODY
    assert check(forged(webhook_timestamp=timestamp, webhook_signature=signature_of(content))) is None


@pytest.mark.parametrize("webhook_id", ["a.b", "a b", "a\n", "ä", "x" * 129])
def test_an_id_cannot_hold_what_separates_or_what_no_header_holds(webhook_id):
    content = f"{webhook_id}.{NOW}.".encode() + BODY
    assert check(forged(webhook_id=webhook_id, webhook_signature=signature_of(content))) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda good: good.removeprefix("v1,"),
        lambda good: good.replace("v1,", "v1a,"),
        lambda good: good.replace("v1,", "V1,"),
        lambda good: good.replace(",", ", "),
        lambda good: good + ",",
        lambda good: good + "=",
        lambda good: good.rstrip("="),
        lambda good: good[:-5],
        lambda good: "v1,",
        lambda good: "v1,%%%%",
        lambda good: "v1," + "ä" * 44,
        lambda good: good.replace("v1,", "v1,\ud800"),
        lambda good: good.replace(" ", "\t") + "\t",
    ],
)
def test_a_signature_in_another_form_is_none(change):
    assert check(forged(webhook_signature=change(signed(BODY, NOON)["webhook-signature"]))) is None


def test_only_so_many_signatures_are_looked_at():
    good = signed(BODY, NOON)["webhook-signature"]
    assert check(forged(webhook_signature=" ".join(["v1,AAAA"] * 9 + [good])))
    assert check(forged(webhook_signature=" ".join(["v1,AAAA"] * 10 + [good]))) is None


anything = st.text(max_size=20) | st.sampled_from(["v1,", "v1,AAAA", str(NOW), "msg_1", "v1, v1,", f"{NOW}.5"])


@given(headers=st.dictionaries(st.sampled_from([*HEADERS, "content-type"]), anything), body=st.binary(max_size=20))
def test_nothing_that_nobody_signed_gets_through_and_nothing_raises(headers, body):
    assert check(headers, body) is None


@given(
    header=st.sampled_from(HEADERS),
    at=st.integers(0, 60),
    text=st.text(min_size=1, max_size=3),
    length=st.integers(0, 3),
)
def test_a_genuine_request_with_any_change_in_a_header_is_refused_or_means_the_same(header, at, text, length):
    headers = signed(BODY, NOON)
    good = headers[header]
    changed = good[:at] + text + good[at + length :]
    # Only more signatures may stand beside the good one.
    same = changed == good or (header == "webhook-signature" and good in changed.split(" "))
    assert (check(headers | {header: changed}) is not None) == same


@given(body=st.binary(max_size=2000))
def test_whatever_its_sender_signed_is_genuine(body):
    headers = forged(webhook_signature=signature_of(b"msg_2KWPBgLlAfxdpx2AI54pPJ85f4W.%d." % NOW + body))
    assert check(headers, body)


# Secrets


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        SECRET.removeprefix("whsec_"),
        SECRET.replace("whsec_", "whsk_"),
        "whsec_not Base64!",
        "whsec_" + base64.b64encode(b"x" * 23).decode(),
        "whsec_" + base64.b64encode(b"x" * 65).decode(),
        "whsec_ä",
    ],
)
def test_a_secret_that_could_be_guessed_or_read_wrongly_is_told_at_once_and_not_repeated(secret):
    with pytest.raises(ConfigurationError) as refused:
        signing_keys([SECRET, secret])
    assert secret in ("", "whsec_") or secret not in str(refused.value)
    assert refused.value.__cause__ is None


def test_without_a_secret_nobody_can_sign():
    with pytest.raises(ConfigurationError):
        signing_keys([])
