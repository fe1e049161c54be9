"""What a merged record is to the record that it was merged into. No I/O, no clock.

*Record*: one customer as it was created. *Cluster*: a record, the survivor, and those merged into it (`clusters.py`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import Literal

from customer_center.customers.consent import NOTHING_SAID, Consent, ConsentStatement, with_statements
from customer_center.customers.fields import FIELDS, Value
from customer_center.platform.frozen import frozen
from customer_center.platform.stamps import newer

type Rule = Literal["newest", "source_priority", "fill_empty", "union"]

LISTS = tuple(name for name, each in FIELDS.items() if each.kind == "list")
"""The fields with lists of values, which can be united."""


@frozen
class Policy:
    """How a merge makes one value of a field out of two records' values.

    `newest`: the newer one. `source_priority`: that of the source that comes first in `sources`, else the newer one;
    having none never counts. `fill_empty`: that of the record merged into, unless it has none. `union`: both lists.
    """

    rule: Rule = "newest"
    sources: Sequence[str] = ()


def default_policy(name: str) -> Policy:
    """Return the policy of a field for which the merge names none."""
    return Policy(FIELDS[name].survivorship)


@frozen
class Member:
    """A record that was merged into the record `into` of the same cluster, when and by whose client key.

    `stamp` is newer than all values that the merge saw: an edit by the API with a newer one beats the member's values.
    `kept_separate` are the customers that it was kept separate from. `owned` are the keys that it owned and that the
    other one had to withhold: after an un-merge they are its own again. `policies` has those that the merge named, by
    field.
    """

    customer_id: str
    into: str
    stamp: str
    merged_at: datetime
    merged_by: str
    kept_separate: Sequence[str] = ()
    owned: Sequence[str] = ()
    policies: Mapping[str, Policy] = field(default_factory=dict)

    def policy(self, name: str) -> Policy:
        """Return the policy of a field."""
        return self.policies.get(name) or default_policy(name)


@frozen
class Record:
    """What one record says by itself: of each field the newest statement, its source and its stamp."""

    values: Mapping[str, Value] = field(default_factory=dict)
    said_by: Mapping[str, str] = field(default_factory=dict)
    as_of: Mapping[str, str] = field(default_factory=dict)
    consent: Consent = NOTHING_SAID
    customer_code: str | None = None

    def told(
        self, values: Mapping[str, Value], source: str, stamp: str, consent: Sequence[ConsentStatement] = ()
    ) -> "Record":
        """Return the record with those statements of a source that are newer than its own; `self` if there are none."""
        said, consent_after = newer(values, stamp, self.as_of), with_statements(self.consent, consent)
        if not said and consent_after == self.consent:
            return self
        return replace(
            self,
            values=given({**self.values, **said}),
            said_by={**self.said_by, **dict.fromkeys(said, source)},
            as_of={**self.as_of, **dict.fromkeys(said, stamp)},
            consent=consent_after,
        )


def given(values: Mapping[str, Value]) -> Mapping[str, Value]:
    """Return the values that there are, in the order of the field table."""
    return {name: values[name] for name in FIELDS if values.get(name) is not None}
