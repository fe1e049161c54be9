"""The contents of our mails, and that no value can change more than its own place."""

import string
import subprocess
import sys
import tomllib
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import TemplateNotFound, UndefinedError

from customer_center.mail import render as render_module
from customer_center.mail.ports import UNFIT_FOR_A_HEADER
from customer_center.mail.render import SUBJECT_LIMIT, render
from customer_center.platform.language import SUPPORTED_LANGUAGES

LINK = "https://shop.example.com/invitation?token=usr_1_2.abc&lang=x"
SHOP_URL = "https://shop.example.com"
PAGE = "https://shop.example.com/invitation"
TYPED_CODE = "7K3M-Q0XT-9A2F"
INVITATION = {
    "shop_name": "Harmony Shop",
    "shop_url": SHOP_URL,
    "login": "tja@example.com",
    "salutation": "mr",
    "name": "Thomas Jahn",
    "company_name": "Möbel-Meller KG",
    "customer_number": "10000",
    "contact_number": "CT000007",
    "roles": ["Approver", "Buyer"],
    "inviter_name": "Anna Müller",
    "link": LINK,
    "page": PAGE,
    "code": TYPED_CODE,
    "expires_at": datetime(2026, 3, 5, 14, 5, 59, tzinfo=UTC),
}
ACTIVATION_CODE = {
    "shop_name": "Harmony Shop",
    "shop_url": SHOP_URL,
    "customer_number": "10000",
    "code": "042317",
    "minutes": 15,
}
EMAIL_CONFIRMATION = {
    "shop_name": "Harmony Shop",
    "shop_url": SHOP_URL,
    "salutation": "mrs",
    "name": "Anna Mehl",
    "new_email": "anna.mehl@new.example.com",
    "changed_by_name": "Thomas Jahn",
    "link": LINK,
    "page": PAGE,
    "code": TYPED_CODE,
    "expires_at": datetime(2026, 3, 5, 14, 5, 59, tzinfo=UTC),
    "takes_effect_at": datetime(2026, 3, 7, 14, 5, 59, tzinfo=UTC),
}
EMAIL_CHANGE_NOTICE = {
    "shop_name": "Harmony Shop",
    "shop_url": SHOP_URL,
    "salutation": "mrs",
    "name": "Anna Mehl",
    "new_email_hint": "a***@new.example.com",
    "changed_by_name": "Thomas Jahn",
    "cancel_link": LINK,
    "agree_link": "https://shop.example.com/email?token=usr_1_2.abc&lang=x",
    "page": PAGE,
    "code": TYPED_CODE,
    "takes_effect_at": datetime(2026, 3, 7, 14, 5, 59, tzinfo=UTC),
}
MAIN_CONTACT_HANDED_OVER = {
    "shop_name": "Harmony Shop",
    "shop_url": SHOP_URL,
    "salutation": "mrs",
    "name": "Anna Mehl",
    "company_name": "Möbel-Meller KG",
    "old_name": "Thomas Jahn",
    "new_name": "Anna Mehl",
}
CONTACT_LEFT = {
    "shop_name": "Harmony Shop",
    "shop_url": SHOP_URL,
    "salutation": "mr",
    "name": "Thomas Jahn",
    "company_name": "Möbel-Meller KG",
    "contact_name": "Anna Mehl",
    "contact_number": "CT000007",
}
ACCOUNT_EXISTS = {
    "shop_name": "Harmony Shop",
    "shop_url": SHOP_URL,
    "salutation": "mrs",
    "name": "Anna Mehl",
    "login": "anna.mehl@example.com",
}
INVITATION_WITHDRAWN = {
    "shop_name": "Harmony Shop",
    "shop_url": SHOP_URL,
    "salutation": "mr",
    "name": "Thomas Jahn",
    "company_name": "Möbel-Meller KG",
    "invited_name": "Anna Mehl",
    "link": f"{SHOP_URL}/users#invite=usr_1_2",
}
PASSWORD_RESET = {"shop_name": "Harmony Shop", "shop_url": SHOP_URL, "code": "{####}"}
MAILS = {
    "invitation": INVITATION,
    "activation_code": ACTIVATION_CODE,
    "email_confirmation": EMAIL_CONFIRMATION,
    "email_change_notice": EMAIL_CHANGE_NOTICE,
    "main_contact_handed_over": MAIN_CONTACT_HANDED_OVER,
    "contact_left": CONTACT_LEFT,
    "account_exists": ACCOUNT_EXISTS,
    "invitation_withdrawn": INVITATION_WITHDRAWN,
    "password_reset": PASSWORD_RESET,
}
URLS = ("link", "cancel_link", "agree_link", "shop_url")

