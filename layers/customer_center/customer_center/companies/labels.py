"""What roles, statuses and salutations are called in each language. Mails and pages take the names from here.

Keys are the values of `Role`, `UserStatus`, `InvitationStatus` (`companies/model.py`) and of the parameter
`Salutations`. A salutation without a name here is shown as it is.
"""

from collections.abc import Mapping

type Labels = Mapping[str, Mapping[str, str]]
"""Names by language, then by value."""

ROLES: Labels = {
    "en": {
        "main_contact": "Main contact",
        "approver": "Approver",
        "buyer": "Buyer",
        "business_user": "Business user",
    },
    "de": {
        "main_contact": "Hauptkontakt",
        "approver": "Freigabe",
        "buyer": "Einkauf",
        "business_user": "Geschäftskunde",
    },
    "nl": {
        "main_contact": "Hoofdcontactpersoon",
        "approver": "Goedkeurder",
        "buyer": "Inkoper",
        "business_user": "Zakelijke gebruiker",
    },
    "fr": {
        "main_contact": "Contact principal",
        "approver": "Approbation",
        "buyer": "Achats",
        "business_user": "Client professionnel",
    },
}

USER_STATUSES: Labels = {
    "en": {"invited": "Invited", "active": "Active", "deactivated": "Deactivated"},
    "de": {"invited": "Eingeladen", "active": "Aktiv", "deactivated": "Deaktiviert"},
    "nl": {"invited": "Uitgenodigd", "active": "Actief", "deactivated": "Gedeactiveerd"},
    "fr": {"invited": "Invité", "active": "Actif", "deactivated": "Désactivé"},
}

INVITATION_STATUSES: Labels = {
    "en": {
        "pending": "Sent",
        "accepted": "Accepted",
        "expired": "Expired",
        "revoked": "Withdrawn",
        "bounced": "Undeliverable",
        "superseded": "Has an account elsewhere",
    },
    "de": {
        "pending": "Offen",
        "accepted": "Angenommen",
        "expired": "Abgelaufen",
        "revoked": "Zurückgezogen",
        "bounced": "Unzustellbar",
        "superseded": "Hat anderswo ein Konto",
    },
    "nl": {
        "pending": "Openstaand",
        "accepted": "Aanvaard",
        "expired": "Verlopen",
        "revoked": "Ingetrokken",
        "bounced": "Onbestelbaar",
        "superseded": "Heeft elders een account",
    },
    "fr": {
        "pending": "En attente",
        "accepted": "Acceptée",
        "expired": "Expirée",
        "revoked": "Retirée",
        "bounced": "Non distribuée",
        "superseded": "A un compte ailleurs",
    },
}

SALUTATIONS: Labels = {
    "en": {"mr": "Mr", "mrs": "Mrs"},
    "de": {"mr": "Herr", "mrs": "Frau"},
    "nl": {"mr": "De heer", "mrs": "Mevrouw"},
    "fr": {"mr": "Monsieur", "mrs": "Madame"},
}
