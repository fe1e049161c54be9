"""What each error code says to a person, in the languages answers come in. Codes are stable; sentences may improve."""

from collections.abc import Mapping

ERRORS: Mapping[str, Mapping[str, str]] = {
    "activation-refused": {
        "en": "The customer number and the invoice number do not belong together.",
        "de": "Kundennummer und Rechnungsnummer gehören nicht zusammen.",
    },
    "body-too-large": {
        "en": "The request is larger than 4 MB.",
        "de": "Die Anfrage ist größer als 4 MB.",
    },
    "code-exhausted": {
        "en": "The code was entered wrongly too often. Please request a new one.",
        "de": "Der Code wurde zu oft falsch eingegeben. Bitte fordern Sie einen neuen an.",
    },
    "code-expired": {
        "en": "The code is no longer valid. Please request a new one.",
        "de": "Der Code ist nicht mehr gültig. Bitte fordern Sie einen neuen an.",
    },
    "code-invalid": {
        "en": "The code is wrong.",
        "de": "Der Code ist falsch.",
    },
    "contact-in-use": {
        "en": "This contact already has a shop account.",
        "de": "Dieser Kontakt hat bereits ein Shop-Konto.",
    },
    "contact-not-found": {
        "en": "The ERP has no such contact for your company.",
        "de": "Das ERP kennt diesen Kontakt in Ihrem Unternehmen nicht.",
    },
    "cursor-invalid": {
        "en": "The cursor is not one of this list.",
        "de": "Der Cursor gehört nicht zu dieser Liste.",
    },
    "customer-blocked": {
        "en": "This customer is blocked. Please contact your supplier.",
        "de": "Dieser Kunde ist gesperrt. Bitte wenden Sie sich an Ihren Lieferanten.",
    },
    "customer-center-managed": {
        "en": "Your company is using a customer-center. "
        "Please contact your shop administrator {email} for activating an account.",
        "de": "Ihr Unternehmen nutzt ein Customer Center. "
        "Bitte wenden Sie sich an Ihren Shop-Administrator {email}, um ein Konto zu aktivieren.",
    },
    "customer-center-off": {
        "en": "Your company has no customer center at the moment.",
        "de": "Ihr Unternehmen hat derzeit kein Customer Center.",
    },
    "email-in-use": {
        "en": "This e-mail address is already used by a shop user.",
        "de": "Diese E-Mail-Adresse wird bereits von einem Shop-Benutzer verwendet.",
    },
    "erp-malformed": {
        "en": "The ERP answered in a way that could not be read. Please try again later.",
        "de": "Die Antwort des ERP war nicht lesbar. Bitte versuchen Sie es später noch einmal.",
    },
    "erp-timeout": {
        "en": "The ERP did not answer in time. Please try again.",
        "de": "Das ERP hat nicht rechtzeitig geantwortet. Bitte versuchen Sie es noch einmal.",
    },
    "erp-unavailable": {
        "en": "The ERP cannot be reached at the moment. Please try again later.",
        "de": "Das ERP ist derzeit nicht erreichbar. Bitte versuchen Sie es später noch einmal.",
    },
    "forbidden": {
        "en": "You may not do this.",
        "de": "Das dürfen Sie nicht.",
    },
    "identity-unavailable": {
        "en": "The login service cannot be reached at the moment. Please try again.",
        "de": "Der Anmeldedienst ist derzeit nicht erreichbar. Bitte versuchen Sie es noch einmal.",
    },
    "in-progress": {
        "en": "This is being done by another request at the moment.",
        "de": "Das wird gerade in einer anderen Anfrage erledigt.",
    },
    "invalid-input": {
        "en": "Some of the input is not valid; `errors` says where.",
        "de": "Ein Teil der Eingaben ist ungültig; `errors` nennt die Stellen.",
    },
    "invitation-expired": {
        "en": "This invitation has expired. Please ask for a new one.",
        "de": "Diese Einladung ist abgelaufen. Bitte lassen Sie sich eine neue senden.",
    },
    "invitation-invalid": {
        "en": "There is no such invitation.",
        "de": "Diese Einladung gibt es nicht.",
    },
    "invitation-revoked": {
        "en": "This invitation was withdrawn.",
        "de": "Diese Einladung wurde zurückgezogen.",
    },
    "invitation-used": {
        "en": "This invitation was already used. Please log in.",
        "de": "Diese Einladung wurde bereits verwendet. Bitte melden Sie sich an.",
    },
    "json-invalid": {
        "en": "The body is not JSON.",
        "de": "Der Inhalt der Anfrage ist kein JSON.",
    },
    "last-main-contact": {
        "en": "A company keeps at least one active main contact.",
        "de": "Ein Unternehmen behält mindestens einen aktiven Hauptansprechpartner.",
    },
    "main-contact-missing": {
        "en": "No main contact is known for your customer center. Please contact your supplier.",
        "de": "Für Ihr Customer Center ist kein Hauptansprechpartner bekannt. "
        "Bitte wenden Sie sich an Ihren Lieferanten.",
    },
    "not-found": {
        "en": "There is nothing here by that name.",
        "de": "Unter diesem Namen gibt es hier nichts.",
    },
    "own-account": {
        "en": "You cannot do this to your own account.",
        "de": "Das ist mit dem eigenen Konto nicht möglich.",
    },
    "permission-missing": {
        "en": "You lack the permission {permission}.",
        "de": "Ihnen fehlt die Berechtigung {permission}.",
    },
    "too-many-refusals": {
        "en": "There were too many attempts. Please try again later.",
        "de": "Es gab zu viele Versuche. Bitte versuchen Sie es später noch einmal.",
    },
    "user-deactivated": {
        "en": "This account is deactivated.",
        "de": "Dieses Konto ist deaktiviert.",
    },
    "version-changed": {
        "en": "It was changed meanwhile. Please load it again.",
        "de": "Es wurde inzwischen geändert. Bitte laden Sie es neu.",
    },
}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "currency-differs": {
        "en": "One user has budgets in one currency.",
        "de": "Ein Benutzer hat Budgets in einer Währung.",
    },
    "email": {"en": "This is not an e-mail address.", "de": "Das ist keine E-Mail-Adresse."},
    "invalid": {"en": "This value is not valid.", "de": "Dieser Wert ist ungültig."},
    "number": {"en": "This is not a number.", "de": "Das ist keine Zahl."},
    "object": {"en": "This is not a JSON object.", "de": "Das ist kein JSON-Objekt."},
    "out-of-range": {"en": "This number is out of range.", "de": "Diese Zahl liegt außerhalb des Bereichs."},
    "password-policy": {
        "en": "The password has at least 10 characters and no blank at its ends.",
        "de": "Das Passwort hat mindestens 10 Zeichen und kein Leerzeichen am Anfang oder Ende.",
    },
    "required": {"en": "This is required.", "de": "Diese Angabe ist erforderlich."},
    "role-not-assignable": {"en": "This role cannot be assigned.", "de": "Diese Rolle kann nicht vergeben werden."},
    "text": {"en": "This is not text.", "de": "Das ist kein Text."},
    "too-long": {"en": "This is too long.", "de": "Das ist zu lang."},
    "too-short": {"en": "This is too short.", "de": "Das ist zu kurz."},
    "unknown-contact": {
        "en": "The ERP has no such contact for this customer.",
        "de": "Das ERP kennt diesen Kontakt bei diesem Kunden nicht.",
    },
    "unknown-field": {"en": "There is no such field.", "de": "Dieses Feld gibt es nicht."},
    "unknown-value": {"en": "This is not one of the allowed values.", "de": "Das ist keiner der erlaubten Werte."},
    "unprintable": {
        "en": "Control characters are not allowed.",
        "de": "Steuerzeichen sind nicht erlaubt.",
    },
}


def error_text(code: str, language: str, values: Mapping[str, str]) -> str:
    """Return the sentence of an error code in the language, English where there is none, with its values filled in."""
    texts = ERRORS[code]
    return texts.get(language, texts["en"]).format_map(values)


def field_text(code: str, language: str) -> str:
    """Return the sentence of a field error's code in the language, English where there is none."""
    texts = FIELDS[code]
    return texts.get(language, texts["en"])
