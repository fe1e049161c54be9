"""The error codes of the Customer List, and their sentences."""

from customer_center.platform.errors import Conflict, Forbidden, Gone, InvalidInput, NotFound
from customer_center.platform.texts import Problem, Texts

_PROBLEMS = {
    "account-without-partner": Problem(
        Conflict,
        {
            "en": "This account belongs to no partner, so that nobody could see the customer any more.",
            "de": "Dieses Konto gehört zu keinem Partner, sodass niemand den Kunden mehr sehen könnte.",
            "nl": "Dit account hoort bij geen partner, zodat niemand de klant nog zou kunnen zien.",
            "fr": "Ce compte n’appartient à aucun partenaire : plus personne ne pourrait voir le client.",
        },
    ),
    "already-merged": Problem(
        Conflict,
        {
            "en": "The two are one customer already.",
            "de": "Die beiden sind schon ein Kunde.",
            "nl": "De twee zijn al één klant.",
            "fr": "Les deux sont déjà un seul client.",
        },
    ),
    "cluster-limit": Problem(
        Conflict,
        {
            "en": "Merged customers can have at most 20 records, 20 e-mails, 20 telephone numbers and 100 tags.",
            "de": "Zusammengeführte Kunden haben höchstens 20 Datensätze, 20 E-Mails, 20 Telefonnummern und 100 Tags.",
            "nl": "Samengevoegde klanten hebben hoogstens 20 records, 20 e-mails, 20 telefoonnummers en 100 tags.",
            "fr": "Les clients fusionnés ont au plus 20 fiches, 20 e-mails, 20 numéros de téléphone et 100 étiquettes.",
        },
    ),
    "conflict-closed": Problem(
        Conflict,
        {
            "en": "This conflict is closed.",
            "de": "Dieser Konflikt ist abgeschlossen.",
            "nl": "Dit conflict is afgesloten.",
            "fr": "Ce conflit est clos.",
        },
    ),
    "cursor-expired": Problem(
        Gone,
        {
            "en": "Changes are kept for 30 days. Please read everything anew.",
            "de": "Änderungen werden 30 Tage aufgehoben. Bitte alles neu lesen.",
            "nl": "Wijzigingen worden 30 dagen bewaard. Lees alles opnieuw.",
            "fr": "Les modifications sont conservées 30 jours. Veuillez tout relire.",
        },
    ),
    "customer-code-taken": Problem(
        Conflict,
        {
            "en": "Another customer of this account has this customer code.",
            "de": "Ein anderer Kunde dieses Kontos hat diese Kundennummer.",
            "nl": "Een andere klant van dit account heeft deze klantcode.",
            "fr": "Un autre client de ce compte a ce code client.",
        },
    ),
    "customer-erased": Problem(
        InvalidInput,
        {
            "en": "The person with this id was erased.",
            "de": "Die Person mit dieser Id wurde gelöscht.",
            "nl": "De persoon met deze id is gewist.",
            "fr": "La personne avec cet identifiant a été effacée.",
        },
    ),
    "customer-merged": Problem(
        Conflict,
        {
            "en": "Other customers were merged into this one. Please undo that first.",
            "de": "In diesen Kunden wurden andere zusammengeführt. Bitte das zuerst rückgängig machen.",
            "nl": "Andere klanten zijn met deze samengevoegd. Maak dat eerst ongedaan.",
            "fr": "D’autres clients ont été fusionnés avec celui-ci. Veuillez d’abord annuler cela.",
        },
    ),
    "customer-number-in-use": Problem(
        InvalidInput,
        {
            "en": "Another customer has the new number.",
            "de": "Ein anderer Kunde hat die neue Nummer.",
            "nl": "Een andere klant heeft het nieuwe nummer.",
            "fr": "Un autre client a le nouveau numéro.",
        },
    ),
    "customer-unknown": Problem(
        InvalidInput,
        {
            "en": "The account has no customer with this id.",
            "de": "Das Konto hat keinen Kunden mit dieser Id.",
            "nl": "Het account heeft geen klant met deze id.",
            "fr": "Le compte n’a pas de client avec cet identifiant.",
        },
    ),
    "external-id-unknown": Problem(
        NotFound,
        {
            "en": "No customer of this account has this external id of the product.",
            "de": "Kein Kunde dieses Kontos hat diese externe Id des Produkts.",
            "nl": "Geen klant van dit account heeft deze externe id van het product.",
            "fr": "Aucun client de ce compte n’a cet identifiant externe du produit.",
        },
    ),
    "external-id-taken": Problem(
        Conflict,
        {
            "en": "Another customer of this account has this external id of the product.",
            "de": "Ein anderer Kunde dieses Kontos hat diese externe Id des Produkts.",
            "nl": "Een andere klant van dit account heeft deze externe id van het product.",
            "fr": "Un autre client de ce compte a cet identifiant externe du produit.",
        },
    ),
    "merged-with-itself": Problem(
        InvalidInput,
        {
            "en": "A customer cannot be merged with itself.",
            "de": "Ein Kunde kann nicht mit sich selbst zusammengeführt werden.",
            "nl": "Een klant kan niet met zichzelf worden samengevoegd.",
            "fr": "Un client ne peut pas être fusionné avec lui-même.",
        },
    ),
    "not-merged": Problem(
        Conflict,
        {
            "en": "No such merge of this customer can be undone.",
            "de": "Eine solche Zusammenführung dieses Kunden gibt es nicht.",
            "nl": "Een dergelijke samenvoeging van deze klant bestaat niet.",
            "fr": "Il n’y a pas de telle fusion de ce client.",
        },
    ),
    "other-product": Problem(
        Forbidden,
        {
            "en": "This client key is of another product.",
            "de": "Dieser Client-Key gehört zu einem anderen Produkt.",
            "nl": "Deze clientsleutel is van een ander product.",
            "fr": "Cette clé client est d’un autre produit.",
        },
    ),
    "product-not-readable": Problem(
        Conflict,
        {
            "en": "What a product of this kind holds cannot be read.",
            "de": "Was ein Produkt dieser Art enthält, kann nicht gelesen werden.",
            "nl": "Wat een product van dit soort bevat, kan niet worden gelezen.",
            "fr": "Le contenu d’un produit de ce type ne peut pas être lu.",
        },
    ),
    "product-removed": Problem(
        Forbidden,
        {
            "en": "The product of this client key was removed from the account.",
            "de": "Das Produkt dieses Client-Schlüssels wurde aus dem Konto entfernt.",
            "nl": "Het product van deze client key is uit het account verwijderd.",
            "fr": "Le produit de cette clé client a été retiré du compte.",
        },
    ),
    "ids-differ": Problem(
        InvalidInput,
        {
            "en": "The ids belong to two customers.",
            "de": "Die Ids gehören zu zwei Kunden.",
            "nl": "De id’s horen bij twee klanten.",
            "fr": "Les identifiants appartiennent à deux clients.",
        },
    ),
    "too-many-waiting": Problem(
        Conflict,
        {
            "en": "Too many customers wait for this e-mail or telephone number. Resolve their conflicts first.",
            "de": "Zu viele Kunden warten auf diese E-Mail oder Telefonnummer. Lösen Sie erst deren Konflikte.",
            "nl": "Te veel klanten wachten op dit e-mailadres of telefoonnummer. Los eerst hun conflicten op.",
            "fr": "Trop de clients attendent cet e-mail ou ce numéro. Résolvez d’abord leurs conflits.",
        },
    ),
}

