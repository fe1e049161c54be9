"""The invitation arrives by mail."""

from local.walk.shop import LINK
from local.walk.story import Story, step, tell


def read_mail(story: Story) -> None:
    """Take the link's token from the mail."""
    step("Mail", f"read it at {story.stack.mailbox_url}, or with `make mail`")
    story.link_token = story.shop.wait_for(story.invited["email"], LINK)
    tell(f"an invitation reached {story.invited['email']}, with a link that works once")
