"""Logins in a Cognito user pool. Our user id is the user name, and the e-mail is an alias.

The e-mail becomes the alias when the login is enabled. By then our own record has reserved it. An unfinished activation
therefore cannot block another person's e-mail.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC
from typing import TYPE_CHECKING, Any, override

from botocore.exceptions import BotoCoreError, ClientError

from customer_center.companies.model import ENABLE_IS_SEEN, LoginState, Session, User
from customer_center.companies.ports import EmailHeld, Identities, LoginDisabled
from customer_center.platform.errors import FieldError, InvalidInput, MalformedRequest, OutsideUnavailable
from customer_center.platform.ids import new_secret
from customer_center.platform.paging import Page

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp import CognitoIdentityProviderClient
    from mypy_boto3_cognito_idp.type_defs import AttributeTypeTypeDef


# The maximum of ListUsers.
_LOGINS_PER_PAGE = 60
# The state of a login whose temporary password was not replaced. Cognito refuses ForgotPassword in this state.
_WITHOUT_PASSWORD = "FORCE_CHANGE_PASSWORD"  # noqa: S105 # no password


class CognitoIdentities(Identities):
    """Logins of one user pool; sign-in uses one of its app clients.

    It does not matter whether Cognito sets passwords of disabled users and signs disabled users out, or refuses both.
    """

    def __init__(
        self,
        *,
        client: "CognitoIdentityProviderClient",
        user_pool_id: str,
        client_id: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`sleep` waits that many seconds."""
        self._client = client
        self._pool = user_pool_id
        self._client_id = client_id
        self._sleep = sleep

    @override
    def create(self, user: User) -> None:
        if not self.add(user):
            # An earlier attempt failed after it had created the login, whose state is unknown.
            with _outside():
                self._client.admin_update_user_attributes(
                    UserPoolId=self._pool, Username=user.user_id, UserAttributes=_attributes(user, verified=False)
                )
        with _outside():
            self._client.admin_disable_user(UserPoolId=self._pool, Username=user.user_id)

    @override
    def set_password(self, user_id: str, password: str) -> None:
        with _outside():
            try:
                self._set_password(user_id, password)
            except (
                self._client.exceptions.InvalidPasswordException,
                self._client.exceptions.InvalidParameterException,
            ) as error:
                raise InvalidInput(errors=[FieldError("/password", "password-policy")]) from error

    def _set_password(self, user_id: str, password: str) -> None:
        def set_it() -> None:
            self._client.admin_set_user_password(
                UserPoolId=self._pool, Username=user_id, Password=password, Permanent=True
            )

        try:
            set_it()
        except self._client.exceptions.NotAuthorizedException:
            # Cognito refuses a disabled user's password. The login is enabled for as long as it takes to set it: its
            # e-mail is not verified, so nobody can log in with it, and the record gives the user no access.
            self._client.admin_enable_user(UserPoolId=self._pool, Username=user_id)
            try:
                self._when_seen_enabled(set_it)
            finally:
                self._client.admin_disable_user(UserPoolId=self._pool, Username=user_id)

    def _when_seen_enabled(self, call: Callable[[], None]) -> None:
        for seconds in ENABLE_IS_SEEN:
            try:
                call()
            except self._client.exceptions.NotAuthorizedException:
                self._sleep(seconds)
            else:
                return
        call()

    @override
    def enable(self, user: User) -> None:
        attributes = _attributes(user, verified=True)
        with _outside():
            try:
                self._client.admin_update_user_attributes(
                    UserPoolId=self._pool, Username=user.user_id, UserAttributes=attributes
                )
            except self._client.exceptions.AliasExistsException as error:
                raise EmailHeld("identity-unavailable", retry_after=2) from error
            self._client.admin_enable_user(UserPoolId=self._pool, Username=user.user_id)

    @override
    def disable(self, user_id: str) -> None:
        # Sessions end first, because Cognito may refuse to sign a disabled user out. A login that is disabled already
        # has none, except those from before somebody disabled it in Cognito itself.
        self._if_there(self._sign_out, user_id)
        self._if_there(self._client.admin_disable_user, user_id)

    def _sign_out(self, **user: str) -> None:
        with suppress(self._client.exceptions.NotAuthorizedException):
            self._client.admin_user_global_sign_out(**user)

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
            except self._client.exceptions.UserNotFoundException:
                return None
            except self._client.exceptions.NotAuthorizedException as error:
                # Only its message tells a disabled user from a wrong password.
                if "disabled" in error.response["Error"].get("Message", ""):
                    raise LoginDisabled("identity-unavailable", retry_after=2) from error
                return None
        tokens = answer.get("AuthenticationResult")
        if tokens is None:
            # Cognito answered with a challenge (MFA). The person can answer it on the login page.
            return None
        return Session(tokens["AccessToken"], tokens["IdToken"], tokens["RefreshToken"], tokens["ExpiresIn"])

    @override
    def holder_of(self, email: str) -> str | None:
        with _outside():
            try:
                return self._client.admin_get_user(UserPoolId=self._pool, Username=email)["Username"]
            except self._client.exceptions.UserNotFoundException:
                return None

    @override
    def release_email(self, user_id: str) -> None:
        unverified: AttributeTypeTypeDef = {"Name": "email_verified", "Value": "false"}
        self._if_there(self._client.admin_update_user_attributes, user_id, UserAttributes=[unverified])

    @override
    def login(self, user_id: str) -> LoginState | None:
        with _outside():
            try:
                found = self._client.admin_get_user(UserPoolId=self._pool, Username=user_id)
            except self._client.exceptions.UserNotFoundException:
                return None
        return _state(found, found.get("UserAttributes", []))

    @override
    def add(self, user: User) -> bool:
        with _outside():
            try:
                self._client.admin_create_user(
                    UserPoolId=self._pool,
                    Username=user.user_id,
                    UserAttributes=_attributes(user, verified=False),
                    # Nobody gets to know this password. It blocks the login until the person sets their own.
                    TemporaryPassword=f"{new_secret()}aA1!",
                    MessageAction="SUPPRESS",
                )
            except self._client.exceptions.UsernameExistsException:
                return False
        return True

    @override
    def logins_page(self, cursor: str | None) -> Page[LoginState]:
        start: Any = {"PaginationToken": cursor} if cursor else {}
        with _outside():
            try:
                answer = self._client.list_users(UserPoolId=self._pool, Limit=_LOGINS_PER_PAGE, **start)
            except self._client.exceptions.InvalidParameterException as error:
                # Cognito accepts a token for about an hour.
                raise MalformedRequest("cursor-invalid") from error
        logins = [_state(user, user.get("Attributes", [])) for user in answer["Users"]]
        return Page(logins, answer.get("PaginationToken"))

    def _if_there(self, call: Callable[..., object], user_id: str, **more: object) -> None:
        with _outside():
            try:
                call(UserPoolId=self._pool, Username=user_id, **more)
            except self._client.exceptions.UserNotFoundException:
                return


def _attributes(user: User, *, verified: bool) -> "list[AttributeTypeTypeDef]":
    return [
        {"Name": "email", "Value": user.email},
        {"Name": "email_verified", "Value": str(verified).lower()},
        {"Name": "locale", "Value": user.language},
    ]


def _state(user: Any, attributes: "Iterable[AttributeTypeTypeDef]") -> LoginState:  # noqa: ANN401 # two shapes of a user
    values = {attribute["Name"]: attribute.get("Value") for attribute in attributes}
    return LoginState(
        user_id=user["Username"],
        email=values.get("email"),
        email_verified=values.get("email_verified") == "true",
        language=values.get("locale"),
        enabled=user["Enabled"],
        has_password=user.get("UserStatus") != _WITHOUT_PASSWORD,
        changed_at=user["UserLastModifiedDate"].astimezone(UTC),
    )


@contextmanager
def _outside() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise OutsideUnavailable("identity-unavailable", retry_after=2) from error
