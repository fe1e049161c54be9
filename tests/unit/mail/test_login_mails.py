"""What Cognito's own mails say: they are sent through SES in the reader's language."""

import re

import pytest

from customer_center.mail.login_mails import login_mail
from customer_center.platform.language import SUPPORTED_LANGUAGES

FORGOTTEN = "CustomMessage_ForgotPassword"
# AWS, UserPoolType: EmailVerificationSubject and EmailVerificationMessage.
SUBJECT_MAY_HAVE = 140
MESSAGE_MAY_HAVE = 20_000


def words(trigger=FORGOTTEN, locale="en", **changed):
    shop = {"shop_name": "Harmony Shop", "shop_url": "https://shop.example.com", "fallback_language": "en"}
    return login_mail(trigger, locale=locale, code="{####}", **shop | changed)


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("en", "Your code for a new password at Harmony Shop"),
        ("de", "Ihr Code für ein neues Passwort bei Harmony Shop"),
        ("nl", "Uw code voor een nieuw wachtwoord bij Harmony Shop"),
        ("fr-BE", "Votre code pour un nouveau mot de passe sur Harmony Shop"),
    ],
)
def test_a_forgotten_password_is_answered_in_the_language_of_the_login(locale, subject):
    assert words(locale=locale)["emailSubject"] == subject


@pytest.mark.parametrize("locale", [None, "", "it", "<script>", "\ud800"])
def test_a_login_of_no_language_we_speak_is_addressed_in_the_shops(locale):
    assert words(locale=locale, fallback_language="nl") == words(locale="nl")


@pytest.mark.parametrize("language", SUPPORTED_LANGUAGES)
def test_cognito_finds_the_place_for_its_code_once(language):
    mail = words(locale=language)
    assert mail["emailMessage"].count("{####}") == 1
    assert "{" not in mail["emailSubject"]


@pytest.mark.parametrize("language", SUPPORTED_LANGUAGES)
@pytest.mark.parametrize("shop_name", ["Möbel & <Söhne>", "😀" * 60, "李" * 60])
def test_cognito_takes_the_words_of_any_shop(language, shop_name):
    mail = words(locale=language, shop_name=shop_name)
    assert mail["emailMessage"].isascii()
    assert not re.search(r"[^\x20-\x7e\n]", mail["emailMessage"])
    assert "<S" not in mail["emailMessage"]
    assert len(mail["emailMessage"]) <= MESSAGE_MAY_HAVE
    assert 1 <= len(mail["emailSubject"]) <= SUBJECT_MAY_HAVE
    assert "\xa0" not in mail["emailSubject"]


@pytest.mark.parametrize("trigger", ["CustomMessage_VerifyUserAttribute", "CustomMessage_AdminCreateUser"])
def test_any_other_mail_keeps_cognitos_own_words(trigger):
    assert words(trigger) == {}
