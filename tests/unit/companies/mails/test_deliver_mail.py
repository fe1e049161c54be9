"""The mails of seed 001: "the user will get an email", each of them once, its secret kept nowhere."""

from dataclasses import replace
from datetime import timedelta

import pytest

from customer_center.companies.mails.deliver_mail import deliver_mail
from customer_center.companies.model import InvitationStatus, Role, UserStatus
from customer_center.companies.onboarding.activation import CodeSent
from customer_center.mail.ports import MailUnavailable
from customer_center.platform.errors import NotFound
from customer_center.platform.journal import Effect
from tests.builders.companies import a_company, a_main_contact, a_user
from tests.builders.companies_room import Room
from tests.builders.erp import INVOICE, NUMBER, a_contact, a_customer
from tests.fakes.clock import NOON


@pytest.fixture
def room():
    room = Room()
    room.erp.add(a_customer(), contacts=[a_contact("KT100")], invoices=[INVOICE])
    return room


@pytest.fixture
def chief(room):
    chief = a_main_contact(name="Tja Chef")
    room.companies.add(a_company(), chief)
    return chief


def _mail(room):
    (mail,) = room.mailer.sent
    return mail


# The invitation


def test_the_mail_tells_how_to_reach_the_shop_and_the_account_data(room, chief):
    """001: "After sending the form, the user will get an email that contains all information about how to access the
    shop and his account data"."""
    user = room.invite(chief, "KT100", name="Anna Mehl", roles=frozenset({Role.BUYER, Role.APPROVER}), language="en")
    token = room.mailed_token()
    mail = _mail(room)
    assert mail.to == user.email
    for part in (
        "https://shop.example",
        f"https://shop.example/welcome#token={token}",
        "Login: kt100@baecker.example",
        "Name: Anna Mehl",
        "Company: Bäcker Mehl",
        f"Customer number: {NUMBER}",
        "Contact number: KT100",
        "Roles: Approver, Buyer",
        "Tja Chef has invited you",
        "30 November 2026, 12:00 (UTC)",
    ):
        assert part in mail.text


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("de", "Rollen: Freigabe, Einkauf"),
        ("nl", "Rollen: Goedkeurder, Inkoper"),
        ("fr", "Rôles: Approbation, Achats"),
    ],
)
def test_the_mail_names_the_roles_in_the_readers_language(room, chief, language, line):
    room.invite(chief, "KT100", name="Anna Mehl", roles=frozenset({Role.BUYER, Role.APPROVER}), language=language)
    room.follow_up()
    assert line in room.mailer.sent[0].text.replace(" :", ":")


def test_the_mail_of_a_requested_user_is_similar(room, chief):
    """001: "After sending the form, the user will get an email similar to the email of: Add an existing user to the
    shop"."""
    room.request(chief, language="en")
    room.follow_up()
    assert "Contact number" not in _mail(room).text
    assert f"Customer number: {NUMBER}" in _mail(room).text


def test_the_login_is_told_as_people_write_it(room, chief):
    """SES gets the ASCII form, which is the only one it knows."""
    room.request(chief, language="en", email="anna@xn--mller-shne-kcb9d.example")
    room.follow_up()
    assert "Login: anna@müller-söhne.example" in _mail(room).text
    assert _mail(room).to == "anna@xn--mller-shne-kcb9d.example"


def test_the_mail_that_there_is_an_account_tells_its_login_as_people_write_it(room):
    room.erp.customers[NUMBER] = a_customer(main_contact_email="anna@müller-söhne.example")
    room.companies.add(a_company(), a_user(email="anna@xn--mller-shne-kcb9d.example", language="en"))
    room.activate(email="anna@xn--mller-shne-kcb9d.example")
    room.follow_up()
    assert "sign in with anna@müller-söhne.example." in _mail(room).text
    assert _mail(room).to == "anna@xn--mller-shne-kcb9d.example"


def test_a_new_email_is_told_to_both_addresses_as_people_write_it(room, chief):
    """The old address gets a hint of it only."""
    user = room.present(a_user(language="en"))
    room.edit(user.user_id, chief, email="anna@xn--mller-shne-kcb9d.example")
    room.follow_up()
    notice, confirmation = room.mailer.sent[-2:]
    assert (notice.to, confirmation.to) == (user.email, "anna@xn--mller-shne-kcb9d.example")
    assert "a***@müller-söhne.example" in notice.text
    assert "anna@müller-söhne.example" in confirmation.text


