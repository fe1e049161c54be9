"""The error codes of client keys, and their sentences."""

from customer_center.platform.errors import Conflict, Forbidden, Unauthorized
from customer_center.platform.texts import Problem, Texts

_PROBLEMS = {
    "client-key-depth": Problem(
        Conflict,
        {
            "en": "Too many keys stand above this one: it may not issue another. Please use the key that issued it.",
            "de": "Über diesem Schlüssel stehen zu viele andere: Er darf keinen weiteren ausstellen. Bitte "
            "verwenden Sie den Schlüssel, der ihn ausgestellt hat.",
            "nl": "Er staan te veel sleutels boven deze: hij mag geen nieuwe uitgeven. Gebruik de sleutel die "
            "hem heeft uitgegeven.",
            "fr": "Trop de clés se trouvent au-dessus de celle-ci : elle ne peut pas en émettre une autre. Veuillez "
            "utiliser la clé qui l’a émise.",
        },
    ),
    "client-key-expired": Problem(
        Conflict,
        {
            "en": "This client key has expired. Please issue a new one.",
            "de": "Dieser Client-Schlüssel ist abgelaufen. Bitte stellen Sie einen neuen aus.",
            "nl": "Deze client key is verlopen. Geef een nieuwe uit.",
            "fr": "Cette clé client a expiré. Veuillez en émettre une nouvelle.",
        },
    ),
    "client-key-not-descended": Problem(
        Forbidden,
        {
            "en": "A client key may rotate itself and the keys that it issued, and no others.",
            "de": "Ein Client-Schlüssel darf nur sich selbst und die von ihm ausgestellten Schlüssel erneuern.",
            "nl": "Een client key mag alleen zichzelf en de door hem uitgegeven sleutels vernieuwen.",
            "fr": "Une clé client ne peut renouveler qu’elle-même et les clés qu’elle a émises.",
        },
    ),
    "client-key-revoked": Problem(
        Conflict,
        {
            "en": "This client key was revoked. Please issue a new one.",
            "de": "Dieser Client-Schlüssel wurde widerrufen. Bitte stellen Sie einen neuen aus.",
            "nl": "Deze client key is ingetrokken. Geef een nieuwe uit.",
            "fr": "Cette clé client a été révoquée. Veuillez en émettre une nouvelle.",
        },
    ),
    "grant-exceeds-key": Problem(
        Forbidden,
        {
            "en": "A client key can give only what it has itself. It lacks: {missing}.",
            "de": "Ein Client-Schlüssel kann nur geben, was er selbst hat. Ihm fehlt: {missing}.",
            "nl": "Een client key kan alleen geven wat hij zelf heeft. Hij mist: {missing}.",
            "fr": "Une clé client ne peut donner que ce qu’elle possède. Il lui manque : {missing}.",
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

_FIELDS = {
    "expiry-out-of-range": {
        "en": "This must be in the future, and at most ten years away.",
        "de": "Das muss in der Zukunft liegen, höchstens zehn Jahre entfernt.",
        "nl": "Dit moet in de toekomst liggen, hoogstens tien jaar van nu.",
        "fr": "Cela doit être dans le futur, dans dix ans au plus.",
    },
}

CLIENTS_TEXTS = Texts(_PROBLEMS, _FIELDS)
