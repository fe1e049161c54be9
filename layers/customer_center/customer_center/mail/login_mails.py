"""The mails that Cognito sends by itself, in our words and the reader's language.

Cognito asks for the words of every mail (trigger "custom message") and puts the code where its placeholder stands. One
such mail is part of the shop: the code for a forgotten password. Our logins are made silently, only our API changes
their e-mail, and the second factor is an app; another mail keeps Cognito's own English words.
"""

from customer_center.mail.render import render
from customer_center.platform.language import choose_language
from customer_center.platform.log import logger


def login_mail(
    trigger: str, *, locale: str | None, code: str, shop_name: str, shop_url: str, fallback_language: str
) -> dict[str, str]:
    """Return what Cognito takes as the words of the mail a trigger stands for, nothing for its own words.

    `locale` is the login's attribute, which its user may set to anything; `code` the placeholder. Changes nothing and
    may run any number of times.
    """
    if trigger != "CustomMessage_ForgotPassword":
        logger.warning("mail in Cognito's own words", trigger=trigger)
        return {}
    language = choose_language(locale, fallback=fallback_language)
    mail = render("password_reset", language, {"shop_name": shop_name, "shop_url": shop_url, "code": code})
    # Cognito sends HTML only, and lets no character in that is neither a letter, mark, number, sign nor ASCII blank.
    return {"emailSubject": mail.subject, "emailMessage": mail.html.encode("ascii", "xmlcharrefreplace").decode()}