def test_a_companys_name_makes_no_link(room):
    """The ERP may name a company as it likes; what the mail says looks the same."""
    chief = a_main_contact(name="Tja Chef")
    room.companies.add(a_company(name="musterhandel.de GmbH"), chief)
    room.request(chief, language="en")
    room.follow_up()
    for part in (_mail(room).text, _mail(room).html):
        assert "musterhandel.de" not in part
        assert "musterhandel.de GmbH" in part.replace("\u200c", "")


def test_no_mail_carries_a_password(room, chief):
    """001: "The password must be changed by the shop users themselves."."""
    room.request(chief)
    token = room.mailed_token()
    secret = token.rpartition(".")[2]
    assert len(secret) == 43
    assert secret not in repr(room.companies.everybody)
    assert secret not in repr(room.companies.entries)


def test_the_mail_can_be_traced_by_its_id_and_its_users(room, chief):
    user = room.request(chief)
    room.follow_up()
    assert _mail(room).tags == {"mail_id": user.invitation.mail_id, "user_id": user.user_id}


def test_the_invitation_counts_from_when_its_mail_went_out(room, chief):
    user = room.request(chief)
    room.clock.advance(hours=5)
    room.follow_up()
    invitation = room.companies.user(user.user_id).invitation
    assert invitation.sent_at == NOON + timedelta(hours=5)
    assert invitation.expires_at == NOON + timedelta(hours=5, days=7)
    assert len(invitation.token_hash) == 64


def test_one_mail_id_is_one_mail(room, chief):
    user = room.request(chief)
    token = room.mailed_token()
    for _ in range(3):
        room.follow_up()
    assert len(room.mailer.sent) == 1
    assert room.accept(token).user.user_id == user.user_id


def test_a_mail_that_died_before_it_was_noted_goes_out_again_with_the_good_link(room, chief):
    room.request(chief)
    noted = room.companies.invitation_sent
    room.companies.invitation_sent = lambda *_, **__: (_ for _ in ()).throw(ConnectionError)
    with pytest.raises(ConnectionError):
        room.follow_up()
    lost = room.mailer.sent[0].text
    room.companies.invitation_sent = noted
    token = room.mailed_token()
    assert token not in lost
    assert len(room.mailer.sent) == 2
    assert room.accept(token)


@pytest.mark.parametrize("status", [status for status in InvitationStatus if status is not InvitationStatus.PENDING])
def test_a_mail_nobody_waits_for_is_not_sent(room, chief, status):
    user = room.request(chief)
    changed = replace(user, invitation=replace(user.invitation, status=status))
    room.companies._users[user.user_id] = changed
    room.follow_up()
    assert room.mailer.sent == []
    assert room.companies.user(user.user_id) == changed


def test_a_mail_that_was_replaced_is_not_sent(room, chief):
    user = room.request(chief)
    room.deactivate(user.user_id, chief)
    room.reactivate(user.user_id, chief)
    room.follow_up()
    assert [mail.tags["mail_id"] for mail in room.mailer.sent] == [room.companies.user(user.user_id).invitation.mail_id]


@pytest.mark.parametrize("days", [1, 7, 9])
def test_an_invitation_that_had_to_wait_for_its_mail_is_valid_from_the_mail_on(room, chief, days):
    """SES may send nothing for days, for example while the account is paused."""
    user = room.request(chief)
    room.clock.advance(days=days)
    token = room.mailed_token()
    assert room.companies.user(user.user_id).invitation.expires_at == room.clock.now() + timedelta(days=7)
    room.clock.advance(days=6)
    assert room.accept(token).user.status is UserStatus.ACTIVE


def test_a_new_e_mail_that_had_to_wait_for_its_mail_is_valid_from_the_mail_on(room, chief):
    user = room.present(a_user())
    room.edit(user.user_id, chief, email="new@baecker.example")
    room.clock.advance(days=3)
    room.follow_up()
    change = room.companies.user(user.user_id).email_change
    assert (change.sent_at, change.expires_at) == (room.clock.now(), room.clock.now() + timedelta(hours=24))


def test_a_code_that_had_to_wait_longer_than_it_is_valid_is_not_sent(room):
    room.erp.add(a_customer(), invoices=[INVOICE])
    room.activate()
    room.clock.advance(minutes=16)
    room.follow_up()
    assert room.mailer.sent == []


