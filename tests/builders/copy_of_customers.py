"""A copy of an account's customers, which is kept by the feed of changes."""

from customer_center.customers.listing import row_of
from customer_center.customers.read_changes import read_changes
from tests.builders.customers_room import ACCOUNT


class Copy:
    """A copy of the account's customers, as a reader of the feed keeps it."""

    def __init__(self, room, limit=2):
        self.room, self.limit, self.since, self.kept, self.seen = room, limit, None, {}, []

    def read(self):
        """Read one page, and return whether there are more now."""
        at = {"customers": self.room.customers, "feed": self.room.products, "clock": self.room.clock}
        page = read_changes(ACCOUNT, self.since, limit=self.limit, **at)
        for row in page.rows:
            self.seen.append(row)
            self.kept.pop(row.customer_id, None)
            if row.customer:
                self.kept[row.customer_id] = row.customer
        self.since = page.next_cursor
        return page.has_more

    def catch_up(self):
        """Read until there is nothing more, and return what was read."""
        self.seen = []
        while self.read():
            pass
        return self.seen


def present(room):
    """Return the customers that a copy should have."""
    return {each.customer_id: each for each in room.customers.everyone() if row_of(each)}
