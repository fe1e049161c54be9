"""Accounts as a real implementation with a memory; `FakeAccounts` passes the contract tests."""

from customer_center.customers.accounts import Accounts
from customer_center.platform.errors import PreconditionFailed


class FakeAccounts(Accounts):
    """Keeps accounts in a dictionary. `entries` has the journal."""

    def __init__(self):
        self._accounts, self.entries = {}, []

    def account(self, account_id):
        return self._accounts.get(account_id)

    def save_account(self, before, after, entry):
        if getattr(self._accounts.get(after.account_id), "version", 0) != before.version:
            raise PreconditionFailed
        self._accounts[after.account_id] = after
        self.entries.append(entry)
