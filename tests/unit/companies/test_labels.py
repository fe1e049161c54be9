"""Roles, statuses and salutations have a name in every language, in one place."""

import pytest

from customer_center.companies import labels
from customer_center.companies.model import InvitationStatus, Role, UserStatus
from customer_center.platform.language import SUPPORTED_LANGUAGES
from tests.template_reader import load_template

SALUTATIONS = load_template()["Parameters"]["Salutations"]["Default"].split(",")


@pytest.mark.parametrize(
    ("names", "values"),
    [
        (labels.ROLES, Role),
        (labels.USER_STATUSES, UserStatus),
        (labels.INVITATION_STATUSES, InvitationStatus),
        (labels.SALUTATIONS, SALUTATIONS),
    ],
    ids=["roles", "user statuses", "invitation statuses", "salutations"],
)
def test_every_value_has_a_name_of_its_own_in_every_language(names, values):
    assert tuple(names) == SUPPORTED_LANGUAGES
    for named in names.values():
        assert named.keys() == {str(value) for value in values}
        assert len(set(named.values())) == len(named)
        assert all(name[0].isupper() for name in named.values())
