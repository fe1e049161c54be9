"""What each error code says to a person, in the languages answers come in. Codes are stable; sentences may improve."""

from collections.abc import Mapping

ERRORS: Mapping[str, Mapping[str, str]] = {
    "activation-refused": {
        "en": "The customer number and the invoice number do not belong together.",
        "de": "Kundennummer und Rechnungsnummer gehören nicht zusammen.",
        "nl": "Het klantnummer en het factuurnummer horen niet bij elkaar.",
        "fr": "Le numéro de client et le numéro de facture ne correspondent pas.",
    },
    "body-too-large": {
        "en": "The request is too large.",
        "de": "Die Anfrage ist zu groß.",
        "nl": "Het verzoek is te groot.",
        "fr": "La requête est trop volumineuse.",
    },
    "client-key-revoked": {
        "en": "This client key was revoked. Please issue a new one.",
        "de": "Dieser Client-Schlüssel wurde widerrufen. Bitte stellen Sie einen neuen aus.",
        "nl": "Deze client key is ingetrokken. Geef een nieuwe uit.",
        "fr": "Cette clé client a été révoquée. Veuillez en émettre une nouvelle.",
    },
    "code-exhausted": {
        "en": "The code was entered wrongly too often. Please request a new one.",
        "de": "Der Code wurde zu oft falsch eingegeben. Bitte fordern Sie einen neuen an.",
        "nl": "De code is te vaak verkeerd ingevoerd. Vraag een nieuwe code aan.",
        "fr": "Le code a été saisi de manière erronée trop souvent. Veuillez en demander un nouveau.",
    },
    "code-expired": {
        "en": "The code is no longer valid. Please request a new one.",
        "de": "Der Code ist nicht mehr gültig. Bitte fordern Sie einen neuen an.",
        "nl": "De code is niet meer geldig. Vraag een nieuwe code aan.",
        "fr": "Le code n’est plus valable. Veuillez en demander un nouveau.",
    },
    "code-invalid": {
        "en": "The code is wrong.",
        "de": "Der Code ist falsch.",
        "nl": "De code is onjuist.",
        "fr": "Le code est incorrect.",
    },
    "company-closed": {
        "en": "This company's account is closed.",
        "de": "Das Konto dieses Unternehmens ist geschlossen.",
        "nl": "Het account van dit bedrijf is gesloten.",
        "fr": "Le compte de cette entreprise est fermé.",
    },
    "confirmation-expired": {
        "en": "This confirmation has expired. Please ask for a new one.",
        "de": "Diese Bestätigung ist abgelaufen. Bitte lassen Sie sich eine neue senden.",
        "nl": "Deze bevestiging is verlopen. Vraag om een nieuwe.",
        "fr": "Cette confirmation a expiré. Veuillez en demander une nouvelle.",
    },
    "confirmation-invalid": {
        "en": "There is no such confirmation.",
        "de": "Diese Bestätigung gibt es nicht.",
        "nl": "Deze bevestiging bestaat niet.",
        "fr": "Cette confirmation n’existe pas.",
    },
    "contact-in-use": {
        "en": "This contact already has a shop account.",
        "de": "Dieser Kontakt hat bereits ein Shop-Konto.",
        "nl": "Dit contact heeft al een shopaccount.",
        "fr": "Ce contact a déjà un compte dans la boutique.",
    },
    "contact-not-found": {
        "en": "The ERP has no such contact for your company.",
        "de": "Das ERP kennt diesen Kontakt in Ihrem Unternehmen nicht.",
        "nl": "Het ERP kent dit contact niet bij uw bedrijf.",
        "fr": "L’ERP ne connaît pas ce contact dans votre entreprise.",
    },
    "csv-invalid": {
        "en": "The body is not a CSV file with the expected columns.",
        "de": "Der Inhalt der Anfrage ist keine CSV-Datei mit den erwarteten Spalten.",
        "nl": "De inhoud van het verzoek is geen CSV-bestand met de verwachte kolommen.",
        "fr": "Le corps de la requête n’est pas un fichier CSV contenant les colonnes attendues.",
    },
    "csv-too-long": {
        "en": "The file has more than {rows} rows.",
        "de": "Die Datei hat mehr als {rows} Zeilen.",
        "nl": "Het bestand heeft meer dan {rows} rijen.",
        "fr": "Le fichier comporte plus de {rows} lignes.",
    },
    "cursor-invalid": {
        "en": "The cursor is not one of this list.",
        "de": "Der Cursor gehört nicht zu dieser Liste.",
        "nl": "De cursor hoort niet bij deze lijst.",
        "fr": "Le curseur n’appartient pas à cette liste.",
    },
    "customer-blocked": {
        "en": "This customer is blocked. Please contact your supplier.",
        "de": "Dieser Kunde ist gesperrt. Bitte wenden Sie sich an Ihren Lieferanten.",
        "nl": "Deze klant is geblokkeerd. Neem contact op met uw leverancier.",
        "fr": "Ce client est bloqué. Veuillez contacter votre fournisseur.",
    },
    "customer-center-managed": {
        "en": "Your company is using a customer-center. "
        "Please contact your shop administrator {email} for activating an account.",
        "de": "Ihr Unternehmen nutzt ein Customer Center. "
        "Bitte wenden Sie sich an Ihren Shop-Administrator {email}, um ein Konto zu aktivieren.",
        "nl": "Uw bedrijf gebruikt een customer center. "
        "Neem contact op met uw shopbeheerder {email} om een account te activeren.",
        "fr": "Votre entreprise utilise un customer center. "
        "Veuillez contacter l’administrateur de votre boutique, {email}, pour activer un compte.",
    },
    "customer-center-off": {
        "en": "Your company has no customer center at the moment.",
        "de": "Ihr Unternehmen hat derzeit kein Customer Center.",
        "nl": "Uw bedrijf heeft momenteel geen customer center.",
        "fr": "Votre entreprise n’a pas de customer center actuellement.",
    },
    "email-in-use": {
        "en": "This e-mail address is already used by a shop user.",
        "de": "Diese E-Mail-Adresse wird bereits von einem Shop-Benutzer verwendet.",
        "nl": "Dit e-mailadres wordt al gebruikt door een shopgebruiker.",
        "fr": "Cette adresse e-mail est déjà utilisée par un utilisateur de la boutique.",
    },
    "erp-malformed": {
        "en": "The ERP answered in a way that could not be read. Please try again later.",
        "de": "Die Antwort des ERP war nicht lesbar. Bitte versuchen Sie es später noch einmal.",
        "nl": "Het antwoord van het ERP was niet leesbaar. Probeer het later opnieuw.",
        "fr": "La réponse de l’ERP était illisible. Veuillez réessayer plus tard.",
    },
    "erp-timeout": {
        "en": "The ERP did not answer in time. Please try again.",
        "de": "Das ERP hat nicht rechtzeitig geantwortet. Bitte versuchen Sie es noch einmal.",
        "nl": "Het ERP heeft niet op tijd geantwoord. Probeer het opnieuw.",
        "fr": "L’ERP n’a pas répondu à temps. Veuillez réessayer.",
    },
    "erp-unavailable": {
        "en": "The ERP cannot be reached at the moment. Please try again later.",
        "de": "Das ERP ist derzeit nicht erreichbar. Bitte versuchen Sie es später noch einmal.",
        "nl": "Het ERP is momenteel niet bereikbaar. Probeer het later opnieuw.",
        "fr": "L’ERP est injoignable actuellement. Veuillez réessayer plus tard.",
    },
    "event-type-unknown": {
        "en": "There is no event of this type.",
        "de": "Ein Ereignis dieses Typs gibt es nicht.",
        "nl": "Er bestaat geen gebeurtenis van dit type.",
        "fr": "Il n’existe pas d’événement de ce type.",
    },
    "forbidden": {
        "en": "You may not do this.",
        "de": "Das dürfen Sie nicht.",
        "nl": "U mag dit niet doen.",
        "fr": "Vous n’êtes pas autorisé à faire cela.",
    },
    "idempotency-key-invalid": {
        "en": "An Idempotency-Key has 1 to 255 printable ASCII characters.",
        "de": "Ein Idempotency-Key hat 1 bis 255 druckbare ASCII-Zeichen.",
        "nl": "Een Idempotency-Key heeft 1 tot 255 afdrukbare ASCII-tekens.",
        "fr": "Un Idempotency-Key comporte de 1 à 255 caractères ASCII imprimables.",
    },
    "idempotency-key-reused": {
        "en": "This Idempotency-Key was already used for another request.",
        "de": "Dieser Idempotency-Key wurde bereits für eine andere Anfrage verwendet.",
        "nl": "Deze Idempotency-Key is al voor een ander verzoek gebruikt.",
        "fr": "Cet Idempotency-Key a déjà été utilisé pour une autre requête.",
    },
    "identity-unavailable": {
        "en": "The login service cannot be reached at the moment. Please try again.",
        "de": "Der Anmeldedienst ist derzeit nicht erreichbar. Bitte versuchen Sie es noch einmal.",
        "nl": "De aanmelddienst is momenteel niet bereikbaar. Probeer het opnieuw.",
        "fr": "Le service de connexion est injoignable actuellement. Veuillez réessayer.",
    },
    "in-progress": {
        "en": "This is being done by another request at the moment.",
        "de": "Das wird gerade in einer anderen Anfrage erledigt.",
        "nl": "Een ander verzoek is hier op dit moment mee bezig.",
        "fr": "Une autre requête s’en occupe en ce moment.",
    },
    "invalid-input": {
        "en": "Some of the input is not valid; `errors` says where.",
        "de": "Ein Teil der Eingaben ist ungültig; `errors` nennt die Stellen.",
        "nl": "Een deel van de invoer is ongeldig; `errors` zegt waar.",
        "fr": "Certaines des données saisies ne sont pas valides, `errors` indique lesquelles.",
    },
    "invitation-expired": {
        "en": "This invitation has expired. Please ask for a new one.",
        "de": "Diese Einladung ist abgelaufen. Bitte lassen Sie sich eine neue senden.",
        "nl": "Deze uitnodiging is verlopen. Vraag om een nieuwe.",
        "fr": "Cette invitation a expiré. Veuillez en demander une nouvelle.",
    },
    "invitation-invalid": {
        "en": "There is no such invitation.",
        "de": "Diese Einladung gibt es nicht.",
        "nl": "Deze uitnodiging bestaat niet.",
        "fr": "Cette invitation n’existe pas.",
    },
    "invitation-not-open": {
        "en": "This user has no open invitation.",
        "de": "Dieser Benutzer hat keine offene Einladung.",
        "nl": "Deze gebruiker heeft geen openstaande uitnodiging.",
        "fr": "Cet utilisateur n’a pas d’invitation en attente.",
    },
    "invitation-revoked": {
        "en": "This invitation was withdrawn.",
        "de": "Diese Einladung wurde zurückgezogen.",
        "nl": "Deze uitnodiging is ingetrokken.",
        "fr": "Cette invitation a été retirée.",
    },
    "invitation-used": {
        "en": "This invitation was already used. Please log in.",
        "de": "Diese Einladung wurde bereits verwendet. Bitte melden Sie sich an.",
        "nl": "Deze uitnodiging is al gebruikt. Meld u aan.",
        "fr": "Cette invitation a déjà été utilisée. Veuillez vous connecter.",
    },
    "json-invalid": {
        "en": "The body is not JSON.",
        "de": "Der Inhalt der Anfrage ist kein JSON.",
        "nl": "De inhoud van het verzoek is geen JSON.",
        "fr": "Le corps de la requête n’est pas du JSON.",
    },
    "last-main-contact": {
        "en": "A company keeps at least one active main contact.",
        "de": "Ein Unternehmen behält mindestens einen aktiven Hauptkontakt.",
        "nl": "Een bedrijf houdt minstens één actieve hoofdcontactpersoon.",
        "fr": "Une entreprise conserve au moins un contact principal actif.",
    },
    "main-contact-missing": {
        "en": "No main contact is known for your customer center. Please contact your supplier.",
        "de": "Für Ihr Customer Center ist kein Hauptkontakt bekannt. Bitte wenden Sie sich an Ihren Lieferanten.",
        "nl": "Voor uw customer center is geen hoofdcontactpersoon bekend. Neem contact op met uw leverancier.",
        "fr": "Aucun contact principal n’est connu pour votre customer center. Veuillez contacter votre fournisseur.",
    },
    "not-found": {
        "en": "There is nothing here by that name.",
        "de": "Unter diesem Namen gibt es hier nichts.",
        "nl": "Hier bestaat niets met deze naam.",
        "fr": "Il n’y a rien de ce nom ici.",
    },
    "own-account": {
        "en": "You cannot do this to your own account.",
        "de": "Das ist mit dem eigenen Konto nicht möglich.",
        "nl": "Dit kunt u niet met uw eigen account doen.",
        "fr": "Vous ne pouvez pas faire cela avec votre propre compte.",
    },
    "permission-missing": {
        "en": "You lack the permission {permission}.",
        "de": "Ihnen fehlt die Berechtigung {permission}.",
        "nl": "U hebt het recht {permission} niet.",
        "fr": "Il vous manque l’autorisation {permission}.",
    },
    "precondition-required": {
        "en": "Please send If-Match with the version you are changing.",
        "de": "Bitte senden Sie If-Match mit der Version, die Sie ändern.",
        "nl": "Stuur If-Match mee met de versie die u wijzigt.",
        "fr": "Veuillez envoyer If-Match avec la version que vous modifiez.",
    },
    "queue-unavailable": {
        "en": "The event could not be stored at the moment. Please send it again.",
        "de": "Das Ereignis konnte gerade nicht gespeichert werden. Bitte senden Sie es noch einmal.",
        "nl": "De gebeurtenis kon op dit moment niet worden opgeslagen. Stuur deze opnieuw.",
        "fr": "L’événement n’a pas pu être enregistré pour le moment. Veuillez le renvoyer.",
    },
    "scope-missing": {
        "en": "The client key lacks the scope {scope}.",
        "de": "Dem Client-Schlüssel fehlt der Scope {scope}.",
        "nl": "De client key mist de scope {scope}.",
        "fr": "Il manque le scope {scope} à la clé client.",
    },
    "secrets-limit": {
        "en": "A client key has two secrets at most. Please revoke one first.",
        "de": "Ein Client-Schlüssel hat höchstens zwei Geheimnisse. Bitte widerrufen Sie zuerst eines.",
        "nl": "Een client key heeft hoogstens twee geheimen. Trek er eerst een in.",
        "fr": "Une clé client a deux secrets au plus. Veuillez d’abord en révoquer un.",
    },
    "signature-invalid": {
        "en": "The webhook's signature is not valid.",
        "de": "Die Signatur des Webhooks ist ungültig.",
        "nl": "De handtekening van de webhook is ongeldig.",
        "fr": "La signature du webhook n’est pas valide.",
    },
    "too-many-refusals": {
        "en": "There were too many attempts. Please try again later.",
        "de": "Es gab zu viele Versuche. Bitte versuchen Sie es später noch einmal.",
        "nl": "Er waren te veel pogingen. Probeer het later opnieuw.",
        "fr": "Il y a eu trop de tentatives. Veuillez réessayer plus tard.",
    },
    "too-many-requests": {
        "en": "There were too many requests. Please try again later.",
        "de": "Es gab zu viele Anfragen. Bitte versuchen Sie es später noch einmal.",
        "nl": "Er waren te veel verzoeken. Probeer het later opnieuw.",
        "fr": "Il y a eu trop de requêtes. Veuillez réessayer plus tard.",
    },
    "unauthorized": {
        "en": "The client key is missing or not valid.",
        "de": "Der Client-Schlüssel fehlt oder ist ungültig.",
        "nl": "De client key ontbreekt of is ongeldig.",
        "fr": "La clé client manque ou n’est pas valide.",
    },
    "unsupported-query": {
        "en": "This combination of order, filter and size is not supported.",
        "de": "Diese Kombination aus Sortierung, Filter und Seitengröße wird nicht unterstützt.",
        "nl": "Deze combinatie van volgorde, filter en paginagrootte wordt niet ondersteund.",
        "fr": "Cette combinaison de tri, de filtre et de taille de page n’est pas prise en charge.",
    },
    "user-deactivated": {
        "en": "This account is deactivated.",
        "de": "Dieses Konto ist deaktiviert.",
        "nl": "Dit account is gedeactiveerd.",
        "fr": "Ce compte est désactivé.",
    },
    "user-not-active": {
        "en": "Only an active user can become the main contact.",
        "de": "Nur ein aktiver Benutzer kann Hauptkontakt werden.",
        "nl": "Alleen een actieve gebruiker kan hoofdcontactpersoon worden.",
        "fr": "Seul un utilisateur actif peut devenir contact principal.",
    },
    "version-changed": {
        "en": "It was changed meanwhile. Please load it again.",
        "de": "Es wurde inzwischen geändert. Bitte laden Sie es neu.",
        "nl": "Dit is intussen gewijzigd. Laad het opnieuw.",
        "fr": "Cela a été modifié entre-temps. Veuillez recharger.",
    },
}

