"""DynamoDB units of each use case, counted until no work is left. The real handlers use DynamoDB Local."""

from collections.abc import Iterable, Iterator
from itertools import chain

from benchmarks.customer_pages import CHANGES, LIST, SEARCH, CustomerPages
from benchmarks.customer_story import APPLIED, CustomerStory, without_words
from benchmarks.meter import Units
from benchmarks.stage import Stage
from benchmarks.story import PAGE, Story
from benchmarks.table import Row

_GROUP = "DynamoDB units, read and write"

UNITS: dict[str, tuple[float, float]] = {
    "GET one user": (2, 0),
    "GET /me": (2, 0),
    # Two write units of counters of the network; one for the code beside a link, one for the counter of mails.
    "activation, complete, with code": (8, 20),
    "invite a contact": (5, 14),
    "request a new user": (5, 14),
    "request a new user, with an Idempotency-Key": (5, 14 + 2),
    "activate": (5, 8),
    "deactivate": (5, 8),
    "accept an invitation": (5, 12),
    "edit": (4, 6),
    "new e-mail confirmed": (5, 11),
    "new e-mail agreed to by the old address": (5, 11),
    "webhook event, duplicate": (1, 1),
    f"overview, page of {PAGE}": (9, 0),
    f"ERP contacts without account, page of {PAGE}": (9, 0),
    "list of 1,000 contacts, nothing changed": (80, 3),
    "create a customer, one e-mail, one phone, external id, no conflict": (7, 20 + 2),
    "create a customer in conflict with one": (9, 24),
    "GET one customer": (2, 0),
    # The row of each order shows the version (docs/decisions/customers.md, "Budgets of the Customer List").
    APPLIED: (8, 18),
    # That the source repeated it, of what it knows, and the event's id.
    "event with nothing new": (5, 5),
    # The survivor's item has more than 1 KB.
    "merge of two customers with one shared and one own key": (14, 32 + 2),
    # With the product's status. The delivery has more than 1 KB while the product is told.
    "one delivery, per product": (5, 2 + 2),
    **{f"list of customers by {sort}, page of {LIST}": (16, 0) for sort in ("created", "-name")},
    **{f"search of customers by {q}, page of {SEARCH}": (16, 0) for q in ("must", "@anna.x")},
    f"changes of customers, first page of {CHANGES}": (60, 0),
    f"changes of customers, page of {CHANGES}": (60, 0),
}
"""The maximum of read and write units of a use case. A use case that is not here is measured and not judged."""


def rows(stage: Stage) -> Iterator[Row]:
    """Yield two rows for each use case of the story."""
    story = Story(stage)
    stage.meter.reset()
    with without_words():
        yield from _measured(
            stage, chain(story.use_cases(), story.lists(), story.pages(), CustomerStory(stage).use_cases())
        )


def of_pages(stage: Stage) -> Iterator[Row]:
    """Yield two rows for each page of the customers of an account, and for the creation of one with its words."""
    stage.meter.reset()
    yield from _measured(stage, CustomerPages(stage).pages())


def _measured(stage: Stage, use_cases: Iterable[str]) -> Iterator[Row]:
    for name in use_cases:
        yield from _rows(name, stage.meter.units)
        stage.meter.reset()


def _rows(name: str, units: Units) -> Iterator[Row]:
    # A list has one budget for all its sizes.
    read, write = UNITS.get(name) or UNITS.get(name.partition(" (")[0], (None, None))
    yield Row(_GROUP, f"{name}: read", units.read, "units", read)
    yield Row(_GROUP, f"{name}: write", units.write, "units", write)
