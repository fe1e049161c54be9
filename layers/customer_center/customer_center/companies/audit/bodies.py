"""Queries and answers of the audit trail and of a person's data, and the trail as a table."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, Self, cast

from pydantic import Field, JsonValue

from customer_center.companies.actions import Action
from customer_center.companies.audit.read_audit_trail import EntryFilter
from customer_center.companies.bodies import CompanyAnswer, UserAnswer
from customer_center.companies.model import Erasure
from customer_center.platform.clock import iso
from customer_center.platform.email_address import shown_email
from customer_center.platform.frozen import frozen
from customer_center.platform.journal import Entry
from customer_center.platform.wire import BeforeAndAfter, Line, Moment, Output, PageQuery


class AuditQuery(PageQuery):
    """Which entries of the audit trail."""

    since: Annotated[Moment | None, Field(description="Made at this moment or later.")] = None
    until: Annotated[Moment | None, Field(description="Made before this moment.")] = None
    subject: Annotated[Line | None, Field(max_length=100, description="About this user, or this company (id).")] = None
    action: Annotated[Action | None, Field(description="Of this kind, `user.invited` for example.")] = None

    @property
    def wanted(self) -> EntryFilter:
        """The filter for the entries."""
        return EntryFilter(self.since, self.until, self.subject, self.action)


class AuditExportQuery(AuditQuery):
    """Which entries of the audit trail, as a table."""

    limit: Annotated[int, Field(ge=1, le=1000, description="Entries per answer, at most.")] = 1000


@frozen(kw_only=True)
class ActorAnswer(Output):
    """Who made a change. `name` is the user's current name; it is null for other actors and deleted users."""

    kind: Literal["person", "client", "system", "visitor"]
    id: str | None
    name: str | None


@frozen(kw_only=True)
class AuditEntryAnswer(Output):
    """One change: who did what to whom. `changes` maps each field to its values before and after."""

    entry_id: str
    at: datetime
    actor: ActorAnswer
    action: Action
    subject: str
    subject_name: str | None
    request_id: str
    changes: Mapping[str, BeforeAndAfter]

    @classmethod
    def from_entry(cls, entry: Entry, names: Mapping[str, str]) -> Self:
        """Return the answer for an entry. `names` are the users' names by their ids."""
        return cls(
            entry_id=entry.entry_id,
            at=entry.at,
            actor=ActorAnswer(
                kind=entry.actor.kind, id=entry.actor.actor_id or None, name=names.get(entry.actor.actor_id)
            ),
            action=cast("Action", entry.action),
            subject=entry.subject,
            subject_name=names.get(entry.subject),
            request_id=entry.request_id,
            changes={
                field: (_shown(field, before), _shown(field, after))
                for field, (before, after) in sorted(entry.changes.items())
            },
        )


def _shown(field: str, value: JsonValue) -> JsonValue:
    return shown_email(value) if isinstance(value, str) and field.endswith("email") else value


@frozen(kw_only=True)
class AuditEntriesAnswer(Output):
    """A page of the company's audit trail, newest first."""

    items: list[AuditEntryAnswer]
    next_cursor: str | None


@frozen(kw_only=True)
class ExportAnswer(Output):
    """All data kept about a person: their record, and a page of the journal entries about them and by them.

    `changes` is empty where the person changed somebody else: those values are another person's data.
    """

    user: UserAnswer
    company: CompanyAnswer
    items: list[AuditEntryAnswer]
    next_cursor: str | None


@frozen(kw_only=True)
class ErasureAnswer(Output):
    """A certificate of an erasure. Backups and queues lose the person's data by these dates."""

    user_id: str
    erased_at: datetime
    status: Annotated[
        Literal["in_progress", "complete"],
        Field(description="Whether the journal is blanked already; account and login are gone in any case."),
    ]
    backups_until: datetime
    queues_until: datetime

    @classmethod
    def from_erasure(cls, erasure: Erasure) -> Self:
        """Return the certificate of an erasure."""
        return cls(
            user_id=erasure.user_id,
            erased_at=erasure.erased_at,
            status="complete" if erasure.completed_at else "in_progress",
            backups_until=erasure.backups_until,
            queues_until=erasure.queues_until,
        )


AUDIT_COLUMNS = (
    "at",
    "action",
    "actor_kind",
    "actor_id",
    "actor_name",
    "subject",
    "subject_name",
    "field",
    "before",
    "after",
    "request_id",
    "entry_id",
)


def audit_rows(entry: AuditEntryAnswer) -> Iterator[Sequence[str]]:
    """Yield the entry as rows of `AUDIT_COLUMNS`: one for each changed field, or one row when no field changed."""
    who = (entry.actor.kind, entry.actor.id or "", entry.actor.name or "")
    for field, (before, after) in entry.changes.items() or [("", (None, None))]:
        changed = (field, _cell(before), _cell(after))
        what = (iso(entry.at), entry.action, *who, entry.subject, entry.subject_name or "")
        yield *what, *changed, entry.request_id, entry.entry_id


def _cell(value: JsonValue) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value)
