"""`make run` can be stopped and started again: data and logins stay, and changed parameters take effect."""

from datetime import datetime, timedelta

from local.stack import TOOLS, free_port, running_stack
from tests.conftest import require
from tests.e2e.companies import Customer, new_customer


def test_after_a_restart_people_log_in_and_mails_go_out(tmp_path, one_build):
    require(TOOLS / "emulator/bin/ministack")
    ports = {"port": free_port(), "simulator_ports": {"erp": free_port()}}
    with running_stack(tmp_path, **ports) as stack:
        before = new_customer(stack).activate()

    with running_stack(tmp_path, **ports, parameters={"InvitationDays": "3"}) as stack:
        after = Customer(stack, before.number, before.email, before.shop)
        after.token = after.shop.log_in(after.email, str(after.form()["password"])) or ""
        invited = after.invite("later")
        assert after.link_of(invited["email"])
        # What the API calls is an alias, which moves on with a parameter too.
        days = datetime.fromisoformat(invited["invitation"]["expires_at"]) - datetime.fromisoformat(
            invited["created_at"]
        )
        assert days == timedelta(days=3)
