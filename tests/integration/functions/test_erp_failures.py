"""Every request that asks the ERP: what the ERP does wrong."""

import pytest

from tests.integration.aws import event_of
from tests.integration.functions.stage import assert_problem

ERP_FAILURES = {
    "malformed": (502, "erp-malformed"),
    "entity-bomb": (502, "erp-malformed"),
    "huge": (502, "erp-malformed"),
    "offline": (503, "erp-unavailable"),
    "failing": (503, "erp-unavailable"),
    "truncated": (503, "erp-unavailable"),
    "hang": (504, "erp-timeout"),
    "slow": (504, "erp-timeout"),
    "drip": (504, "erp-timeout"),
}


# At which of its messages the ERP fails, and for which request.
ERP_CALLS = {
    "activation-at-the-invoice": ("activation/activate", "invoice_detail"),
    "activation-at-the-contact": ("activation/activate_with_code", "select_contact"),
    "contacts": ("erp_contacts/list_contacts", "select_contact"),
    "invitation": ("erp_contacts/invite", "select_contact"),
}


ERP_CASES = {
    **{f"activation-at-the-customer-{mode}": ("activation/activate", "select_customer", mode) for mode in ERP_FAILURES},
    **{
        f"{name}-{mode}": (*call, mode) for name, call in ERP_CALLS.items() for mode in ("malformed", "offline", "hang")
    },
}


@pytest.mark.parametrize(("path", "message", "mode"), ERP_CASES.values(), ids=ERP_CASES)
def test_an_erp_that_fails_is_a_clear_problem_and_leaves_nothing_half_done(stage, population, erp, path, message, mode):
    status, code = ERP_FAILURES[mode]
    stage.aws.restore(population if path.startswith("erp_contacts") else None)
    if path == "activation/activate_with_code":
        stage.begin_activation("123456")
    before = stage.records()
    erp.modes.set({"mode": mode, "messages": [message], "seconds": 10})
    patience = "0.1" if status == 504 else "5"
    event = event_of(path)
    reply = stage.call(event, ErpTimeoutSeconds=patience)
    assert_problem(reply, event, status, code)
    assert ("Retry-After" in reply.headers) is (status == 503)
    after = stage.records()
    for item in after.values():
        item.pop("tries", None)  # a right code still counts as a try
    for item in before.values():
        item.pop("tries", None)
    assert after == before
    assert stage.aws.logins() == {}
    refusals = [item for (_, key, _), item in stage.aws.items().items() if key.startswith("refusals#")]
    assert all(item["day"] == {"N": "0"} for item in refusals), "the ERP's failure is nobody's refusal"


def test_an_erp_that_fell_silent_is_not_asked_again_for_a_while(stage, erp):
    erp.modes.set({"mode": "offline"})
    event = event_of("activation/activate")
    stage.call(event)
    asked = len(erp.requests)
    reply = stage.call(event)
    assert_problem(reply, event, 503, "erp-unavailable")
    assert 50 <= int(reply.headers["Retry-After"]) <= 60
    assert len(erp.requests) == asked
