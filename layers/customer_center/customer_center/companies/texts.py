"""The texts of the error codes of companies and their users.

The codes of the ports (`erp-…`, `identity-…`) are here too, because every connector of a port raises the same codes.
"""

from collections.abc import Mapping

from customer_center.platform.errors import (
    Conflict,
    Forbidden,
    Gone,
    InvalidInput,
    MalformedRequest,
    NotFound,
    OutsideMalformed,
    OutsideTimeout,
    OutsideUnavailable,
    TooManyRequests,
)
from customer_center.platform.texts import Problem, Texts

_PROBLEMS = {
    "activation-refused": Problem(
        InvalidInput,
        {
            "en": "The customer number and the invoice number do not belong together.",
            "de": "Kundennummer und Rechnungsnummer gehören nicht zusammen.",
            "nl": "Het klantnummer en het factuurnummer horen niet bij elkaar.",
            "fr": "Le numéro de client et le numéro de facture ne correspondent pas.",
        },
    ),
    "code-exhausted": Problem(
        InvalidInput,
        {
            "en": "The code was entered wrongly too often. Please request a new one.",
            "de": "Der Code wurde zu oft falsch eingegeben. Bitte fordern Sie einen neuen an.",
            "nl": "De code is te vaak verkeerd ingevoerd. Vraag een nieuwe code aan.",
            "fr": "Le code a été saisi de manière erronée trop souvent. Veuillez en demander un nouveau.",
        },
    ),
    "code-expired": Problem(
        InvalidInput,
        {
            "en": "The code is no longer valid. Please request a new one.",
            "de": "Der Code ist nicht mehr gültig. Bitte fordern Sie einen neuen an.",
            "nl": "De code is niet meer geldig. Vraag een nieuwe code aan.",
            "fr": "Le code n’est plus valable. Veuillez en demander un nouveau.",
        },
    ),
    "code-invalid": Problem(
        InvalidInput,
        {
            "en": "The code is wrong.",
            "de": "Der Code ist falsch.",
            "nl": "De code is onjuist.",
            "fr": "Le code est incorrect.",
        },
    ),
    "company-closed": Problem(
        Forbidden,
        {
            "en": "This company's account is closed.",
            "de": "Das Konto dieses Unternehmens ist geschlossen.",
            "nl": "Het account van dit bedrijf is gesloten.",
            "fr": "Le compte de cette entreprise est fermé.",
        },
    ),
    "confirmation-expired": Problem(
        Gone,
        {
            "en": "This confirmation has expired. Please ask for a new one.",
            "de": "Diese Bestätigung ist abgelaufen. Bitte lassen Sie sich eine neue senden.",
            "nl": "Deze bevestiging is verlopen. Vraag om een nieuwe.",
            "fr": "Cette confirmation a expiré. Veuillez en demander une nouvelle.",
        },
    ),
    "confirmation-invalid": Problem(
        NotFound,
        {
            "en": "There is no such confirmation.",
            "de": "Diese Bestätigung gibt es nicht.",
            "nl": "Deze bevestiging bestaat niet.",
            "fr": "Cette confirmation n’existe pas.",
        },
    ),
    "contact-in-use": Problem(
        Conflict,
        {
            "en": "This contact already has a shop account.",
            "de": "Dieser Kontakt hat bereits ein Shop-Konto.",
            "nl": "Dit contact heeft al een shopaccount.",
            "fr": "Ce contact a déjà un compte dans la boutique.",
        },
    ),
    "contact-not-found": Problem(
        NotFound,
        {
            "en": "The ERP has no such contact for your company.",
            "de": "Das ERP kennt diesen Kontakt in Ihrem Unternehmen nicht.",
            "nl": "Het ERP kent dit contact niet bij uw bedrijf.",
            "fr": "L’ERP ne connaît pas ce contact dans votre entreprise.",
        },
    ),
    "customer-blocked": Problem(
        Conflict,
        {
            "en": "This customer is blocked. Please contact your supplier.",
            "de": "Dieser Kunde ist gesperrt. Bitte wenden Sie sich an Ihren Lieferanten.",
            "nl": "Deze klant is geblokkeerd. Neem contact op met uw leverancier.",
            "fr": "Ce client est bloqué. Veuillez contacter votre fournisseur.",
        },
    ),
    "customer-center-managed": Problem(
        Conflict,
        {
            "en": "Your company is using a customer-center. "
            "Please contact your shop administrator {email} for activating an account.",
            "de": "Ihr Unternehmen nutzt ein Customer Center. "
            "Bitte wenden Sie sich an Ihren Shop-Administrator {email}, um ein Konto zu aktivieren.",
            "nl": "Uw bedrijf gebruikt een customer center. "
            "Neem contact op met uw shopbeheerder {email} om een account te activeren.",
            "fr": "Votre entreprise utilise un customer center. "
            "Veuillez contacter l’administrateur de votre boutique, {email}, pour activer un compte.",
        },
    ),
    "customer-center-off": Problem(
        Forbidden,
        {
            "en": "Your company has no customer center at the moment.",
            "de": "Ihr Unternehmen hat derzeit kein Customer Center.",
            "nl": "Uw bedrijf heeft momenteel geen customer center.",
            "fr": "Votre entreprise n’a pas de customer center actuellement.",
        },
    ),
    "email-change-done": Problem(
        Gone,
        {
            "en": "This change has already taken effect. Please contact the shop.",
            "de": "Diese Änderung ist bereits wirksam. Bitte wenden Sie sich an den Shop.",
            "nl": "Deze wijziging is al van kracht. Neem contact op met de shop.",
            "fr": "Cette modification est déjà effective. Veuillez contacter la boutique.",
        },
    ),
    "email-in-use": Problem(
        Conflict,
        {
            "en": "This e-mail address is already used by a shop user.",
            "de": "Diese E-Mail-Adresse wird bereits von einem Shop-Benutzer verwendet.",
            "nl": "Dit e-mailadres wordt al gebruikt door een shopgebruiker.",
            "fr": "Cette adresse e-mail est déjà utilisée par un utilisateur de la boutique.",
        },
    ),
    "erp-malformed": Problem(
        OutsideMalformed,
        {
            "en": "The ERP answered in a way that could not be read. Please try again later.",
            "de": "Die Antwort des ERP war nicht lesbar. Bitte versuchen Sie es später noch einmal.",
            "nl": "Het antwoord van het ERP was niet leesbaar. Probeer het later opnieuw.",
            "fr": "La réponse de l’ERP était illisible. Veuillez réessayer plus tard.",
        },
    ),
    "erp-timeout": Problem(
        OutsideTimeout,
        {
            "en": "The ERP did not answer in time. Please try again.",
            "de": "Das ERP hat nicht rechtzeitig geantwortet. Bitte versuchen Sie es noch einmal.",
            "nl": "Het ERP heeft niet op tijd geantwoord. Probeer het opnieuw.",
            "fr": "L’ERP n’a pas répondu à temps. Veuillez réessayer.",
        },
    ),
    "erp-unavailable": Problem(
        OutsideUnavailable,
        {
            "en": "The ERP cannot be reached at the moment. Please try again later.",
            "de": "Das ERP ist derzeit nicht erreichbar. Bitte versuchen Sie es später noch einmal.",
            "nl": "Het ERP is momenteel niet bereikbaar. Probeer het later opnieuw.",
            "fr": "L’ERP est injoignable actuellement. Veuillez réessayer plus tard.",
        },
    ),
    "identity-unavailable": Problem(
        OutsideUnavailable,
        {
            "en": "The login service cannot be reached at the moment. Please try again.",
            "de": "Der Anmeldedienst ist derzeit nicht erreichbar. Bitte versuchen Sie es noch einmal.",
            "nl": "De aanmelddienst is momenteel niet bereikbaar. Probeer het opnieuw.",
            "fr": "Le service de connexion est injoignable actuellement. Veuillez réessayer.",
        },
    ),
    "invitation-expired": Problem(
        Gone,
        {
            "en": "This invitation has expired. Please ask for a new one.",
            "de": "Diese Einladung ist abgelaufen. Bitte lassen Sie sich eine neue senden.",
            "nl": "Deze uitnodiging is verlopen. Vraag om een nieuwe.",
            "fr": "Cette invitation a expiré. Veuillez en demander une nouvelle.",
        },
    ),
    "invitation-invalid": Problem(
        NotFound,
        {
            "en": "There is no such invitation.",
            "de": "Diese Einladung gibt es nicht.",
            "nl": "Deze uitnodiging bestaat niet.",
            "fr": "Cette invitation n’existe pas.",
        },
    ),
    "invitation-not-open": Problem(
        Conflict,
        {
            "en": "This user has no open invitation.",
            "de": "Dieser Benutzer hat keine offene Einladung.",
            "nl": "Deze gebruiker heeft geen openstaande uitnodiging.",
            "fr": "Cet utilisateur n’a pas d’invitation en attente.",
        },
    ),
    "invitation-revoked": Problem(
        Gone,
        {
            "en": "This invitation was withdrawn.",
            "de": "Diese Einladung wurde zurückgezogen.",
            "nl": "Deze uitnodiging is ingetrokken.",
            "fr": "Cette invitation a été retirée.",
        },
    ),
    "invitation-superseded": Problem(
        Gone,
        {
            "en": "There is an account with your e-mail address already. Please log in.",
            "de": "Mit Ihrer E-Mail-Adresse gibt es bereits ein Konto. Bitte melden Sie sich an.",
            "nl": "Er is al een account met uw e-mailadres. Meld u aan.",
            "fr": "Il existe déjà un compte avec votre adresse e-mail. Veuillez vous connecter.",
        },
    ),
    "invitation-used": Problem(
        Gone,
        {
            "en": "This invitation was already used. Please log in.",
            "de": "Diese Einladung wurde bereits verwendet. Bitte melden Sie sich an.",
            "nl": "Deze uitnodiging is al gebruikt. Meld u aan.",
            "fr": "Cette invitation a déjà été utilisée. Veuillez vous connecter.",
        },
    ),
    "last-main-contact": Problem(
        Conflict,
        {
            "en": "A company keeps at least one active main contact.",
            "de": "Ein Unternehmen behält mindestens einen aktiven Hauptkontakt.",
            "nl": "Een bedrijf houdt minstens één actieve hoofdcontactpersoon.",
            "fr": "Une entreprise conserve au moins un contact principal actif.",
        },
    ),
    "login-too-old": Problem(
        Forbidden,
        {
            "en": "Please log in again to change your own e-mail address.",
            "de": "Bitte melden Sie sich erneut an, um Ihre eigene E-Mail-Adresse zu ändern.",
            "nl": "Meld u opnieuw aan om uw eigen e-mailadres te wijzigen.",
            "fr": "Veuillez vous reconnecter pour modifier votre propre adresse e-mail.",
        },
    ),
    "main-contact-missing": Problem(
        Conflict,
        {
            "en": "No main contact is known for your customer center. Please contact your supplier.",
            "de": "Für Ihr Customer Center ist kein Hauptkontakt bekannt. Bitte wenden Sie sich an Ihren Lieferanten.",
            "nl": "Voor uw customer center is geen hoofdcontactpersoon bekend. Neem contact op met uw leverancier.",
            "fr": "Aucun contact principal n’est connu pour votre customer center. "
            "Veuillez contacter votre fournisseur.",
        },
    ),
    "mails-stopped": Problem(
        TooManyRequests,
        {
            "en": "Too many mails of your company came back, so no more are sent for now. "
            "Please check the addresses. The shop can switch your mails on again.",
            "de": "Zu viele Mails Ihres Unternehmens kamen zurück, darum werden vorerst keine mehr versendet. "
            "Bitte prüfen Sie die Adressen. Der Shop kann Ihre Mails wieder einschalten.",
            "nl": "Er kwamen te veel e-mails van uw bedrijf terug, daarom worden er voorlopig geen meer verzonden. "
            "Controleer de adressen. De shop kan uw e-mails weer inschakelen.",
            "fr": "Trop de courriels de votre entreprise sont revenus, plus aucun n’est donc envoyé pour l’instant. "
            "Veuillez vérifier les adresses. La boutique peut réactiver vos courriels.",
        },
    ),
    "own-account": Problem(
        Conflict,
        {
            "en": "You cannot do this to your own account.",
            "de": "Das ist mit dem eigenen Konto nicht möglich.",
            "nl": "Dit kunt u niet met uw eigen account doen.",
            "fr": "Vous ne pouvez pas faire cela avec votre propre compte.",
        },
    ),
    "permission-missing": Problem(
        Forbidden,
        {
            "en": "You lack the permission for this.",
            "de": "Ihnen fehlt die Berechtigung dafür.",
            "nl": "U hebt hiervoor niet het nodige recht.",
            "fr": "Il vous manque l’autorisation nécessaire.",
        },
    ),
    "too-many-refusals": Problem(
        TooManyRequests,
        {
            "en": "There were too many attempts. Please try again later.",
            "de": "Es gab zu viele Versuche. Bitte versuchen Sie es später noch einmal.",
            "nl": "Er waren te veel pogingen. Probeer het later opnieuw.",
            "fr": "Il y a eu trop de tentatives. Veuillez réessayer plus tard.",
        },
    ),
    "unsupported-query": Problem(
        MalformedRequest,
        {
            "en": "This combination of order, filter and size is not supported.",
            "de": "Diese Kombination aus Sortierung, Filter und Seitengröße wird nicht unterstützt.",
            "nl": "Deze combinatie van volgorde, filter en paginagrootte wordt niet ondersteund.",
            "fr": "Cette combinaison de tri, de filtre et de taille de page n’est pas prise en charge.",
        },
    ),
    "user-deactivated": Problem(
        Forbidden,
        {
            "en": "This account is deactivated.",
            "de": "Dieses Konto ist deaktiviert.",
            "nl": "Dit account is gedeactiveerd.",
            "fr": "Ce compte est désactivé.",
        },
    ),
    "user-not-active": Problem(
        Conflict,
        {
            "en": "Only an active user can become the main contact.",
            "de": "Nur ein aktiver Benutzer kann Hauptkontakt werden.",
            "nl": "Alleen een actieve gebruiker kan hoofdcontactpersoon worden.",
            "fr": "Seul un utilisateur actif peut devenir contact principal.",
        },
    ),
}

