"""Error codes and their sentences, in all supported languages (`platform/language.py`).

Each room declares its own codes in its `texts.py`. This file has the classes, and the codes of platform. A code is
declared once, with its class of `platform/errors.py`. Codes never change; sentences may improve.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from customer_center.platform.errors import (
    BodyTooLarge,
    CustomerCenterError,
    Forbidden,
    InProgress,
    InvalidInput,
    MalformedRequest,
    NotFound,
    Overloaded,
    PreconditionFailed,
    PreconditionRequired,
    TooManyRequests,
)
from customer_center.platform.frozen import frozen

type Sentences = Mapping[str, str]
"""One sentence in each language. `{name}` is a placeholder for a value."""


@frozen
class Problem:
    """An error code: the class of its errors, or their base class, and its sentences."""

    raised_as: type[CustomerCenterError]
    sentences: Sentences


@frozen
class Texts:
    """The error codes of one room, for problems and for wrong fields. `|` joins the codes of two rooms."""

    problems: Mapping[str, Problem] = MappingProxyType({})
    fields: Mapping[str, Sentences] = MappingProxyType({})

    def __or__(self, other: "Texts") -> "Texts":
        """Return the codes of both rooms."""
        return Texts({**self.problems, **other.problems}, {**self.fields, **other.fields})

    def error_text(self, code: str, language: str, values: Mapping[str, str]) -> str:
        """Return the sentence of an error code in a supported language, with its values filled in."""
        return self.problems[code].sentences[language].format_map(values)

    def field_text(self, code: str, language: str, limit: str = "") -> str:
        """Return the sentence of a field error's code in a supported language. It names the limit, where one is known.

        A sentence has the limit in brackets, so that it reads well without one too.
        """
        sentence = self.fields[code][language]
        return sentence.format(limit=limit) if limit else re.sub(r" \([^()]*\{limit\}[^()]*\)", "", sentence)


_PROBLEMS = {
    "body-too-large": Problem(
        BodyTooLarge,
        {
            "en": "The request is too large.",
            "de": "Die Anfrage ist zu groß.",
            "nl": "Het verzoek is te groot.",
            "fr": "La requête est trop volumineuse.",
        },
    ),
    "cursor-invalid": Problem(
        MalformedRequest,
        {
            "en": "This page does not belong to the list. Please start at the first page.",
            "de": "Diese Seite gehört nicht zur Liste. Bitte beginnen Sie auf der ersten Seite.",
            "nl": "Deze pagina hoort niet bij de lijst. Begin op de eerste pagina.",
            "fr": "Cette page n’appartient pas à la liste. Veuillez commencer à la première page.",
        },
    ),
    "csv-columns": Problem(
        InvalidInput,
        {
            "en": "The columns of the file are not as expected. Possible are: {columns}.",
            "de": "Die Spalten der Datei sind nicht wie erwartet. Möglich sind: {columns}.",
            "nl": "De kolommen van het bestand zijn niet zoals verwacht. Mogelijk zijn: {columns}.",
            "fr": "Les colonnes du fichier ne sont pas celles attendues. Colonnes possibles : {columns}.",
        },
    ),
    "csv-encoding": Problem(
        MalformedRequest,
        {
            "en": "The letters of the file cannot be read. Please save it as CSV UTF-8.",
            "de": "Die Buchstaben der Datei sind nicht lesbar. Bitte speichern Sie sie als CSV UTF-8.",
            "nl": "De letters van het bestand zijn niet leesbaar. Sla het op als CSV UTF-8.",
            "fr": "Les lettres du fichier sont illisibles. Veuillez l’enregistrer au format CSV UTF-8.",
        },
    ),
    "csv-invalid": Problem(
        MalformedRequest,
        {
            "en": "This is not a CSV file with the expected columns.",
            "de": "Das ist keine CSV-Datei mit den erwarteten Spalten.",
            "nl": "Dit is geen CSV-bestand met de verwachte kolommen.",
            "fr": "Ce n’est pas un fichier CSV contenant les colonnes attendues.",
        },
    ),
    "csv-row-invalid": Problem(
        MalformedRequest,
        {
            "en": "Row {row} of the file cannot be read. Perhaps a quotation mark is missing.",
            "de": "Zeile {row} der Datei ist nicht lesbar. Vielleicht fehlt ein Anführungszeichen.",
            "nl": "Rij {row} van het bestand is niet leesbaar. Misschien ontbreekt een aanhalingsteken.",
            "fr": "La ligne {row} du fichier est illisible. Il manque peut-être un guillemet.",
        },
    ),
    "csv-too-long": Problem(
        InvalidInput,
        {
            "en": "The file has more than {rows} rows.",
            "de": "Die Datei hat mehr als {rows} Zeilen.",
            "nl": "Het bestand heeft meer dan {rows} rijen.",
            "fr": "Le fichier comporte plus de {rows} lignes.",
        },
    ),
    "forbidden": Problem(
        Forbidden,
        {
            "en": "You may not do this.",
            "de": "Das dürfen Sie nicht.",
            "nl": "U mag dit niet doen.",
            "fr": "Vous n’êtes pas autorisé à faire cela.",
        },
    ),
    "idempotency-key-invalid": Problem(
        MalformedRequest,
        {
            "en": "The request's own number is not valid. Please load the page again.",
            "de": "Die Kennung der Anfrage ist ungültig. Bitte laden Sie die Seite neu.",
            "nl": "Het kenmerk van het verzoek is ongeldig. Laad de pagina opnieuw.",
            "fr": "L’identifiant de la requête n’est pas valide. Veuillez recharger la page.",
        },
    ),
    "idempotency-key-reused": Problem(
        InvalidInput,
        {
            "en": "This was already sent with other values. Please load the page again.",
            "de": "Das wurde bereits mit anderen Werten gesendet. Bitte laden Sie die Seite neu.",
            "nl": "Dit is al met andere waarden verzonden. Laad de pagina opnieuw.",
            "fr": "Cela a déjà été envoyé avec d’autres valeurs. Veuillez recharger la page.",
        },
    ),
    "in-progress": Problem(
        InProgress,
        {
            "en": "This is being done by another request at the moment.",
            "de": "Das wird gerade in einer anderen Anfrage erledigt.",
            "nl": "Een ander verzoek is hier op dit moment mee bezig.",
            "fr": "Une autre requête s’en occupe en ce moment.",
        },
    ),
    "invalid-input": Problem(
        InvalidInput,
        {
            "en": "Some of the input is not valid. Please check it.",
            "de": "Ein Teil der Eingaben ist ungültig. Bitte prüfen Sie sie.",
            "nl": "Een deel van de invoer is ongeldig. Controleer deze.",
            "fr": "Certaines des données saisies ne sont pas valides. Veuillez les vérifier.",
        },
    ),
    "json-invalid": Problem(
        MalformedRequest,
        {
            "en": "The request could not be read. It is not valid JSON.",
            "de": "Die Anfrage war nicht lesbar. Sie ist kein gültiges JSON.",
            "nl": "Het verzoek was niet leesbaar. Het is geen geldige JSON.",
            "fr": "La requête était illisible. Ce n’est pas du JSON valide.",
        },
    ),
    "not-found": Problem(
        NotFound,
        {
            "en": "There is nothing here by that name.",
            "de": "Unter diesem Namen gibt es hier nichts.",
            "nl": "Hier bestaat niets met deze naam.",
            "fr": "Il n’y a rien de ce nom ici.",
        },
    ),
    "overloaded": Problem(
        Overloaded,
        {
            "en": "There is too much to do at the moment. Please try again in a few seconds.",
            "de": "Im Moment ist zu viel zu tun. Bitte versuchen Sie es in ein paar Sekunden noch einmal.",
            "nl": "Het is op dit moment te druk. Probeer het over een paar seconden opnieuw.",
            "fr": "Il y a trop à faire en ce moment. Veuillez réessayer dans quelques secondes.",
        },
    ),
    "precondition-required": Problem(
        PreconditionRequired,
        {
            "en": "It is not clear which version you are changing. Please load it again.",
            "de": "Es ist nicht klar, welche Version Sie ändern. Bitte laden Sie sie neu.",
            "nl": "Het is niet duidelijk welke versie u wijzigt. Laad deze opnieuw.",
            "fr": "La version que vous modifiez n’est pas claire. Veuillez la recharger.",
        },
    ),
    "too-many-requests": Problem(
        TooManyRequests,
        {
            "en": "There were too many requests. Please try again later.",
            "de": "Es gab zu viele Anfragen. Bitte versuchen Sie es später noch einmal.",
            "nl": "Er waren te veel verzoeken. Probeer het later opnieuw.",
            "fr": "Il y a eu trop de requêtes. Veuillez réessayer plus tard.",
        },
    ),
    "version-changed": Problem(
        PreconditionFailed,
        {
            "en": "It was changed meanwhile. Please load it again.",
            "de": "Es wurde inzwischen geändert. Bitte laden Sie es neu.",
            "nl": "Dit is intussen gewijzigd. Laad het opnieuw.",
            "fr": "Cela a été modifié entre-temps. Veuillez recharger.",
        },
    ),
}

_FIELDS: Mapping[str, Mapping[str, str]] = {
    "duplicate-column": {
        "en": "Two columns of the file mean the same.",
        "de": "Zwei Spalten der Datei bedeuten dasselbe.",
        "nl": "Twee kolommen van het bestand betekenen hetzelfde.",
        "fr": "Deux colonnes du fichier ont la même signification.",
    },
    "unknown-column": {
        "en": "This column is not expected.",
        "de": "Diese Spalte wird nicht erwartet.",
        "nl": "Deze kolom wordt niet verwacht.",
        "fr": "Cette colonne n’est pas attendue.",
    },
    "boolean": {
        "en": "This is neither true nor false.",
        "de": "Das ist weder true noch false.",
        "nl": "Dit is noch true noch false.",
        "fr": "Ce n’est ni true ni false.",
    },
    "invalid": {
        "en": "This value is not valid.",
        "de": "Dieser Wert ist ungültig.",
        "nl": "Deze waarde is ongeldig.",
        "fr": "Cette valeur n’est pas valide.",
    },
    "list": {
        "en": "This is not a list.",
        "de": "Das ist keine Liste.",
        "nl": "Dit is geen lijst.",
        "fr": "Ce n’est pas une liste.",
    },
    "moment": {
        "en": "This is not a date and time (ISO 8601).",
        "de": "Das ist kein Zeitpunkt (ISO 8601).",
        "nl": "Dit is geen datum met tijd (ISO 8601).",
        "fr": "Ce n’est pas une date avec heure (ISO 8601).",
    },
    "number": {
        "en": "This is not a number.",
        "de": "Das ist keine Zahl.",
        "nl": "Dit is geen getal.",
        "fr": "Ce n’est pas un nombre.",
    },
    "object": {
        "en": "This is not a JSON object.",
        "de": "Das ist kein JSON-Objekt.",
        "nl": "Dit is geen JSON-object.",
        "fr": "Ce n’est pas un objet JSON.",
    },
    "out-of-range": {
        "en": "This number is out of range ({limit}).",
        "de": "Diese Zahl liegt außerhalb des Bereichs ({limit}).",
        "nl": "Dit getal valt buiten het bereik ({limit}).",
        "fr": "Ce nombre est hors limites ({limit}).",
    },
    "required": {
        "en": "This is required.",
        "de": "Diese Angabe ist erforderlich.",
        "nl": "Dit is verplicht.",
        "fr": "Cette donnée est obligatoire.",
    },
    "text": {
        "en": "This is not text.",
        "de": "Das ist kein Text.",
        "nl": "Dit is geen tekst.",
        "fr": "Ce n’est pas du texte.",
    },
    "too-long": {
        "en": "This is too long (at most {limit}).",
        "de": "Das ist zu lang (höchstens {limit}).",
        "nl": "Dit is te lang (hoogstens {limit}).",
        "fr": "C’est trop long ({limit} au maximum).",
    },
    "too-short": {
        "en": "This is too short (at least {limit}).",
        "de": "Das ist zu kurz (mindestens {limit}).",
        "nl": "Dit is te kort (minstens {limit}).",
        "fr": "C’est trop court ({limit} au minimum).",
    },
    "unknown-field": {
        "en": "There is no such field.",
        "de": "Dieses Feld gibt es nicht.",
        "nl": "Dit veld bestaat niet.",
        "fr": "Ce champ n’existe pas.",
    },
    "unknown-value": {
        "en": "This is not one of the allowed values ({limit}).",
        "de": "Das ist keiner der erlaubten Werte ({limit}).",
        "nl": "Dit is geen van de toegestane waarden ({limit}).",
        "fr": "Ce n’est pas l’une des valeurs autorisées ({limit}).",
    },
    "unprintable": {
        "en": "Control characters are not allowed.",
        "de": "Steuerzeichen sind nicht erlaubt.",
        "nl": "Besturingstekens zijn niet toegestaan.",
        "fr": "Les caractères de contrôle ne sont pas autorisés.",
    },
    "private-key": {
        "en": "This is not a private RSA key in PEM, without a password, with 2048 bits or more.",
        "de": "Das ist kein privater RSA-Schlüssel in PEM ohne Passwort mit mindestens 2048 Bit.",
        "nl": "Dit is geen privé-RSA-sleutel in PEM, zonder wachtwoord, met minstens 2048 bits.",
        "fr": "Ce n’est pas une clé privée RSA en PEM, sans mot de passe, de 2048 bits ou plus.",
    },
}

PLATFORM_TEXTS = Texts(_PROBLEMS, _FIELDS)