every_language = pytest.mark.parametrize("language", SUPPORTED_LANGUAGES)
every_mail = pytest.mark.parametrize("template", MAILS)


class Reader(HTMLParser):
    """Parses a mail as a mail client does: tags, links and words."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.tags, self.links, self._words = [], [], []
        self.feed(html)
        self.close()

    @property
    def words(self):
        return " ".join("".join(self._words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, *(name for name, _ in attrs)))
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag):
        self.tags.append(f"/{tag}")

    def handle_comment(self, data):
        self.tags.append(f"comment {data}")

    def handle_data(self, data):
        self._words.append(data)


def both(mail):
    """The two parts of a mail as a person reads them."""
    return Reader(mail.html).words, " ".join(mail.text.split())


@every_language
@pytest.mark.parametrize("value", ["Harmony Shop", SHOP_URL, "tja@example.com", LINK])
def test_the_invitation_says_how_to_access_the_shop(language, value):
    """001: "the user will get an email that contains all information about how to access the shop"."""
    for part in both(render("invitation", language, INVITATION)):
        assert value in part


@pytest.mark.parametrize(
    ("language", "details"),
    [
        ("en", ["Name", "Company", "Customer number", "Contact number", "Roles", "Approver, Buyer"]),
        ("de", ["Name", "Unternehmen", "Kundennummer", "Kontaktnummer", "Rollen", "Approver, Buyer"]),
        ("nl", ["Naam", "Bedrijf", "Klantnummer", "Contactnummer", "Rollen", "Approver, Buyer"]),
        ("fr", ["Nom", "Entreprise", "Numéro de client", "Numéro de contact", "Rôles", "Approver, Buyer"]),
    ],
)
def test_the_invitation_tells_the_users_account_data(language, details):
    """001: "... and his account data"."""
    for part in both(render("invitation", language, INVITATION)):
        for value in ["Thomas Jahn", "Möbel-Meller KG", "10000", "CT000007", *details]:
            assert value in part


@pytest.mark.parametrize(
    ("language", "once", "until"),
    [
        ("en", "works only once", "until 5 March 2026, 14:05 (UTC)"),
        ("de", "nur einmal verwenden", "bis zum 5. März 2026, 14:05 Uhr (UTC)"),
        ("nl", "werkt maar één keer", "tot 5 maart 2026, 14:05 uur (UTC)"),
        ("fr", "qu’une seule fois", "jusqu’au 5 mars 2026 à 14:05 (UTC)"),
    ],
)
def test_the_invitation_says_that_the_link_works_once_and_until_when(language, once, until):
    for part in both(render("invitation", language, INVITATION)):
        assert once in part
        assert until in part


def test_a_moment_of_another_zone_is_told_in_utc():
    late = datetime(2026, 12, 31, 20, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert "1 January 2027, 01:30 (UTC)" in render("invitation", "en", INVITATION | {"expires_at": late}).text


@pytest.mark.parametrize(
    ("language", "moment"),
    [("en", "1 May 2026"), ("de", "1. Mai 2026"), ("nl", "1 mei 2026"), ("fr", "1er mai 2026")],
)
def test_the_first_of_a_month_is_written_as_the_language_does(language, moment):
    first = datetime(2026, 5, 1, 9, tzinfo=UTC)
    assert moment in render("invitation", language, INVITATION | {"expires_at": first}).text


@every_language
def test_the_invitation_says_who_invited(language):
    for part in both(render("invitation", language, INVITATION)):
        assert "Anna Müller" in part


@every_language
def test_a_password_is_never_in_a_mail(language):
    """001: "The password must be changed by the shop users themselves." Ours is chosen by them; a mail carries none."""
    values = INVITATION | {"password": "hunter2-Xy!"}
    mail = render("invitation", language, values)
    assert "hunter2" not in mail.subject + mail.html + mail.text


@every_language
@pytest.mark.parametrize("contact_number", [None, ""])
def test_without_a_contact_number_the_invitation_does_not_speak_of_one(language, contact_number):
    label = {"en": "Contact number", "de": "Kontaktnummer", "nl": "Contactnummer", "fr": "Numéro de contact"}[language]
    for part in both(render("invitation", language, INVITATION | {"contact_number": contact_number})):
        assert label not in part


@pytest.mark.parametrize(("language", "label"), [("en", "Role"), ("de", "Rolle"), ("nl", "Rol"), ("fr", "Rôle")])
def test_one_role_is_called_a_role(language, label):
    assert f"\n{label}: " in render("invitation", language, INVITATION | {"roles": ["Main contact"]}).text


@pytest.mark.parametrize(
    ("language", "salutation", "greeting"),
    [
        ("en", "mr", "Dear Mr Thomas Jahn,"),
        ("en", "mrs", "Dear Mrs Thomas Jahn,"),
        ("en", "mx", "Dear Thomas Jahn,"),
        ("en", "items", "Dear Thomas Jahn,"),
        ("de", "mr", "Guten Tag Herr Thomas Jahn,"),
        ("de", "mrs", "Guten Tag Frau Thomas Jahn,"),
        ("de", "divers", "Guten Tag Thomas Jahn,"),
        ("de", "", "Guten Tag Thomas Jahn,"),
        ("nl", "mr", "Geachte heer Thomas Jahn,"),
        ("nl", "mrs", "Geachte mevrouw Thomas Jahn,"),
        ("nl", "mx", "Geachte Thomas Jahn,"),
        ("fr", "mr", "Bonjour Monsieur Thomas Jahn,"),
        ("fr", "mrs", "Bonjour Madame Thomas Jahn,"),
        ("fr", "mx", "Bonjour Thomas Jahn,"),
    ],
)
def test_a_person_is_greeted_by_salutation_and_name(language, salutation, greeting):
    for part in both(render("invitation", language, INVITATION | {"salutation": salutation})):
        assert greeting in part


@pytest.mark.parametrize(
    ("language", "validity", "stranger"),
    [
        ("en", "valid for 15 minutes", "Did you not ask for this code?"),
        ("de", "15 Minuten gültig", "Sie haben diesen Code nicht angefordert?"),
        ("nl", "15 minuten geldig", "Hebt u deze code niet aangevraagd?"),
        ("fr", "valable 15 minutes", "Vous n’avez pas demandé ce code ?"),
    ],
)
def test_the_activation_code_comes_with_its_time_and_what_to_do_if_one_did_not_ask(language, validity, stranger):
    for part in both(render("activation_code", language, ACTIVATION_CODE)):
        for value in ["042317", "Harmony Shop", SHOP_URL, "10000", validity, stranger]:
            assert value in part


@pytest.mark.parametrize(
    ("language", "validity"),
    [("en", "one minute."), ("de", "eine Minute gültig."), ("nl", "één minuut geldig."), ("fr", "valable une minute.")],
)
def test_one_minute_is_one_minute(language, validity):
    assert validity in render("activation_code", language, ACTIVATION_CODE | {"minutes": 1}).text


@pytest.mark.parametrize(
    ("language", "validity", "stranger"),
    [
        ("en", "valid for one hour", "Did you not ask for a new password?"),
        ("de", "eine Stunde gültig", "Sie haben kein neues Passwort angefordert?"),
        ("nl", "één uur geldig", "Hebt u geen nieuw wachtwoord aangevraagd?"),
        ("fr", "valable une heure", "Vous n’avez pas demandé de nouveau mot de passe ?"),
    ],
)
def test_the_code_for_a_new_password_comes_with_its_time_and_what_to_do_if_one_did_not_ask(
    language, validity, stranger
):
    for part in both(render("password_reset", language, PASSWORD_RESET)):
        for value in ["{####}", "Harmony Shop", SHOP_URL, validity, stranger]:
            assert value in part


@pytest.mark.parametrize(
    ("language", "promise"),
    [
        ("en", "Until the change takes effect, you sign in with your previous address."),
        ("de", "Bis die Änderung wirksam wird, melden Sie sich mit Ihrer bisherigen Adresse an."),
        ("nl", "Tot de wijziging ingaat, meldt u zich aan met uw vorige adres."),
        ("fr", "pas effective, vous vous connectez avec votre adresse précédente."),
    ],
)
def test_a_new_address_is_asked_to_confirm_itself_and_the_old_login_stays_until_then(language, promise):
    """A new e-mail waits until its owner follows the link that was sent to it (docs/specification.md, 4.8)."""
    for part in both(render("email_confirmation", language, EMAIL_CONFIRMATION)):
        for value in ["Thomas Jahn", "anna.mehl@new.example.com", LINK, promise, "2026"]:
            assert value in part


CODED = ("invitation", "email_confirmation", "email_change_notice")


@every_language
@pytest.mark.parametrize("template", CODED)
def test_every_mail_with_a_link_has_a_code_to_type_and_the_page_to_type_it_into(language, template):
    """Mail scanners break links behind a # (docs/specification.md, 5.21)."""
    for part in both(render(template, language, MAILS[template])):
        assert TYPED_CODE in part
        assert part.index(PAGE) < part.index(TYPED_CODE)


