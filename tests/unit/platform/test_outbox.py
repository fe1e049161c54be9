"""Rooms declare their kinds of effects and the queue of each; the environment says where the queues are."""

import pytest

from customer_center.platform.config import ConfigurationError
from customer_center.platform.outbox import queue_urls

ENVIRONMENT = {"MAIL_QUEUE_URL": "mail-url", "ERP_CONTACT_QUEUE_URL": "contact-url", "OTHER": "x"}


def test_each_kind_goes_to_the_queue_its_room_declares():
    rooms = ({"mail": "mail", "closing": "mail"}, {"erp_contact": "erp_contact"})

    assert queue_urls(*rooms, environment=ENVIRONMENT) == {
        "mail": "mail-url",
        "closing": "mail-url",
        "erp_contact": "contact-url",
    }


def test_two_rooms_may_declare_the_same_kind_for_the_same_queue():
    assert queue_urls({"mail": "mail"}, {"mail": "mail"}, environment=ENVIRONMENT) == {"mail": "mail-url"}


def test_a_kind_with_two_queues_is_refused():
    with pytest.raises(ConfigurationError, match="effects of kind mail go to two queues: mail, erp_contact"):
        queue_urls({"mail": "mail"}, {"mail": "erp_contact"}, environment=ENVIRONMENT)


def test_queues_without_a_url_are_named():
    with pytest.raises(ConfigurationError, match="A_QUEUE_URL is missing; B_QUEUE_URL is missing"):
        queue_urls({"one": "b", "two": "a", "three": "b", "mail": "mail"}, environment=ENVIRONMENT)