def test_a_mail_to_somebody_who_is_gone_is_not_sent(room, chief):
    user = room.request(chief)
    del room.companies._users[user.user_id]
    room.follow_up()
    assert room.mailer.sent == []


def test_a_mail_that_cannot_go_now_goes_later(room, chief):
    user = room.request(chief)
    room.mailer.unavailable = True
    with pytest.raises(MailUnavailable):
        room.follow_up()
    assert room.companies.user(user.user_id) == user
    room.mailer.unavailable = False
    room.follow_up()
    assert len(room.mailer.sent) == 1


def test_a_mail_that_is_refused_for_good_is_noted(room, chief):
    user = room.request(chief)
    room.mailer.refusing = True
    room.follow_up()
    after = room.companies.user(user.user_id)
    assert (after.status, after.invitation.status) == (UserStatus.INVITED, InvitationStatus.BOUNCED)
    assert (after.invitation.sent_at, after.invitation.token_hash) == (None, None)
    entry = room.companies.entries[-1]
    assert (entry.action, entry.actor.kind) == ("invitation.bounced", "system")
    assert entry.changes == {"invitation": ("pending", "bounced")}
    room.mailer.refusing = False
    room.follow_up()
    assert room.mailer.sent == []


def test_the_link_of_a_replaced_mail_is_no_good(room, chief):
    user = room.request(chief)
    old = room.mailed_token()
    room.deactivate(user.user_id, chief)
    room.reactivate(user.user_id, chief)
    new = room.mailed_token()
    with pytest.raises(NotFound):
        room.accept(old)
    assert room.accept(new)


@pytest.mark.parametrize("language", ["en", "de"])
def test_an_inviter_who_is_gone_is_named_by_the_company(room, chief, language):
    room.request(chief, language=language)
    del room.companies._users[chief.user_id]
    room.follow_up()
    assert "Bäcker Mehl" in _mail(room).text
    assert chief.name not in _mail(room).text


# The code


def test_the_code_goes_to_who_activates_and_says_nothing_the_visitor_wrote(room):
    """Otherwise anybody with an invoice could mail their own words to anybody."""
    room.activate(name="Tja Chef", language="en")
    code = room.mailed_code()
    mail = _mail(room)
    assert mail.to == "tja@baecker.example"
    assert "Tja Chef" not in mail.text
    for part in (code, "Hello,", f"customer number {NUMBER}", "valid for 15 minutes"):
        assert part in mail.text


def test_the_code_is_kept_as_a_hash(room):
    room.activate()
    code = room.mailed_code()
    assert code not in repr(room.companies._attempts)
    (attempt,) = room.companies._attempts.values()
    assert attempt.code_expires_at == NOON + timedelta(minutes=15)


def test_one_mail_id_is_one_code(room):
    room.activate()
    code = room.mailed_code()
    for _ in range(3):
        room.follow_up()
    assert len(room.mailer.sent) == 1
    assert room.activate(code=code).user


def test_a_code_that_was_replaced_is_not_sent(room):
    room.activate()
    room.clock.advance(minutes=1)
    room.activate()
    room.follow_up()
    (attempt,) = room.companies._attempts.values()
    assert _mail(room).tags == {"mail_id": attempt.mail_id}


def test_a_code_that_cannot_go_now_goes_later(room):
    room.activate()
    room.mailer.unavailable = True
    with pytest.raises(MailUnavailable):
        room.follow_up()
    room.mailer.unavailable = False
    assert room.activate(code=room.mailed_code()).user


def test_a_code_that_is_refused_for_good_can_be_asked_for_again(room):
    room.activate()
    room.mailer.refusing = True
    room.follow_up()
    room.mailer.refusing = False
    room.clock.advance(minutes=1)
    assert room.activate() == CodeSent("tja@baecker.example")
    assert room.activate(code=room.mailed_code()).user


def test_an_activation_that_is_gone_gets_no_code(room):
    deliver_mail(Effect("mail-1", "mail", {"template": "activation_code", "attempt_key": "gone"}), room.outgoing)
    assert room.mailer.sent == []


def test_an_unknown_mail_is_a_mistake_of_ours(room):
    with pytest.raises(ValueError, match="newsletter"):
        deliver_mail(Effect("mail-1", "mail", {"template": "newsletter"}), room.outgoing)