def test_no_mail_with_a_link_has_no_code():
    linked = {template for template, values in MAILS.items() if {"link", "cancel_link"} & values.keys()}
    # Its link leads to a page for people who are logged in, and holds no secret.
    linked -= {"invitation_withdrawn"}
    assert linked == set(CODED)


@pytest.mark.parametrize(
    ("language", "moment", "cancel"),
    [
        ("en", "from 7 March 2026, 14:05 (UTC) on", "This was not me: cancel"),
        ("de", "ab dem 7. März 2026, 14:05 Uhr (UTC)", "Das war ich nicht: abbrechen"),
        ("nl", "vanaf 7 maart 2026, 14:05 uur (UTC)", "Dit was ik niet: annuleren"),
        ("fr", "à partir du 7 mars 2026 à 14:05 (UTC)", "Ce n’était pas moi\N{NO-BREAK SPACE}: annuler"),
    ],
)
def test_the_old_address_can_cancel_the_change_or_agree_and_is_told_from_when_it_counts(language, moment, cancel):
    """Otherwise editing a colleague's address is a takeover with a notice (docs/specification.md, 4.8)."""
    mail = render("email_change_notice", language, EMAIL_CHANGE_NOTICE)
    assert cancel in mail.html
    for part in both(mail):
        assert moment in part
    for link in (EMAIL_CHANGE_NOTICE["cancel_link"], EMAIL_CHANGE_NOTICE["agree_link"]):
        assert link in mail.text
        assert link in Reader(mail.html).links


