"""Deliver the mails of this room (seed 001: "the user will get an email").

The secret of a link and the digits of a code are created here, when the mail is rendered, and only their hash is stored
(docs/specification.md, 5.5). A mail with a link also carries a code to type, for readers whose mail scanner breaks the
link (5.21). The hash is stored after SES accepts the mail. After a crash in between, a second mail is
sent, and only the link in the second mail is valid.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime, timedelta

from customer_center.companies.labels import ROLES
from customer_center.companies.mails.note_feedback import note_undelivered
from customer_center.companies.mails.stop_mails import count_bounce
from customer_center.companies.model import (
    Attempt,
    BounceLimits,
    CodedLink,
    Company,
    InvitationRules,
    InvitationStatus,
    User,
    UserStatus,
    email_hint,
    secret_hash,
)
from customer_center.companies.ports import Mails
from customer_center.mail.feedback import Outcome
from customer_center.mail.ports import Mailer, MailRefused, Message
from customer_center.mail.render import Rendered, Value
from customer_center.platform.clock import Clock
from customer_center.platform.email_address import shown_email
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import new_code, new_secret, new_typed_code, read_typed_code
from customer_center.platform.journal import Effect
from customer_center.platform.log import logger

_CODE_KEPT = timedelta(days=14)


@frozen
class Shop:
    """The shop's data for mails. In the three addresses of links, `{token}` is the placeholder of the token.

    In `invite_again_url`, the page that sends an invitation again, `{user_id}` is the placeholder of the invited user.
    """

    name: str
    url: str
    invitation_url: str
    email_confirmation_url: str
    email_cancellation_url: str
    invite_again_url: str


@frozen
class Outgoing:
    """What the delivery of every mail needs."""

    shop: Shop
    rules: InvitationRules
    code_valid_for: timedelta
    companies: Mails
    mailer: Mailer
    render: Callable[[str, str, Mapping[str, Value]], Rendered]
    clock: Clock
    bounces: BounceLimits = field(default_factory=BounceLimits)


@frozen
class _Secret:
    """What a person proves with that they have a mail: the token in its link, or the code beside it."""

    user_id: str
    secret: str
    code: str

    def values(self, address: str, link: str = "link") -> Mapping[str, Value]:
        """Return the values of a mail: `link`, an address with the token; `page`, the same without it; `code`."""
        return {link: address.replace("{token}", self.token), "page": _page(address), "code": self.code}

    @property
    def token(self) -> str:
        return f"{self.user_id}.{self.secret}"

    @property
    def token_hash(self) -> str:
        return secret_hash(self.secret)


def _new_secret(user_id: str, expires_at: datetime, companies: Mails) -> _Secret:
    """Return a new secret, whose code is recorded.

    The code is recorded before the mail is sent: it is good only if the user's record has the link's hash, which is
    stored afterwards. So a crash in between leaves no code that opens anything, and sends no second mail.
    """
    secret = _Secret(user_id, new_secret(), new_typed_code())
    code = read_typed_code(secret.code)
    assert code is not None
    # The code is kept longer than its link, so that it can say that the link expired.
    companies.note_code(secret_hash(code), CodedLink(user_id, secret.token_hash), expires_at + _CODE_KEPT)
    return secret


def _page(address: str) -> str:
    """Return the address of a link's page without the token and what introduces it: `#token=`, `?token=` or `/`."""
    return re.sub(r"[#?&/](?:[\w.-]+=)?$", "", address.partition("{token}")[0])


