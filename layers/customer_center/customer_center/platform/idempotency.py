"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): what a request is remembered by (DESIGN §8)."""

from dataclasses import dataclass

KEPT_HOURS = 24


@dataclass(frozen=True, slots=True)
class Idempotency:
    """What one request is remembered by: `key` digests caller, route and header, `request_hash` what was asked."""

    key: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of an earlier request with the same key: what it asked, and the id of what it changed."""

    request_hash: str
    subject: str


class AlreadyDone(Exception):
    """Another request with the same key wrote its change meanwhile; nothing was written."""
