"""The words of customers with a memory; they pass the contract tests."""

from customer_center.customers.search_ports import FoundWord, WordNote, Words
from customer_center.customers.words import partition_of
from customer_center.platform.errors import PreconditionFailed
from customer_center.platform.paging import Part


class FakeWords(Words):
    """Keeps the words of accounts in sets. `during` is called before each change; `asked` has what was read."""

    def __init__(self):
        self._notes, self.kept, self.during, self.asked = {}, {}, None, []

    def noted(self, customer_id):
        return self._notes.get(customer_id) or WordNote(customer_id, "")

    def change(self, before, after):
        if self.during:
            self.during()
        if self.noted(after.customer_id).version != before.version:
            raise PreconditionFailed
        self._notes[after.customer_id] = after
        kept = self.kept.setdefault(after.account_id, set())
        kept |= {FoundWord(word, after.customer_id) for word in after.words - before.words}
        kept -= {FoundWord(word, after.customer_id) for word in before.words - after.words}

    def beginning(self, account_id, prefix, *, limit, after=None):
        self.asked.append(prefix)
        kept = self.kept.get(account_id, ())
        rows = [row for row in kept if row.word.startswith(prefix) and partition_of(row.word) == partition_of(prefix)]
        rows = sorted((row for row in rows if after is None or row.position > after), key=lambda row: row.position)
        return Part(rows[:limit], more=len(rows) > limit)
