"""A page reads the shop's settings before anybody has logged in."""

from http import HTTPStatus

from local.walk.story import Story, expect, step, tell


def read_settings(story: Story) -> None:
    """Read the settings, and read them again with the entity tag."""
    step("Settings", "GET /settings without a login")
    answer = story.shop.call("GET", "/settings")
    settings = expect(HTTPStatus.OK, answer)
    currencies = [f"{each['code']} ({each['decimals']} decimals)" for each in settings["currencies"]]
    tell(f"salutations: {', '.join(settings['salutations'])}; currencies: {', '.join(currencies)}")
    tell(f"an activation is confirmed by: {settings['activation']}")
    again = story.shop.call("GET", "/settings", If_None_Match=answer.headers["ETag"])
    tell(f"with the ETag as If-None-Match: {again.status_code}")
