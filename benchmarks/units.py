"""DynamoDB units of each use case, counted until no work is left. The real handlers use DynamoDB Local."""

from collections.abc import Iterator
from itertools import chain

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
}
"""The maximum of read and write units of a use case. A use case that is not here is measured and not judged."""


def rows(stage: Stage) -> Iterator[Row]:
    """Yield two rows for each use case of the story."""
    story = Story(stage)
    stage.meter.reset()
    for name in chain(story.use_cases(), story.lists(), story.pages()):
        yield from _rows(name, stage.meter.units)
        stage.meter.reset()


def _rows(name: str, units: Units) -> Iterator[Row]:
    # A list has one budget for all its sizes.
    read, write = UNITS.get(name) or UNITS.get(name.partition(" (")[0], (None, None))
    yield Row(_GROUP, f"{name}: read", units.read, "units", read)
    yield Row(_GROUP, f"{name}: write", units.write, "units", write)
