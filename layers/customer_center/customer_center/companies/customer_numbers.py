"""Find the company of a customer number, also after the ERP changed the number (docs/specification.md, 6.10).

A former number is a pointer to the number that replaced it, with the stamp of that event. An event contains the number
that the customer had at the time of the event. So pointers newer than the event are followed. Older pointers are not
followed, because the ERP may have given the number to another customer since.
"""

from customer_center.companies.model import Company, Renumbered
from customer_center.companies.ports import Records

_HOPS = 10


def company_at(customer_number: str, stamp: str, companies: Records) -> Company | None:
    """Return the company that had the number at the time of an event; None for a customer that was never activated."""
    _, found = follow(Renumbered(customer_number, stamp), stamp, companies)
    return found if isinstance(found, Company) else None


def find_company(customer_number: str, companies: Records) -> Company | None:
    """Return the company that has the number or, after a renumbering, had it last. Its own number shows which case."""
    return company_at(customer_number, "", companies)


def follow(pointer: Renumbered, stamp: str, companies: Records) -> tuple[Renumbered, Company | Renumbered | None]:
    """Follow pointers newer than `stamp`. Return the last pointer, and the company or older pointer at its number.

    Raises LookupError when more than ten pointers follow each other.
    """
    for _ in range(_HOPS):
        found = companies.customer_number(pointer.to)
        if not isinstance(found, Renumbered) or found.stamp <= stamp:
            return pointer, found
        pointer, stamp = found, found.stamp
    raise LookupError("Too many renumberings follow each other.")