_FIELDS = {
    "erased": {
        "en": "This person was erased.",
        "de": "Diese Person wurde gelöscht.",
        "nl": "Deze persoon is gewist.",
        "fr": "Cette personne a été effacée.",
    },
    "number-in-use": {
        "en": "Another customer has this number.",
        "de": "Ein anderer Kunde hat diese Nummer.",
        "nl": "Een andere klant heeft dit nummer.",
        "fr": "Un autre client a ce numéro.",
    },
    "account-or-partner": {
        "en": "A request names an account or a partner, not both.",
        "de": "Eine Anfrage nennt ein Konto oder einen Partner, nicht beides.",
        "nl": "Een verzoek noemt een account of een partner, niet beide.",
        "fr": "Une requête nomme un compte ou un partenaire, pas les deux.",
    },
    "needs-account": {
        "en": "Only a customer of an account has this.",
        "de": "Das hat nur ein Kunde eines Kontos.",
        "nl": "Alleen een klant van een account heeft dit.",
        "fr": "Seul un client d’un compte a cela.",
    },
    "one-of-two": {
        "en": "Exactly one of `external_id` and `customer_code` is needed.",
        "de": "Genau eins von `external_id` und `customer_code` ist nötig.",
        "nl": "Precies één van `external_id` en `customer_code` is nodig.",
        "fr": "Il faut exactement un de `external_id` et `customer_code`.",
    },
    "key-without-product": {
        "en": "Only the client key of a product has external ids.",
        "de": "Nur der Client-Key eines Produkts hat externe Ids.",
        "nl": "Alleen de clientsleutel van een product heeft externe id’s.",
        "fr": "Seule la clé client d’un produit a des identifiants externes.",
    },
    "not-with-q": {
        "en": "What `q` finds has its own order.",
        "de": "Was `q` findet, hat seine eigene Reihenfolge.",
        "nl": "Wat `q` vindt, heeft een eigen volgorde.",
        "fr": "Ce que `q` trouve a son propre ordre.",
    },
    "in-future": {
        "en": "This moment is in the future.",
        "de": "Dieser Zeitpunkt liegt in der Zukunft.",
        "nl": "Dit moment ligt in de toekomst.",
        "fr": "Ce moment est dans le futur.",
    },
    "url-not-allowed": {
        "en": "This must be an address with https that is not in a private network.",
        "de": "Das muss eine Adresse mit https sein, die nicht in einem privaten Netz liegt.",
        "nl": "Dit moet een adres met https zijn dat niet in een privénetwerk ligt.",
        "fr": "Ce doit être une adresse https qui n’est pas dans un réseau privé.",
    },
}

CUSTOMERS_TEXTS = Texts(_PROBLEMS, _FIELDS)