def deliver_mail(effect: Effect, outgoing: Outgoing) -> None:
    """Send the mail of an effect. May run any number of times, because the effect's id is the mail's id in the record.

    A mail that the record no longer waits for (revoked, replaced, already sent) is not sent. Raises MailUnavailable;
    then retry. A mail that SES refuses permanently is recorded and not retried, and so is an invitation or a
    confirmation while the mails of the company are stopped.
    """
    match effect.data:
        case {"template": "invitation", "user_id": user_id}:
            _deliver_invitation(effect.effect_id, user_id, outgoing)
        case {"template": "email_confirmation", "user_id": user_id}:
            _deliver_confirmation(effect.effect_id, user_id, outgoing)
        case {"template": "main_contact_handed_over", "user_id": user_id, "old_id": old_id, "new_id": new_id}:
            _deliver_handed_over(effect.effect_id, user_id, old_id, new_id, outgoing)
        case {"template": "activation_code", "attempt_key": key}:
            _deliver_code(effect.effect_id, key, outgoing)
        case {"template": "invitation_withdrawn", "user_id": user_id, "invited_id": invited_id}:
            _deliver_withdrawn(effect.effect_id, user_id, invited_id, outgoing)
        case {"template": "contact_left", "user_id": user_id, "left_user_id": left_id, "contact_number": number}:
            _deliver_contact_left(effect.effect_id, user_id, left_id, number, outgoing)
        case _:
            raise ValueError(f"There is no mail for {effect.data.get('template')}.")


def _deliver_invitation(mail_id: str, user_id: str, outgoing: Outgoing) -> None:
    now = outgoing.clock.now()
    user = outgoing.companies.user(user_id)
    invitation = user.invitation if user else None
    if (
        user is None
        or invitation is None
        or invitation.mail_id != mail_id
        or invitation.sent_at
        # Not `status_at`: the link is valid from the moment of the mail, however long the mail had to wait.
        or invitation.status is not InvitationStatus.PENDING
    ):
        logger.info("mail is not wanted any more", mail_id=mail_id)
        return
    company = _company(user, outgoing)
    # Operators send although the mails of the company are stopped: nobody of the company caused this mail.
    if invitation.invited_by and company.mails_stopped(now):
        _withheld(user, mail_id, now, outgoing)
        return
    expires_at = now + outgoing.rules.valid_for
    secret = _new_secret(user_id, expires_at, outgoing.companies)
    values = _invitation_values(user, company, secret, expires_at, outgoing)
    if not _send("invitation", user.language, user.email, mail_id, values, outgoing, user_id=user_id):
        _refused(user, mail_id, now, outgoing)
        return
    outgoing.companies.invitation_sent(
        user_id, mail_id=mail_id, token_hash=secret.token_hash, sent_at=now, expires_at=expires_at
    )


def _invitation_values(
    user: User, company: Company, secret: _Secret, expires_at: datetime, outgoing: Outgoing
) -> Mapping[str, Value]:
    assert user.invitation is not None
    # An operator invites in the name of the company.
    invited_by = user.invitation.invited_by
    inviter = outgoing.companies.colleague(user.company_id, invited_by) if invited_by else None
    return {
        **_addressed(user, outgoing),
        "login": shown_email(user.email),
        "company_name": company.name,
        "customer_number": company.customer_number,
        "contact_number": user.contact_number,
        "roles": [ROLES[user.language][role] for role in sorted(user.roles)],
        "inviter_name": inviter.name if inviter else company.name,
        **secret.values(outgoing.shop.invitation_url),
        "expires_at": expires_at,
    }


def _addressed(user: User, outgoing: Outgoing) -> Mapping[str, Value]:
    return {
        "shop_name": outgoing.shop.name,
        "shop_url": outgoing.shop.url,
        "salutation": user.salutation,
        "name": user.name,
    }


def _company(user: User, outgoing: Outgoing) -> Company:
    company = outgoing.companies.company(user.company_id)
    if company is None:
        # A user is never written without a company, so this read was too early. SQS repeats the message.
        raise LookupError(user.company_id)
    return company


