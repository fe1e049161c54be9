"""The one-time code that confirms the e-mail of an activation (docs/specification.md, 3.3).

`begin_attempt` stores the activation under way, and the code is mailed. `try_code` claims the activation for the
request that has the code. `companies.release_attempt` releases the claim.
"""

import hmac
from dataclasses import replace
from datetime import datetime, timedelta

from customer_center.companies import effects
from customer_center.companies.ids import new_company_id, new_user_id, person_of
from customer_center.companies.model import Attempt, Company, EmailHolders, attempt_key, secret_hash
from customer_center.companies.onboarding.activation import Activation, ActivationRules, Try, Visit
from customer_center.companies.ports import Activations, Attempts
from customer_center.platform.clock import Clock
from customer_center.platform.errors import FieldError, InProgress, InvalidInput
from customer_center.platform.frozen import frozen
from customer_center.platform.ids import new_ulid
from customer_center.platform.journal import Actor, Entry, new_entry

# Minimum time between two mails for one activation, whoever sends the requests.
_CODE_COOLDOWN = timedelta(seconds=60)
# When no codes are used, a request within this time counts as a repeat of the first one.
_REPEATABLE_FOR = timedelta(minutes=15)


@frozen
class Known:
    """Our records for an activation: the customer's company, who has the e-mail, and the activation under way."""

    company: Company | None
    holders: EmailHolders
    attempt: Attempt | None

    def needs_code(self, rules: ActivationRules, now: datetime) -> bool:
        """Return whether a code must confirm the e-mail.

        It always must when somebody has the e-mail: without a code, anybody with an invoice could take over an
        invitation, or end it. The exception is a repeat of an activation that needed no code: the answer to it may have
        been lost.
        """
        return rules.confirm_email or (self.holders != EmailHolders() and not self._completed(now))

    def _completed(self, now: datetime) -> bool:
        before, owner_id = self.attempt, self.holders.owner_id
        return (
            before is not None
            and owner_id is not None
            and before.mail_id is None
            and person_of(before.user_id) == person_of(owner_id)
            and now - before.requested_at < _REPEATABLE_FOR
        )


def key_of(activation: Activation) -> str:
    """Return the key of this person's activation under way."""
    return attempt_key(activation.customer_number, activation.email)


def try_code(request: Try, rules: ActivationRules, *, companies: Attempts, clock: Clock) -> Attempt | None:
    """Check the request's code and claim its activation. Return the activation, None for a request without a code.

    Raises InvalidInput `code-invalid` for a wrong code, `code-expired` or `code-exhausted`; InProgress.
    """
    activation = request.activation
    key = key_of(activation)
    if activation.code is None or not (rules.confirm_email or _waits_for_code(key, companies)):
        return None
    attempt = companies.try_code(key, request.claim, clock.now(), rules.code_tries)
    given = secret_hash(f"{attempt.attempt_id}.{activation.code}")
    if hmac.compare_digest(given, attempt.code_hash or ""):
        return attempt
    companies.release_attempt(key, request.claim)
    raise InvalidInput("code-invalid", errors=[FieldError("/code", "invalid")])


def _waits_for_code(key: str, companies: Attempts) -> bool:
    """Return whether a code was mailed although the shop switched codes off."""
    attempt = companies.attempt(key)
    return attempt is not None and attempt.mail_id is not None


def begin_attempt(
    request: Try, known: Known, rules: ActivationRules, *, companies: Activations, clock: Clock
) -> Attempt | None:
    """Begin or restart the activation. Return it when it completes without a code, None when a code is mailed.

    Within the cooldown no second code is mailed. Raises InProgress while another request holds the claim,
    TooManyRequests when the day's codes are used up.
    """
    now = clock.now()
    before = known.attempt
    if before and before.claim and before.claim.blocks(request.claim.claim_id, now):
        raise InProgress("in-progress", retry_after=int((before.claim.lapses_at - now).total_seconds()) + 1)
    needs_code = known.needs_code(rules, now)
    if needs_code:
        if before and _in_cooldown(before, now):
            return None
        # A person with one invoice must not be able to cause any number of mails to other people.
        companies.reserve_code(request.activation.customer_number, now, rules.limits)
    attempt = _new_attempt(request, known, clock.now(), needs_code=needs_code)
    entry = _begun_entry(attempt, request.visit)
    if not needs_code and known.holders.owner_id and before:
        # The time of the first request is kept, so that repeats do not extend the time for repeats.
        attempt = replace(attempt, requested_at=before.requested_at)
    companies.save_attempt(attempt, entry, replaces=before)
    return None if needs_code else attempt


def _in_cooldown(attempt: Attempt, now: datetime) -> bool:
    return attempt.mail_id is not None and now - attempt.requested_at < _CODE_COOLDOWN


def _new_attempt(request: Try, known: Known, now: datetime, *, needs_code: bool) -> Attempt:
    activation, before = request.activation, known.attempt
    if before:
        company_id, user_id = before.company_id, before.user_id
    else:
        company_id = known.company.company_id if known.company else new_company_id(now)
        user_id = new_user_id(company_id, now)
    return Attempt(
        key=key_of(activation),
        attempt_id=new_ulid(now),
        company_id=company_id,
        user_id=user_id,
        customer_number=activation.customer_number,
        email=activation.email,
        language=activation.language,
        requested_at=now,
        mail_id=effects.new_mail_id(now) if needs_code else None,
        claim=None if needs_code else request.claim,
    )


def _begun_entry(attempt: Attempt, visit: Visit) -> Entry:
    return new_entry(
        partition=attempt.company_id,
        now=attempt.requested_at,
        actor=Actor("visitor"),
        action="activation.requested",
        subject=attempt.user_id,
        request_id=visit.request_id,
        effects=[effects.activation_code_mail(attempt.key, attempt.mail_id)] if attempt.mail_id else [],
    )
