"""The main use cases over HTTP against the running stack, as a shop and its users call it. Each step is printed.

A chapter is a file with one function. To add a chapter, add its function to the list below.
"""

from collections.abc import Callable, Sequence

from local.stack import Stack
from local.walk.acceptance import accept
from local.walk.activation import activate
from local.walk.audit_trail import read_audit_trail
from local.walk.client_keys import call_with_client_keys
from local.walk.customer_list import keep_in_step
from local.walk.deactivation import deactivate
from local.walk.deletion import delete
from local.walk.editing import edit
from local.walk.erp_webhooks import change_in_erp
from local.walk.invitation import invite
from local.walk.mail import read_mail
from local.walk.main_contact import hand_over
from local.walk.overview import look_over
from local.walk.revocation import resend_and_revoke
from local.walk.settings import read_settings
from local.walk.shop import CODE, LINK, MAIN_CONTACT, PASSWORD, Shop
from local.walk.story import Story
from local.walk.table import import_table
from local.walk.vendasta import hear_vendasta

__all__ = ["CODE", "LINK", "MAIN_CONTACT", "PASSWORD", "Shop", "walk"]

CHAPTERS: Sequence[Callable[[Story], None]] = (
    read_settings,
    activate,
    look_over,
    invite,
    read_mail,
    accept,
    deactivate,
    edit,
    hand_over,
    resend_and_revoke,
    change_in_erp,
    call_with_client_keys,
    delete,
    import_table,
    keep_in_step,
    hear_vendasta,
    read_audit_trail,
)


def walk(stack: Stack) -> None:
    """Walk a user's life from activation to deletion. Raises SystemExit at the first unexpected answer."""
    story = Story(stack, Shop(stack))
    for chapter in CHAPTERS:
        chapter(story)