def _deliver_confirmation(mail_id: str, user_id: str, outgoing: Outgoing) -> None:
    now = outgoing.clock.now()
    user = outgoing.companies.user(user_id)
    change = user.email_change if user else None
    if user is None or change is None or change.mail_id != mail_id or change.sent_at or change.bounced:
        logger.info("mail is not wanted any more", mail_id=mail_id)
        return
    company = _company(user, outgoing)
    if company.mails_stopped(now):
        _withheld(user, mail_id, now, outgoing)
        return
    editor = outgoing.companies.colleague(user.company_id, change.requested_by)
    by_other = change.requested_by != user_id
    values: dict[str, Value] = {
        **_addressed(user, outgoing),
        "changed_by_name": (editor.name if editor else company.name) if by_other else None,
    }
    delay = outgoing.rules.new_email_delay
    values["takes_effect_at"] = now + delay if delay else None
    # The old address is notified first. Only then does the new address get the link.
    if change.old_token_hash is None:
        _notify(mail_id, user, change.email, values, outgoing)
    expires_at = now + outgoing.rules.new_email_valid_for
    # A confirmed change waits for the end of the delay.
    secret = _new_secret(user_id, expires_at + delay, outgoing.companies)
    values |= {"new_email": shown_email(change.email), "expires_at": expires_at}
    values |= secret.values(outgoing.shop.email_confirmation_url)
    if not _send("email_confirmation", user.language, change.email, mail_id, values, outgoing, user_id=user_id):
        _refused(user, mail_id, now, outgoing)
        return
    outgoing.companies.email_change_sent(
        user_id, mail_id=mail_id, token_hash=secret.token_hash, sent_at=now, expires_at=expires_at
    )


def _notify(mail_id: str, user: User, new_email: str, values: Mapping[str, Value], outgoing: Outgoing) -> None:
    """Tell the old address, with a link to cancel the change, and one to agree to it.

    An old address that SES refuses counts as told: nobody reads it, and the delay passes.
    """
    rules = outgoing.rules
    expires_at = outgoing.clock.now() + rules.new_email_valid_for + rules.new_email_delay
    secret = _new_secret(user.user_id, expires_at, outgoing.companies)
    links: Mapping[str, Value] = {
        # Only a hint: the mailbox of the old address may belong to somebody else by now.
        "new_email_hint": email_hint(shown_email(new_email)),
        **secret.values(outgoing.shop.email_cancellation_url, "cancel_link"),
        "agree_link": outgoing.shop.email_confirmation_url.replace("{token}", secret.token),
    }
    _send("email_change_notice", user.language, user.email, f"{mail_id}-notice", {**values, **links}, outgoing)
    outgoing.companies.notice_sent(user.user_id, mail_id=mail_id, token_hash=secret.token_hash)


def _deliver_handed_over(mail_id: str, user_id: str, old_id: str, new_id: str, outgoing: Outgoing) -> None:
    to, old, new = map(outgoing.companies.user, (user_id, old_id, new_id))
    if to is None or old is None or new is None:
        logger.info("mail is not wanted any more", mail_id=mail_id)
        return
    names: Mapping[str, Value] = {
        "company_name": _company(to, outgoing).name,
        "old_name": old.name,
        "new_name": new.name,
    }
    _send_once("main_contact_handed_over", to, mail_id, {**_addressed(to, outgoing), **names}, outgoing)


def _deliver_contact_left(mail_id: str, user_id: str, left_id: str, contact_number: str, outgoing: Outgoing) -> None:
    to, left = map(outgoing.companies.user, (user_id, left_id))
    if (
        to is None
        or to.status is not UserStatus.ACTIVE
        or not to.is_main_contact
        or left is None
        or left.status is UserStatus.DEACTIVATED
        or left.contact_left_at is None
    ):
        logger.info("mail is not wanted any more", mail_id=mail_id)
        return
    who: Mapping[str, Value] = {
        "company_name": _company(to, outgoing).name,
        "contact_name": left.name,
        "contact_number": contact_number,
    }
    _send_once("contact_left", to, mail_id, {**_addressed(to, outgoing), **who}, outgoing)


def _deliver_withdrawn(mail_id: str, user_id: str, invited_id: str, outgoing: Outgoing) -> None:
    to, invited = map(outgoing.companies.user, (user_id, invited_id))
    if (
        to is None
        or not to.is_active_main_contact
        or invited is None
        or invited.status is not UserStatus.INVITED
        or invited.invitation is None
        # Somebody may have invited the person again meanwhile.
        or invited.invitation.status is not InvitationStatus.REVOKED
    ):
        logger.info("mail is not wanted any more", mail_id=mail_id)
        return
    who: Mapping[str, Value] = {
        "company_name": _company(to, outgoing).name,
        "invited_name": invited.name,
        "link": outgoing.shop.invite_again_url.replace("{user_id}", invited_id),
    }
    _send_once("invitation_withdrawn", to, mail_id, {**_addressed(to, outgoing), **who}, outgoing)