@every_language
@pytest.mark.parametrize("template", ["email_confirmation", "email_change_notice"])
def test_without_a_delay_no_mail_speaks_of_one(language, template):
    for part in both(render(template, language, MAILS[template] | {"takes_effect_at": None})):
        assert "None" not in part
        assert "7" not in part.replace(TYPED_CODE, "").replace(LINK, "")


@every_language
def test_the_old_address_is_told_and_only_hinted_at_the_new_one(language):
    """The old address is notified of the new one (docs/specification.md, 4.8)."""
    for part in both(
        render("email_change_notice", language, EMAIL_CHANGE_NOTICE | {"new_email": "anna.mehl@x.example"})
    ):
        assert part.count("Thomas Jahn") == 2
        assert "a***@new.example.com" in part
        assert "anna.mehl@" not in part


@pytest.mark.parametrize(
    ("language", "intro", "warning"),
    [
        ("en", "You have entered", "cancel the change now, change your password, and contact Harmony Shop"),
        ("de", "Sie haben", "jetzt ab, ändern Sie Ihr Passwort und wenden Sie sich an Harmony Shop"),
        ("nl", "U hebt", "nu de wijziging, wijzig uw wachtwoord en neem contact op met Harmony Shop"),
        ("fr", "Vous avez enregistré", "changer votre mot de passe et contacter Harmony Shop sans tarder"),
    ],
)
def test_who_changed_their_own_address_is_not_sent_to_themself(language, intro, warning):
    for template in ("email_confirmation", "email_change_notice"):
        for part in both(render(template, language, MAILS[template] | {"changed_by_name": None})):
            assert intro in part
            assert "None" not in part
    for part in both(render("email_change_notice", language, EMAIL_CHANGE_NOTICE | {"changed_by_name": None})):
        assert warning in part


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        (
            "en",
            "Thomas Jahn has handed over the role of main contact for Möbel-Meller KG at Harmony Shop to Anna Mehl.",
        ),
        (
            "de",
            "Thomas Jahn hat die Rolle als Hauptkontakt für Möbel-Meller KG bei Harmony Shop an Anna Mehl übergeben.",
        ),
        (
            "nl",
            "Thomas Jahn heeft de rol van hoofdcontactpersoon voor Möbel-Meller KG bij Harmony Shop overgedragen aan",
        ),
        (
            "fr",
            "Thomas Jahn a transmis à Anna Mehl le rôle de contact principal pour Möbel-Meller KG sur Harmony Shop.",
        ),
    ],
)
def test_a_new_main_contact_is_told_with_who_hands_over_to_whom(language, sentence):
    for part in both(render("main_contact_handed_over", language, MAIN_CONTACT_HANDED_OVER)):
        assert sentence in part


