"""Every route: a bug of ours stays an exception, so that Lambda counts it as an error."""

import pytest
from botocore.exceptions import ClientError

from customer_center.clients.store import ClientKeyStore
from customer_center.companies.store import CompanyStore
from customer_center.webhooks import wiring as webhooks_adapter
from tests.integration.aws import Context, event_of
from tests.integration.population import HTTP_SAMPLES


# The settings are read from no record.
@pytest.mark.parametrize("path", [path for path in HTTP_SAMPLES if not path.startswith("settings/")])
def test_an_error_of_ours_stays_an_exception(company, monkeypatch, path):
    def broken(*args, **kwargs):
        raise RuntimeError("a bug")

    for method in ("user", "reserve_refusal"):
        monkeypatch.setattr(CompanyStore, method, broken)
    monkeypatch.setattr(ClientKeyStore, "key", broken)
    monkeypatch.setattr(webhooks_adapter, "source_keys", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        company.call(event_of(path))


def test_a_table_that_is_not_there_is_an_exception(company, monkeypatch):
    _, handler = company.sandboxes.start("UsersFunction")
    monkeypatch.setenv("COMPANIES_TABLE", "nowhere")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        handler(event_of("users/me"), Context("UsersFunction"))
