"""The texts of the mails that Cognito itself sends, in the reader's language.

Cognito asks for the text of every mail (trigger "custom message") and replaces the placeholder with the code. The shop
uses one such mail: the code for a forgotten password. We create logins without a mail, only our API changes their
e-mail, and the second factor is an app. Any other mail keeps Cognito's English text.
"""

from customer_center.mail.render import render
from customer_center.platform.language import choose_language
from customer_center.platform.log import logger


def login_mail(
    trigger: str, *, locale: str | None, code: str, shop_name: str, shop_url: str, fallback_language: str
) -> dict[str, str]:
    """Return Cognito's response fields with subject and HTML of the mail. If they are empty, Cognito uses its own text.

    `locale` is an attribute of the login, which its user can set to any text. `code` is the placeholder. Has no side
    effects and may run any number of times.
    """
    if trigger != "CustomMessage_ForgotPassword":
        logger.warning("mail in Cognito's own words", trigger=trigger)
        return {}
    language = choose_language(locale, fallback=fallback_language)
    mail = render("password_reset", language, {"shop_name": shop_name, "shop_url": shop_url, "code": code})
    # Cognito sends HTML only, and accepts only letters, marks, numbers, symbols, punctuation and the ASCII blank.
    return {"emailSubject": mail.subject, "emailMessage": mail.html.encode("ascii", "xmlcharrefreplace").decode()}
