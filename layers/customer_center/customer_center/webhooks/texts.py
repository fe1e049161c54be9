"""The error codes of receiving webhooks, and their sentences."""

from customer_center.platform.errors import InvalidInput, OutsideUnavailable, Unauthorized
from customer_center.platform.texts import Problem, Texts

_PROBLEMS = {
    "event-type-unknown": Problem(
        InvalidInput,
        {
            "en": "There is no event of this type.",
            "de": "Ein Ereignis dieses Typs gibt es nicht.",
            "nl": "Er bestaat geen gebeurtenis van dit type.",
            "fr": "Il n’existe pas d’événement de ce type.",
        },
    ),
    "queue-unavailable": Problem(
        OutsideUnavailable,
        {
            "en": "The event could not be stored at the moment. Please send it again.",
            "de": "Das Ereignis konnte gerade nicht gespeichert werden. Bitte senden Sie es noch einmal.",
            "nl": "De gebeurtenis kon op dit moment niet worden opgeslagen. Stuur deze opnieuw.",
            "fr": "L’événement n’a pas pu être enregistré pour le moment. Veuillez le renvoyer.",
        },
    ),
    "signature-invalid": Problem(
        Unauthorized,
        {
            "en": "The webhook's signature is not valid.",
            "de": "Die Signatur des Webhooks ist ungültig.",
            "nl": "De handtekening van de webhook is ongeldig.",
            "fr": "La signature du webhook n’est pas valide.",
        },
    ),
}

_FIELDS = {
    "public-key": {
        "en": "This is not a public RSA key in PEM with 2048 to 4096 bits.",
        "de": "Das ist kein öffentlicher RSA-Schlüssel in PEM mit 2048 bis 4096 Bit.",
        "nl": "Dit is geen openbare RSA-sleutel in PEM met 2048 tot 4096 bits.",
        "fr": "Ce n’est pas une clé publique RSA en PEM de 2048 à 4096 bits.",
    },
}

WEBHOOKS_TEXTS = Texts(_PROBLEMS, _FIELDS)
