"""Logins in a Cognito user pool. Our user id is the user name, and the e-mail is an alias.

The e-mail becomes the alias when the login is enabled. By then our own record has reserved it. An unfinished activation
therefore cannot block another person's e-mail.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, override

from botocore.exceptions import BotoCoreError, ClientError

from customer_center.companies.model import Session, User
from customer_center.companies.ports import Identities
from customer_center.platform.errors import FieldError, InvalidInput, OutsideUnavailable
from customer_center.platform.ids import new_secret

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef


class CognitoIdentities(Identities):
    """Logins of one user pool; sign-in uses one of its app clients."""

    def __init__(self, *, client: "CognitoIdentityProviderClient", user_pool_id: str, client_id: str) -> None:
        self._client = client
        self._pool = user_pool_id
        self._client_id = client_id

    @override
    def create(self, user: User) -> None:
        attributes = _attributes(user, verified=False)
        with _outside():
            try:
                self._client.admin_create_user(
                    UserPoolId=self._pool,
                    Username=user.user_id,
                    UserAttributes=attributes,
                    # Nobody gets to know this password. It blocks the login until the person sets their own.
                    TemporaryPassword=f"{new_secret()}aA1!",
                    MessageAction="SUPPRESS",
                )
            except self._client.exceptions.UsernameExistsException:
                # An earlier attempt failed after it had created the login, whose state is unknown.
                self._client.admin_update_user_attributes(
                    UserPoolId=self._pool, Username=user.user_id, UserAttributes=attributes
                )
            self._client.admin_disable_user(UserPoolId=self._pool, Username=user.user_id)

    @override
    def set_password(self, user_id: str, password: str) -> None:
        with _outside():
            try:
                self._client.admin_set_user_password(
                    UserPoolId=self._pool, Username=user_id, Password=password, Permanent=True
                )
            except (
                self._client.exceptions.InvalidPasswordException,
                self._client.exceptions.InvalidParameterException,
            ) as error:
                raise InvalidInput(errors=[FieldError("/password", "password-policy")]) from error

    @override
    def enable(self, user: User) -> None:
        attributes = _attributes(user, verified=True)
        with _outside():
            self._client.admin_update_user_attributes(
                UserPoolId=self._pool, Username=user.user_id, UserAttributes=attributes
            )
            self._client.admin_enable_user(UserPoolId=self._pool, Username=user.user_id)

    @override
    def disable(self, user_id: str) -> None:
        self._if_there(self._client.admin_disable_user, user_id)
        self._if_there(self._client.admin_user_global_sign_out, user_id)

    @override
    def delete(self, user_id: str) -> None:
        self._if_there(self._client.admin_delete_user, user_id)

    @override
    def sign_in(self, user_id: str, password: str) -> Session | None:
        with _outside():
            try:
                answer = self._client.admin_initiate_auth(
                    UserPoolId=self._pool,
                    ClientId=self._client_id,
                    AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                    AuthParameters={"USERNAME": user_id, "PASSWORD": password},
                )
            except (self._client.exceptions.NotAuthorizedException, self._client.exceptions.UserNotFoundException):
                return None
        tokens = answer.get("AuthenticationResult")
        if tokens is None:
            # Cognito answered with a challenge (MFA). The person can answer it on the login page.
            return None
        return Session(tokens["AccessToken"], tokens["IdToken"], tokens["RefreshToken"], tokens["ExpiresIn"])

    def _if_there(self, call: Callable[..., object], user_id: str) -> None:
        with _outside():
            try:
                call(UserPoolId=self._pool, Username=user_id)
            except self._client.exceptions.UserNotFoundException:
                return


def _attributes(user: User, *, verified: bool) -> "list[AttributeTypeTypeDef]":
    return [
        {"Name": "email", "Value": user.email},
        {"Name": "email_verified", "Value": str(verified).lower()},
        {"Name": "locale", "Value": user.language},
    ]


@contextmanager
def _outside() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise OutsideUnavailable("identity-unavailable", retry_after=2) from error
