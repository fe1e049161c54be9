"""What search and the feed of changes need from outside, as Protocols. Adapters: `word_store.py`, `feed_store.py`."""

from typing import Protocol

from customer_center.platform.frozen import frozen
from customer_center.platform.paging import Part


@frozen
class WordNote:
    """The words that find a customer in its account. Version 0: there is no note yet."""

    customer_id: str
    account_id: str
    words: frozenset[str] = frozenset()
    version: int = 0


@frozen
class FoundWord:
    """A word of a customer."""

    word: str
    customer_id: str

    @property
    def position(self) -> str:
        """Where it stands among the words."""
        return f"{self.word}#{self.customer_id}"


class Words(Protocol):
    """The words of customers, by account."""

    def noted(self, customer_id: str) -> WordNote:
        """Return the note of the words that find a customer (strongly consistent)."""

    def change(self, before: WordNote, after: WordNote) -> None:
        """Write the next version of the note, with the words that were added and removed, or nothing.

        At most 99 words may change. Raises PreconditionFailed if the note was changed meanwhile.
        """

    def beginning(self, account_id: str, prefix: str, *, limit: int, after: str | None = None) -> Part[FoundWord]:
        """Return up to `limit` words of the account that begin with the prefix (eventually consistent).

        They are sorted by position; `after` is an exclusive bound: the position of the last one before.
        """


@frozen
class FeedRow:
    """A change in an account's feed: where it stands, and the customer."""

    position: str
    customer_id: str

    @property
    def place(self) -> str:
        """The row's own place. A position alone comes before all rows that have it."""
        return f"{self.position}#{self.customer_id}"


class Feed(Protocol):
    """The changes of an account's customers, in the order in which they were followed up."""

    def feed(self, account_id: str, *, after: str, until: str, limit: int) -> Part[FeedRow]:
        """Return up to `limit` rows after a place, or a position, and before the position `until`, sorted.

        The read is strongly consistent. Positions are times as `stamps.iso_nanoseconds` writes them.
        """