FIELDS: Mapping[str, Mapping[str, str]] = {
    "boolean": {
        "en": "This is neither true nor false.",
        "de": "Das ist weder true noch false.",
        "nl": "Dit is noch true noch false.",
        "fr": "Ce n’est ni true ni false.",
    },
    "contact-in-use": ERRORS["contact-in-use"],
    "contact-not-found": ERRORS["contact-not-found"],
    "currency-differs": {
        "en": "One user has budgets in one currency.",
        "de": "Ein Benutzer hat Budgets in einer Währung.",
        "nl": "Een gebruiker heeft budgetten in één valuta.",
        "fr": "Un utilisateur a des budgets dans une seule devise.",
    },
    "duplicate-row": {
        "en": "This e-mail address stands in the file more than once.",
        "de": "Diese E-Mail-Adresse steht mehrmals in der Datei.",
        "nl": "Dit e-mailadres staat meer dan eens in het bestand.",
        "fr": "Cette adresse e-mail figure plusieurs fois dans le fichier.",
    },
    "email": {
        "en": "This is not an e-mail address.",
        "de": "Das ist keine E-Mail-Adresse.",
        "nl": "Dit is geen e-mailadres.",
        "fr": "Ce n’est pas une adresse e-mail.",
    },
    "email-in-use": ERRORS["email-in-use"],
    "invalid": {
        "en": "This value is not valid.",
        "de": "Dieser Wert ist ungültig.",
        "nl": "Deze waarde is ongeldig.",
        "fr": "Cette valeur n’est pas valide.",
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
        "en": "This number is out of range.",
        "de": "Diese Zahl liegt außerhalb des Bereichs.",
        "nl": "Dit getal valt buiten het bereik.",
        "fr": "Ce nombre est hors limites.",
    },
    "password-policy": {
        "en": "The password has at least 10 characters and no blank at its ends.",
        "de": "Das Passwort hat mindestens 10 Zeichen und kein Leerzeichen am Anfang oder Ende.",
        "nl": "Het wachtwoord heeft minstens 10 tekens en begint en eindigt niet met een spatie.",
        "fr": "Le mot de passe comporte au moins 10 caractères, sans espace au début ni à la fin.",
    },
    "permission-missing": {
        "en": "You lack the permission for this.",
        "de": "Ihnen fehlt die Berechtigung dafür.",
        "nl": "U hebt hiervoor niet het nodige recht.",
        "fr": "Il vous manque l’autorisation nécessaire.",
    },
    "required": {
        "en": "This is required.",
        "de": "Diese Angabe ist erforderlich.",
        "nl": "Dit is verplicht.",
        "fr": "Cette donnée est obligatoire.",
    },
    "role-not-assignable": {
        "en": "This role cannot be assigned.",
        "de": "Diese Rolle kann nicht vergeben werden.",
        "nl": "Deze rol kan niet worden toegewezen.",
        "fr": "Ce rôle ne peut pas être attribué.",
    },
    "text": {
        "en": "This is not text.",
        "de": "Das ist kein Text.",
        "nl": "Dit is geen tekst.",
        "fr": "Ce n’est pas du texte.",
    },
    "too-long": {
        "en": "This is too long.",
        "de": "Das ist zu lang.",
        "nl": "Dit is te lang.",
        "fr": "C’est trop long.",
    },
    "too-short": {
        "en": "This is too short.",
        "de": "Das ist zu kurz.",
        "nl": "Dit is te kort.",
        "fr": "C’est trop court.",
    },
    "unknown-contact": {
        "en": "The ERP has no such contact for this customer.",
        "de": "Das ERP kennt diesen Kontakt bei diesem Kunden nicht.",
        "nl": "Het ERP kent dit contact niet bij deze klant.",
        "fr": "L’ERP ne connaît pas ce contact chez ce client.",
    },
    "unknown-field": {
        "en": "There is no such field.",
        "de": "Dieses Feld gibt es nicht.",
        "nl": "Dit veld bestaat niet.",
        "fr": "Ce champ n’existe pas.",
    },
    "unknown-value": {
        "en": "This is not one of the allowed values.",
        "de": "Das ist keiner der erlaubten Werte.",
        "nl": "Dit is geen van de toegestane waarden.",
        "fr": "Ce n’est pas l’une des valeurs autorisées.",
    },
    "unprintable": {
        "en": "Control characters are not allowed.",
        "de": "Steuerzeichen sind nicht erlaubt.",
        "nl": "Besturingstekens zijn niet toegestaan.",
        "fr": "Les caractères de contrôle ne sont pas autorisés.",
    },
}


def error_text(code: str, language: str, values: Mapping[str, str]) -> str:
    """Return the sentence of an error code in a supported language, with its values filled in."""
    return ERRORS[code][language].format_map(values)


def field_text(code: str, language: str) -> str:
    """Return the sentence of a field error's code in a supported language."""
    return FIELDS[code][language]