_FIELDS: Mapping[str, Mapping[str, str]] = {
    "address-in-name": {
        "en": "A name contains no web or e-mail address. Please put a blank after each dot.",
        "de": "Ein Name enthält keine Web- oder E-Mail-Adresse. Bitte setzen Sie nach jedem Punkt ein Leerzeichen.",
        "nl": "Een naam bevat geen web- of e-mailadres. Zet na elke punt een spatie.",
        "fr": "Un nom ne contient ni adresse web ni adresse e-mail. Veuillez mettre une espace après chaque point.",
    },
    "contact-in-use": _PROBLEMS["contact-in-use"].sentences,
    "contact-not-found": _PROBLEMS["contact-not-found"].sentences,
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
    "email-in-use": _PROBLEMS["email-in-use"].sentences,
    "email-of-active-colleague": {
        "en": "A colleague of yours already uses this e-mail address.",
        "de": "Diese E-Mail-Adresse gehört bereits einem Benutzer Ihres Unternehmens.",
        "nl": "Dit e-mailadres is al van een gebruiker van uw bedrijf.",
        "fr": "Un utilisateur de votre entreprise a déjà cette adresse e-mail.",
    },
    "email-of-deactivated-colleague": {
        "en": "A deactivated colleague has this e-mail address. You can activate their account again.",
        "de": "Ein deaktivierter Kollege hat diese E-Mail-Adresse. Sie können ihn wieder aktivieren.",
        "nl": "Een gedeactiveerde gebruiker van uw bedrijf heeft dit e-mailadres. U kunt deze weer activeren.",
        "fr": "Un utilisateur désactivé de votre entreprise a cette adresse e-mail. Vous pouvez le réactiver.",
    },
    "email-of-invited-colleague": {
        "en": "A colleague is already invited with this e-mail address. You can send the invitation again.",
        "de": "Mit dieser E-Mail-Adresse ist schon jemand eingeladen. Sie können die Einladung noch einmal senden.",
        "nl": "Met dit e-mailadres is al een collega uitgenodigd. U kunt de uitnodiging opnieuw sturen.",
        "fr": "Un collègue est déjà invité à cette adresse e-mail. Vous pouvez renvoyer l’invitation.",
    },
    "password-policy": {
        "en": "The password has at least 10 characters and no blank at its ends.",
        "de": "Das Passwort hat mindestens 10 Zeichen und kein Leerzeichen am Anfang oder Ende.",
        "nl": "Het wachtwoord heeft minstens 10 tekens en begint en eindigt niet met een spatie.",
        "fr": "Le mot de passe comporte au moins 10 caractères, sans espace au début ni à la fin.",
    },
    "permission-missing": _PROBLEMS["permission-missing"].sentences,
    "role-not-assignable": {
        "en": "This role cannot be assigned.",
        "de": "Diese Rolle kann nicht vergeben werden.",
        "nl": "Deze rol kan niet worden toegewezen.",
        "fr": "Ce rôle ne peut pas être attribué.",
    },
    "unknown-contact": {
        "en": "The ERP has no such contact for this customer.",
        "de": "Das ERP kennt diesen Kontakt bei diesem Kunden nicht.",
        "nl": "Het ERP kent dit contact niet bij deze klant.",
        "fr": "L’ERP ne connaît pas ce contact chez ce client.",
    },
}

COMPANIES_TEXTS = Texts(_PROBLEMS, _FIELDS)
