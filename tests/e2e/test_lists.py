"""Lists of a company on the running stack: overview, import, audit trail, and a person who leaves no trace."""

import csv
import io
import time

import pytest

from tests.e2e.companies import new_customer

_SECONDS = 30


@pytest.fixture(scope="module")
def company(stack):
    return new_customer(stack).activate()


def get(company, path, token=None):
    answer = company.shop.call("GET", path, token=token or company.token)
    assert answer.status_code == 200, answer.text
    return answer


def walk(company, path):
    """Return the items of all pages."""
    page = get(company, path).json()
    items = page["items"]
    while page["next_cursor"]:
        page = get(company, f"{path}&cursor={page['next_cursor']}").json()
        items += page["items"]
    return items


@pytest.fixture(scope="module")
def imported(company):
    """A table of two rows with an e-mail, one contact of the ERP, and one row that is refused."""
    table = (
        "\ufeffSalutation;Name;Email;Roles;Contact_number;Budget_per_order;Currency\r\n"
        f"mrs;Zoë Ölmann;zoe@{company.number}.example;buyer|approver;;100,50;EUR\r\n"
        f"mr;Abel Anton;abel@{company.number}.example;buyer;;;\r\n"
        f"mrs;;;buyer;K{company.number}1;;\r\n"
        f"mr;Main Again;{company.email};boss;;;\r\n"
    )
    dry = company.shop.call("POST", "/users/import?dry_run=true", token=company.token, body=table)
    assert [row["status"] for row in dry.json()["rows"]] == ["would_invite"] * 3 + ["refused"]
    done = company.shop.call("POST", "/users/import", token=company.token, body=table)
    assert done.status_code == 200, done.text
    again = company.shop.call("POST", "/users/import", token=company.token, body=table)
    assert [row["status"] for row in again.json()["rows"]] == ["unchanged"] * 3 + ["refused"]
    return done.json()


def test_a_table_invites_people_row_by_row(company, imported):
    assert (imported["invited"], imported["refused"]) == (3, 1)
    assert imported["rows"][3]["errors"][0]["pointer"] == "/roles"
    for name in ("zoe", "abel", "ada"):
        assert company.link_of(f"{name}@{company.number}.example")


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_the_overview_is_filtered_and_put_in_order(company, limit):
    """001: "You will see the User name, the status and the roles assigned"."""
    main = f"Main {company.number}"
    names = [user["name"] for user in walk(company, f"/users?sort=name&limit={limit}")]
    assert names == ["Abel Anton", "Ada Anders", main, "Zoë Ölmann"]
    names = [user["name"] for user in walk(company, f"/users?sort=-created&limit={limit}")]
    assert names == ["Ada Anders", "Abel Anton", "Zoë Ölmann", main]
    (found,) = walk(company, f"/users?q=OLM&invitation=pending&limit={limit}")
    assert (found["name"], found["status"], found["roles"]) == ("Zoë Ölmann", "invited", ["approver", "buyer"])


@pytest.mark.usefixtures("imported")
def test_the_audit_trail_tells_it_as_list_and_as_table(company):
    entries = walk(company, "/audit-entries?action=user.invited&limit=2")
    assert [entry["subject_name"] for entry in entries] == ["Ada Anders", "Abel Anton", "Zoë Ölmann"]
    assert {entry["actor"]["name"] for entry in entries} == {f"Main {company.number}"}
    rows, path = [], "?limit=2"
    while path:
        answer = get(company, f"/audit-entries/export{path}")
        assert answer.headers["Content-Type"].startswith("text/csv")
        rows += list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        path = answer.links["next"]["url"] if "Link" in answer.headers else None
    assert {row["after"] for row in rows if row["field"] == "name"} >= {"Zoë Ölmann", "Abel Anton", "Ada Anders"}


def test_a_person_is_exported_and_erased_without_a_trace(stack):
    company = new_customer(stack).activate()
    user_id = company.join("goner")
    own = get(company, "/me/export", company.tokens[user_id]).json()
    assert own["user"]["email"] == f"goner@{company.number}.example"
    assert own["items"][-1]["changes"]["name"] == [None, "goner"]
    assert get(company, f"/users/{user_id}/export").json() == own
    path = f"/users/{user_id}/erasure"
    answer = company.shop.call("POST", path, token=company.token)
    assert answer.status_code == 202, answer.text
    end = time.monotonic() + _SECONDS
    while answer.status_code == 202 and time.monotonic() < end:
        time.sleep(0.3)
        answer = company.shop.call("POST", path, token=company.token)
    assert (answer.status_code, answer.json()["status"]) == (200, "complete")
    assert "goner" not in get(company, f"/audit-entries?subject={user_id}").text
    assert "goner" not in get(company, "/users?limit=100").text
    assert company.shop.call("GET", "/me", token=company.tokens[user_id]).status_code == 403
    assert company.shop.log_in(f"goner@{company.number}.example", "a long demo password") is None