@pytest.mark.parametrize(
    ("language", "access", "advice"),
    [
        ("en", "can still sign in to Harmony Shop", "please deactivate the account"),
        ("de", "kann sich aber weiterhin bei Harmony Shop anmelden", "deaktivieren Sie bitte das Konto"),
        ("nl", "kan zich nog steeds aanmelden bij Harmony Shop", "Deactiveer dan het account"),
        ("fr", "peut toujours se connecter à Harmony Shop", "désactiver son compte"),
    ],
)
def test_a_main_contact_is_told_who_left_and_that_they_still_have_access(language, access, advice):
    for part in both(render("contact_left", language, CONTACT_LEFT)):
        for value in ["Anna Mehl", "CT000007", "Möbel-Meller KG", access, advice]:
            assert value in part


@every_language
def test_the_code_is_not_in_the_subject_which_locked_phones_show(language):
    assert "042317" not in render("activation_code", language, ACTIVATION_CODE).subject


@every_language
@every_mail
def test_links_lead_to_the_given_addresses_only(template, language):
    values = MAILS[template]
    reader = Reader(render(template, language, values).html)
    assert set(reader.links) == {values[name] for name in URLS if name in values}


@every_language
@every_mail
def test_the_html_names_its_language(template, language):
    assert render(template, language, MAILS[template]).html.startswith(f'<!DOCTYPE html>\n<html lang="{language}"')


@every_mail
def test_every_language_has_the_same_structure(template):
    structures = {
        tuple(Reader(render(template, language, MAILS[template]).html).tags) for language in SUPPORTED_LANGUAGES
    }
    assert len(structures) == 1


def flat(texts, prefix=""):
    """All sentences by their dotted key."""
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def test_every_language_has_the_same_sentences_with_the_same_placeholders():
    folder = Path(render_module.__file__).parent / "texts"
    assert {path.stem for path in folder.glob("*.toml")} == set(SUPPORTED_LANGUAGES)
    shapes = []
    for path in folder.glob("*.toml"):
        texts = dict(flat(tomllib.loads(path.read_text(encoding="utf-8"))))
        assert len(texts["common.months"]) == 12
        assert all(sentence == sentence.strip() != "" for sentence in texts.values() if isinstance(sentence, str))
        shapes.append(
            {
                key: {name for _, name, _, _ in string.Formatter().parse(str(sentence)) if name is not None}
                for key, sentence in texts.items()
            }
        )
    assert all(shape == shapes[0] for shape in shapes)


def test_every_template_has_both_parts_and_is_tested_here():
    folder = Path(render_module.__file__).parent / "templates"
    shared = {"layout.html.j2", "parts.html.j2", "closing.txt.j2"}
    files = {f"{template}.{part}.j2" for template in MAILS for part in ("html", "txt")}
    assert {path.name for path in folder.iterdir()} == shared | files


@every_language
@every_mail
def test_a_missing_value_is_an_error_and_never_a_gap(template, language):
    for name in MAILS[template]:
        values = {key: value for key, value in MAILS[template].items() if key != name}
        with pytest.raises(UndefinedError):
            render(template, language, values)


def test_a_language_without_texts_is_an_error():
    with pytest.raises(ValueError, match="it"):
        render("invitation", "it", INVITATION)


def test_an_unknown_template_is_an_error():
    with pytest.raises(TemplateNotFound):
        render("party", "en", INVITATION)


def test_text_is_not_escaped_and_html_is():
    mail = render("invitation", "en", INVITATION | {"company_name": 'Müller & <b>Söhne</b> "O\'Neil" {name}'})
    assert 'Müller & <b>Söhne</b> "O\'Neil" {name}' in mail.text
    assert "Müller &amp; &lt;b&gt;Söhne&lt;/b&gt; &#34;O&#39;Neil&#34; {name}" in mail.html


