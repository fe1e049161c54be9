"""Accept an invitation: the person sets a password and is logged in (docs/specification.md, 5.2 to 5.4).

1. One request claims the link.
2. The login is created, disabled.
3. The password is set.
4. One transaction makes the user active and the owner of the e-mail. It ends other invitations to the same address.
5. The login is enabled. This is the last step, so that even after a crash only active users can log in.

The request that holds the claim may be repeated with the same Idempotency-Key. If it is never completed, the claim
lapses and the link is valid again.
"""

from dataclasses import replace
from datetime import datetime

from customer_center.companies import effects
from customer_center.companies.email_ownership import take_email
from customer_center.companies.entries import person, user_entry
from customer_center.companies.links import company_of_holder, holder_of
from customer_center.companies.login import align_identity
from customer_center.companies.model import (
    CLAIM_LASTS,
    REPEAT_LASTS,
    REPEATS,
    Claim,
    Company,
    InvitationStatus,
    LoggedIn,
    User,
    UserStatus,
)
from customer_center.companies.onboarding.check_inviter import check_inviter
from customer_center.companies.onboarding.sign_in import sign_in
from customer_center.companies.ports import Identities, Invitations, LoginDisabled
from customer_center.platform.clock import Clock
from customer_center.platform.errors import (
    Conflict,
    CustomerCenterError,
    Gone,
    InProgress,
    NotFound,
    PreconditionFailed,
)

# How often a request looks again after somebody else changed the user.
_LOOKS = 3


def accept_invitation(
    token: str,
    password: str,
    claim_id: str,
    request_id: str,
    *,
    companies: Invitations,
    identities: Identities,
    clock: Clock,
) -> LoggedIn:
    """Accept the invitation whose link has this token, with a new password, and log the person in.

    Raises NotFound `invitation-invalid` for every token that we did not send; Forbidden `company-closed`; Gone
    `invitation-expired`, `invitation-revoked` (also when whoever invited may not invite any more),
    `invitation-superseded` when the e-mail has another owner by now, or `invitation-used`; InProgress; InvalidInput at
    `/password`; OutsideUnavailable. A repeat with the same password logs in again, for 15 minutes after the acceptance
    and at most five times; it changes nothing.

    Somebody else may change the user meanwhile: an administrator edits them, the ERP gives them a contact number, the
    invitation ends. Then the request looks again, so that the person is told what is true now.
    """
    for _ in range(_LOOKS):
        user = holder_of(token, hash_of_invitation, companies)
        if user is None:
            raise NotFound("invitation-invalid")
        company = company_of_holder(user, companies)
        try:
            user = _accepted(user, company, password, claim_id, request_id, companies, identities, clock)
        except PreconditionFailed:
            continue
        session = sign_in(user.user_id, password, identities=identities, clock=clock)
        if session is None:
            raise Gone("invitation-used")
        return LoggedIn(user, company, session)
    raise InProgress("in-progress", retry_after=1)


def _accepted(
    user: User,
    company: Company,
    password: str,
    claim_id: str,
    request_id: str,
    companies: Invitations,
    identities: Identities,
    clock: Clock,
) -> User:
    """Return the user, whose login is enabled. Raises PreconditionFailed when somebody changed the user meanwhile."""
    now = clock.now()
    assert user.invitation is not None
    if user.invitation.status is InvitationStatus.ACCEPTED:
        _check_repeat(user, companies, identities, now)
        return user
    check_usable(user, now)
    check_inviter(user, company, request_id, companies=companies, now=now)
    claim = Claim(claim_id, now + CLAIM_LASTS)
    companies.claim_invitation(user, claim, now)
    try:
        identities.create(user)
        identities.set_password(user.user_id, password)
        user = _activate(replace(user, claim=claim), request_id, companies, clock.now())
    except CustomerCenterError:
        companies.release_invitation(user.user_id, claim)
        # A repeat of the same request may have succeeded meanwhile. Then its login must be enabled again.
        align_identity(user.user_id, companies=companies, identities=identities)
        raise
    identities.enable(user)
    return user


def hash_of_invitation(user: User) -> str | None:
    """Return the hash of the secret in the link of the user's invitation."""
    return user.invitation.token_hash if user.invitation else None


def _check_repeat(user: User, companies: Invitations, identities: Identities, now: datetime) -> None:
    """Raise Gone unless the used link may sign in again. It never enables a login: that is not what a link is for.

    Raises LoginDisabled while the login is not enabled yet: no password can be tried then, so it is not counted.
    """
    assert user.invitation is not None
    # An invitation that was accepted before this time was stored has no `accepted_at`.
    accepted_at = user.invitation.accepted_at
    if user.status is not UserStatus.ACTIVE or accepted_at is None or now >= accepted_at + REPEAT_LASTS:
        raise Gone("invitation-used")
    login = identities.login(user.user_id)
    if login and not login.enabled:
        raise LoginDisabled("identity-unavailable", retry_after=2)
    if not companies.reserve_repeat(user, REPEATS):
        raise Gone("invitation-used")


def check_usable(user: User, now: datetime) -> None:
    """Raise Gone when the user's invitation expired, bounced, was revoked or has been superseded."""
    assert user.invitation is not None
    match user.invitation.status_at(now):
        case InvitationStatus.EXPIRED:
            raise Gone("invitation-expired")
        case InvitationStatus.REVOKED | InvitationStatus.BOUNCED:
            raise Gone("invitation-revoked")
        case InvitationStatus.SUPERSEDED:
            raise Gone("invitation-superseded")
        case _:
            return


def _activate(user: User, request_id: str, companies: Invitations, now: datetime) -> User:
    assert user.invitation is not None
    active = user.changed(
        now,
        status=UserStatus.ACTIVE,
        invitation=replace(user.invitation, status=InvitationStatus.ACCEPTED, accepted_at=now),
        claim=None,
    )

    def write(others: frozenset[str]) -> None:
        follow = [effects.align_identity(user.user_id, now), *effects.supersede_invitations(others, now)]
        entry = user_entry(
            "invitation.accepted",
            before=user,
            after=active,
            actor=person(user),
            now=now,
            request_id=request_id,
            effects=follow,
        )
        companies.change_user(user, active, entry, ending=others)

    try:
        take_email(write)
    except Conflict as error:
        # The person activated a company or accepted another invitation meanwhile.
        raise Gone("invitation-superseded") from error
    return active
