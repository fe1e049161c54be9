"""The actions of a company's audit trail: what was done, by the name that each entry carries."""

from typing import Literal

type Action = Literal[
    "activation.requested",
    "activation.unlocked",
    "company.closed",
    "company.renumbered",
    "company.reopened",
    "company.updated",
    "email_change.bounced",
    "email_change.complained",
    "invitation.accepted",
    "invitation.bounced",
    "invitation.complained",
    "invitation.revoked",
    "invitation.superseded",
    "main_contact.handed_over",
    "user.activated",
    "user.activated_account",
    "user.appointed_main_contact",
    "user.contact_left",
    "user.contact_returned",
    "user.deactivated",
    "user.deleted",
    "user.edited",
    "user.email_change_agreed",
    "user.email_change_cancelled",
    "user.email_change_confirmed",
    "user.email_confirmed",
    "user.erased",
    "user.erp_contact_created",
    "user.invited",
    "user.made_main_contact",
]
"""An action's name never changes, because stored entries have it."""