def _send_once(template: str, user: User, mail_id: str, values: Mapping[str, Value], outgoing: Outgoing) -> None:
    """Send a mail without a link, unless it is recorded as sent."""
    if outgoing.companies.was_mailed(mail_id):
        return
    _send(template, user.language, user.email, mail_id, values, outgoing)
    outgoing.companies.note_mailed(mail_id, outgoing.clock.now())


def _deliver_code(mail_id: str, key: str, outgoing: Outgoing) -> None:
    attempt = outgoing.companies.attempt(key)
    now = outgoing.clock.now()
    if (
        attempt is None
        or attempt.mail_id != mail_id
        or attempt.code_hash
        # After this time the person has given up or requested another code.
        or now - attempt.requested_at > outgoing.code_valid_for
    ):
        logger.info("mail is not wanted any more", mail_id=mail_id)
        return
    if owner_id := outgoing.companies.holders_of_email(attempt.email).owner_id:
        _deliver_account_exists(mail_id, attempt, owner_id, outgoing)
        return
    code = new_code()
    values: Mapping[str, Value] = {
        "shop_name": outgoing.shop.name,
        "shop_url": outgoing.shop.url,
        "customer_number": attempt.customer_number,
        "code": code,
        "minutes": int(outgoing.code_valid_for.total_seconds()) // 60,
    }
    if _send("activation_code", attempt.language, attempt.email, mail_id, values, outgoing):
        outgoing.companies.code_sent(
            key,
            mail_id=mail_id,
            code_hash=secret_hash(f"{attempt.attempt_id}.{code}"),
            expires_at=now + outgoing.code_valid_for,
        )


def _deliver_account_exists(mail_id: str, attempt: Attempt, owner_id: str, outgoing: Outgoing) -> None:
    """Tell the owner of the address that there is an account with it. The API answers as for any other address.

    The hash of a code that nobody knows is stored, so that a guessed code is refused as for any other address too.
    """
    owner = outgoing.companies.user(owner_id)
    if owner is None:
        # The account was deleted a moment ago. SQS repeats the message, and then a code is sent.
        raise LookupError(owner_id)
    values = {**_addressed(owner, outgoing), "login": shown_email(owner.email)}
    if _send("account_exists", owner.language, owner.email, mail_id, values, outgoing):
        now = outgoing.clock.now()
        outgoing.companies.code_sent(
            attempt.key,
            mail_id=mail_id,
            code_hash=secret_hash(f"{attempt.attempt_id}.{new_secret()}"),
            expires_at=now + outgoing.code_valid_for,
        )


def _refused(user: User, mail_id: str, now: datetime, outgoing: Outgoing) -> None:
    """Record that SES refused the mail permanently, and count it for the company."""
    by, companies = "email_dispatch", outgoing.companies
    count_bounce(user.company_id, mail_id, outgoing.bounces, by=by, companies=companies, clock=outgoing.clock)
    note_undelivered(user, mail_id, Outcome.BOUNCED, by=by, now=now, companies=companies)


def _withheld(user: User, mail_id: str, now: datetime, outgoing: Outgoing) -> None:
    """Record that a mail is not sent, because the mails of its company are stopped (docs/specification.md, 8.33)."""
    logger.info("mail withheld", mail_id=mail_id)
    note_undelivered(user, mail_id, "withheld", by="email_dispatch", now=now, companies=outgoing.companies)


def _send(
    template: str,
    language: str,
    to: str,
    mail_id: str,
    values: Mapping[str, Value],
    outgoing: Outgoing,
    **tags: str,
) -> bool:
    """Send one mail. Return False when SES refuses it permanently. SES includes the tags in its feedback."""
    mail = outgoing.render(template, language, values)
    tags = {"mail_id": mail_id, **tags}
    message = Message(to=to, subject=mail.subject, html=mail.html, text=mail.text, tags=tags)
    try:
        outgoing.mailer.send(message)
    except MailRefused as error:
        logger.warning("mail refused", mail_id=mail_id, template=template, code=error.code)
        return False
    logger.info("mail sent", mail_id=mail_id, template=template)
    return True
