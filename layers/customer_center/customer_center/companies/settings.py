"""What a page needs to know before anybody has logged in: the values and limits that this deployment allows."""

from collections.abc import Mapping, Sequence
from typing import Literal

from customer_center.companies import labels
from customer_center.companies.currencies import decimals_of
from customer_center.companies.limits import IMPORT_BYTES, IMPORT_ROWS, PASSWORD_LENGTH
from customer_center.platform.frozen import frozen
from customer_center.platform.language import SUPPORTED_LANGUAGES

type ActivationMode = Literal["email", "none"]


@frozen(kw_only=True)
class CurrencyAnswer:
    """A currency (ISO 4217), and the number of decimals that an amount in it may have."""

    code: str
    decimals: int


@frozen(kw_only=True)
class PasswordAnswer:
    """The rules for passwords: the number of characters; no blank at either end."""

    min_length: int
    max_length: int


@frozen(kw_only=True)
class CognitoAnswer:
    """Where people log in: Amazon Cognito's region, its user pool, and the shop's client."""

    region: str
    user_pool_id: str
    user_pool_client_id: str


@frozen(kw_only=True)
class ImportLimitsAnswer:
    """The most rows and bytes of a table of users to import."""

    rows: int
    bytes: int


@frozen(kw_only=True)
class LabelsAnswer:
    """What values are called in one language."""

    roles: Mapping[str, str]
    user_statuses: Mapping[str, str]
    invitation_statuses: Mapping[str, str]
    salutations: Mapping[str, str]


@frozen(kw_only=True)
class SettingsAnswer:
    """The settings of this deployment. `activation` says whether an activation mails a code. `labels` are by language.

    The first currency and the first language are what a form offers first.
    """

    salutations: Sequence[str]
    languages: Sequence[str]
    currencies: Sequence[CurrencyAnswer]
    password_rules: PasswordAnswer
    activation: ActivationMode
    cognito: CognitoAnswer
    import_limits: ImportLimitsAnswer
    labels: Mapping[str, LabelsAnswer]


def shop_settings(
    *,
    salutations: Sequence[str],
    currencies: Sequence[str],
    activation: ActivationMode,
    user_pool_id: str,
    user_pool_client_id: str,
) -> SettingsAnswer:
    """Return the settings for these values of the template's parameters."""
    shortest, longest = PASSWORD_LENGTH
    return SettingsAnswer(
        salutations=salutations,
        languages=SUPPORTED_LANGUAGES,
        currencies=[CurrencyAnswer(code=code, decimals=decimals_of(code)) for code in currencies],
        password_rules=PasswordAnswer(min_length=shortest, max_length=longest),
        activation=activation,
        cognito=CognitoAnswer(
            # The id of a user pool begins with its region: eu-central-1_Example01.
            region=user_pool_id.partition("_")[0],
            user_pool_id=user_pool_id,
            user_pool_client_id=user_pool_client_id,
        ),
        import_limits=ImportLimitsAnswer(rows=IMPORT_ROWS, bytes=IMPORT_BYTES),
        labels={language: _labels(language, salutations) for language in SUPPORTED_LANGUAGES},
    )


def _labels(language: str, salutations: Sequence[str]) -> LabelsAnswer:
    return LabelsAnswer(
        roles=labels.ROLES[language],
        user_statuses=labels.USER_STATUSES[language],
        invitation_statuses=labels.INVITATION_STATUSES[language],
        salutations={value: labels.SALUTATIONS[language].get(value, value) for value in salutations},
    )
