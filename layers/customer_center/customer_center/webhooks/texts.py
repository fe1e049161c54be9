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

WEBHOOKS_TEXTS = Texts(_PROBLEMS)