NAMES = ("shop_name", "name", "company_name", "inviter_name", "changed_by_name", "old_name", "new_name", "contact_name")
SCRIPTS = {
    "latin": "W" * 50,
    "markup": 'O\'Neil & <Söhne> "{name}" %s ' + "&" * 20,
    "arabic": "عبد الرحمن بن عبد العزيز بن عبد الله بن محمد",
    "hebrew": "בנימין זאב בן יוסף הכהן וילבוש",
    "thai": "สมเด็จพระเจ้าตากสินมหาราชกรุงธนบุรี",
    "han": "李" * 50,
    "kana-hangul": "きゃりーぱみゅぱみゅ 김수한무거북이와두루미",
    "devanagari": "श्रीनिवास रामानुजन् अय्यंगार",
    "combining": "Z̷̧̛a̶͝l̴g̵o̶" * 3,
    "emoji": "👩‍👩‍👧‍👦" * 7,
    "cases": "Ωμέγα Straße İğne ǅ",
}


@every_language
@every_mail
@pytest.mark.parametrize("script", SCRIPTS)
def test_long_names_of_any_script_are_written_as_they_are(template, language, script):
    names = [name for name in MAILS[template] if name in NAMES]
    values = {name: f"{SCRIPTS[script]} {number}" for number, name in enumerate(names)}
    mail = render(template, language, MAILS[template] | values)
    assert Reader(mail.html).tags == Reader(render(template, language, MAILS[template]).html).tags
    for part in both(mail):
        assert all(value in part for value in values.values())


@every_language
@every_mail
@pytest.mark.parametrize("bait", ["shop-login.example/x", "musterhandel.de", "https://evil.example", "a@evil.example"])
def test_a_name_makes_no_link(template, language, bait):
    """Mail programs make links of text that looks like an address; the name looks the same without its link."""
    names = [name for name in MAILS[template] if name in {*NAMES, "customer_number", "contact_number"} - {"shop_name"}]
    mail = render(template, language, MAILS[template] | dict.fromkeys(names, f"Anna {bait}"))
    assert not any(bait in part for part in (*both(mail), mail.subject))
    assert all(f"Anna {bait}" in part.replace("\u200c", "") for part in both(mail)) or not names


@every_language
@every_mail
def test_a_subject_fits_what_mail_clients_show(template, language):
    assert len(render(template, language, MAILS[template]).subject) <= 75


def test_a_name_cannot_turn_our_sentences_around():
    mail = render("invitation", "en", INVITATION | {"name": "\u202eThomas\u2066 Jahn"})
    assert "Dear Mr Thomas Jahn," in mail.text


def test_a_value_cannot_add_a_paragraph_to_the_text():
    mail = render("invitation", "en", INVITATION | {"name": "Jahn,\r\n\r\nplease pay\u2028now"})
    assert "Dear Mr Jahn, please pay now,\n" in mail.text


def test_a_subject_is_one_line_of_bounded_length():
    mail = render("invitation", "en", INVITATION | {"shop_name": "Shop\r\nBcc: everybody@example.com\0" + "x" * 500})
    assert mail.subject.startswith("Your access to Shop Bcc: everybody@example.com x")
    assert len(mail.subject) == SUBJECT_LIMIT


# What means something to HTML, mail headers and templates, between any characters at all, half surrogates too.
pieces = [
    "<b>",
    "</td>",
    "<!--",
    "-->",
    '" onclick="x',
    "'>",
    "&lt;",
    "{{ 1 }}",
    "{name}",
    "{",
    "%s",
    "\r\nBcc: x",
    "\n\n",
]
nasty = st.lists(st.one_of(st.sampled_from(pieces), st.characters()), max_size=20).map("".join)


def nasty_values(template):
    texts = {name: nasty for name, value in MAILS[template].items() if isinstance(value, str)}
    # Not empty, because then the mail rightly has a row less.
    texts |= {"contact_number": nasty.map("1{}".format)} if "contact_number" in texts else {}
    return st.fixed_dictionaries(texts).map(lambda values: MAILS[template] | values)


@every_language
@every_mail
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_value_reaches_beyond_its_place(template, language, data):
    mail = render(template, language, data.draw(nasty_values(template)))
    usual = render(template, language, MAILS[template])
    assert not UNFIT_FOR_A_HEADER.search(mail.subject)
    assert len(mail.subject) <= SUBJECT_LIMIT
    assert Reader(mail.html).tags == Reader(usual.html).tags
    assert len(mail.text.splitlines()) == len(usual.text.splitlines())
    for part in (mail.subject, mail.html, mail.text):
        part.encode()


def test_importing_reads_no_file():
    """Templates and texts are read with the first mail, so that an import stays cheap."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import customer_center.mail.render as r;"
        "assert r._environment.cache_info().currsize == r._texts.cache_info().currsize == 0"
    )
    root = str(Path(render_module.__file__).parents[2])
    subprocess.run([sys.executable, "-c", code, root], check=True)
