"""Limit what a company's users cause in an hour: mails, tries, requests to the ERP (docs/specification.md, 8.30)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

from customer_center.companies.model import REVEALING, BounceLimits, Company, HourlyLimits, Usage
from customer_center.companies.ports import UsageCounts
from customer_center.platform.clock import Clock
from customer_center.platform.errors import CustomerCenterError, RateLimit, TooManyRequests
from customer_center.platform.idempotency import AlreadyDone


class Allowance:
    """What one request may still cause in this hour. Adds what is left of the limits to `reported`."""

    def __init__(
        self,
        company: Company,
        limits: HourlyLimits,
        reported: list[RateLimit],
        *,
        companies: UsageCounts,
        clock: Clock,
    ) -> None:
        self._company = company
        self._limits = limits
        self._reported = reported
        self._companies = companies
        # The hour that is counted, also when the request ends in the next one.
        self._now = clock.now()
        self._taken = Usage()

    def take(self, each: Usage, rows: int = 1, once: Usage | None = None) -> int:
        """Count the usage of `rows` rows before it is caused. Return for how many rows the limits have room.

        `each` is the usage of one row, `once` that of all rows together. Parallel requests never exceed a limit
        together. Raises TooManyRequests `too-many-requests` when there is no room for one row, and `mails-stopped`
        while the company's mails are stopped.
        """
        until = self._company.mails_stopped_until
        if each.mails and until and self._company.mails_stopped(self._now):
            raise TooManyRequests("mails-stopped", [BounceLimits().stopped(until, self._now)])
        once = once or Usage()
        while True:
            wanted = each.times(rows) + once
            if wanted == Usage():
                # A table without rows, for example.
                return rows
            reserved, counted = self._companies.reserve_usage(self._company.company_id, wanted, self._now, self._limits)
            left = self._limits.left(counted, self._now)
            if reserved:
                self._taken += wanted
                asked = [name for name, number in asdict(wanted).items() if number]
                policies = {left[name].policy for name in asked}
                kept = [limit for limit in self._reported if limit.policy not in policies]
                self._reported[:] = [*kept, *(left[name] for name in asked)]
                return rows
            rows = min(rows, *_rooms(each, once, {name: limit.remaining for name, limit in left.items()}))
            if rows < 1:
                least = asdict(each + once)
                used_up = [
                    replace(left[name], remaining=0) for name, number in least.items() if left[name].remaining < number
                ]
                raise TooManyRequests("too-many-requests", used_up)

    def give_back(self, unused: Usage) -> None:
        """Give back usage that was taken and then not caused."""
        if unused == Usage():
            return
        self._companies.release_usage(self._company.company_id, unused, self._now)
        self._taken += -unused
        given, taken = asdict(unused), asdict(self._taken)
        names = {limit.policy: name for name, limit in self._limits.left(Usage(), self._now).items()}
        self._reported[:] = [
            replace(limit, remaining=limit.remaining + given[names[limit.policy]]) if limit.policy in names else limit
            for limit in self._reported
            # A limit that did not count this request in the end is not reported.
            if limit.policy not in names or taken[names[limit.policy]]
        ]

    def refused(self, code: str | None = None) -> None:
        """Give back all but the requests to the ERP. Count a refusal that tells something as a try.

        Raises TooManyRequests instead of such a refusal when the company has no try left.
        """
        self.give_back(replace(self._taken, erp=0))
        if code in REVEALING:
            self.take(Usage(tries=1))


def _rooms(each: Usage, once: Usage, left: dict[str, int]) -> Iterator[int]:
    """Yield for each limit how many rows have room."""
    in_all = asdict(once)
    for name, number in asdict(each).items():
        room = left[name] - in_all[name]
        if number:
            yield room // number
        elif room < 0:
            yield 0


@contextmanager
def use_limited(
    company: Company, limits: HourlyLimits, reported: list[RateLimit], *, companies: UsageCounts, clock: Clock
) -> Iterator[Allowance]:
    """Yield what the `with` block may cause. Mails of a block that is refused are given back, and a try is counted.

    After a crash in the block, what was taken stays counted.
    """
    allowance = Allowance(company, limits, reported, companies=companies, clock=clock)
    try:
        yield allowance
    except CustomerCenterError as error:
        allowance.refused(error.code)
        raise
    except AlreadyDone:
        # Another request has done it, and has counted its mail.
        allowance.refused()
        raise
