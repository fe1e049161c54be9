"""The error codes of client keys, and their sentences."""

from customer_center.platform.errors import Conflict, Forbidden, Unauthorized
from customer_center.platform.texts import Problem, Texts

_PROBLEMS = {
    "client-key-revoked": Problem(
        Conflict,
        {
            "en": "This client key was revoked. Please issue a new one.",
            "de": "Dieser Client-Schlüssel wurde widerrufen. Bitte stellen Sie einen neuen aus.",
            "nl": "Deze client key is ingetrokken. Geef een nieuwe uit.",
            "fr": "Cette clé client a été révoquée. Veuillez en émettre une nouvelle.",
        },
    ),
    "scope-missing": Problem(
        Forbidden,
        {
            "en": "The client key lacks the scope {scope}.",
            "de": "Dem Client-Schlüssel fehlt der Scope {scope}.",
            "nl": "De client key mist de scope {scope}.",
            "fr": "Il manque le scope {scope} à la clé client.",
        },
    ),
    "secrets-limit": Problem(
        Conflict,
        {
            "en": "A client key has two secrets at most. Please revoke one first.",
            "de": "Ein Client-Schlüssel hat höchstens zwei Geheimnisse. Bitte widerrufen Sie zuerst eines.",
            "nl": "Een client key heeft hoogstens twee geheimen. Trek er eerst een in.",
            "fr": "Une clé client a deux secrets au plus. Veuillez d’abord en révoquer un.",
        },
    ),
    "unauthorized": Problem(
        Unauthorized,
        {
            "en": "The client key is missing or not valid.",
            "de": "Der Client-Schlüssel fehlt oder ist ungültig.",
            "nl": "De client key ontbreekt of is ongeldig.",
            "fr": "La clé client manque ou n’est pas valide.",
        },
    ),
}

CLIENTS_TEXTS = Texts(_PROBLEMS)
