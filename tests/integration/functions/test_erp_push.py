"""The erp_push function creates requested users as contacts of the ERP."""

from tests.integration.aws import event_of
from tests.integration.population import FRESH


def test_a_requested_user_becomes_one_contact_of_the_erp(company, erp):
    for _ in range(2):
        assert company.run("ErpPushFunction", event_of("erp_push/create_contact")) == {"batchItemFailures": []}
    created = [contact for contact in erp.erp.customers["10000"].contacts if contact.email == "nina.neu@fresh.example"]
    assert [contact.number for contact in created] == [company.store.user(FRESH).contact_number]


def test_a_contact_is_created_later_when_the_erp_is_down(company, erp):
    erp.modes.set({"mode": "offline"})
    failed = company.run("ErpPushFunction", event_of("erp_push/create_contact"))
    assert len(failed["batchItemFailures"]) == 1
    assert company.store.user(FRESH).contact_number is None
