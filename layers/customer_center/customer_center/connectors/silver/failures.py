"""How calls fail, as the port wants it. Notes are for the log: fixed words, nothing of what was sent or answered."""

from customer_center.platform.errors import OutsideMalformed, OutsideTimeout, OutsideUnavailable

RETRY_AFTER = 10
"""Seconds after which to come again when the breaker is closed."""


class ErpFault(OutsideUnavailable):
    """The connector answered that something went wrong (HTTP 500, SOAP fault): it is there, and this request failed.

    Whoever finds an input that makes an ERP fail must not be able to take it offline for everybody.
    """


def faulty(note: str) -> ErpFault:
    """Return the error for a connector that answered with an error of its own."""
    error = ErpFault("erp-unavailable", retry_after=RETRY_AFTER)
    error.add_note(note)
    return error


def unavailable(note: str) -> OutsideUnavailable:
    """Return the error for a connector or an ERP that could not be reached."""
    error = OutsideUnavailable("erp-unavailable", retry_after=RETRY_AFTER)
    error.add_note(note)
    return error


def timed_out(note: str) -> OutsideTimeout:
    """Return the error for an answer that did not come in time."""
    error = OutsideTimeout("erp-timeout")
    error.add_note(note)
    return error


def malformed(note: str) -> OutsideMalformed:
    """Return the error for an answer that cannot be read."""
    error = OutsideMalformed("erp-malformed")
    error.add_note(note)
    return error
