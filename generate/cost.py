"""`make cost`: write docs/cost.md from the prices and use cases below and from the resources of template.yaml.

`make bench` measured DynamoDB's units on the day MEASURED. The number of actions of a company and the run times of
functions are assumptions.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ops.checks import ROOT, template

DOCUMENT = ROOT / "docs/cost.md"
COMPANIES = (0, 1, 100, 10_000)
MILLION = 1_000_000
SECONDS_A_MONTH = 30 * 24 * 3600


@dataclass(frozen=True)
class Price:
    """The price of one unit, in USD. Every account gets `free` units a month without charge, for an unlimited time."""

    unit: str
    usd: float
    free: float = 0
    # True: found on AWS's own pages or on several other pages, in November 2026. False: from memory.
    checked: bool = False


# List prices, eu-central-1, November 2026, without tax, support and discounts.
PRICES: Mapping[str, Price] = {
    "HTTP API": Price("million requests", 1.20),
    "Lambda requests": Price("million requests", 0.20, free=1, checked=True),
    "Lambda time": Price("GB-second on arm64", 0.0000133334, free=400_000, checked=True),
    "DynamoDB writes": Price("million write units", 0.7625),
    "DynamoDB reads": Price("million read units", 0.1525),
    "DynamoDB storage": Price("GB", 0.306, free=25),
    "Point-in-time recovery": Price("GB", 0.2448),
    "SQS": Price("million requests", 0.40, free=1),
    "SES": Price("thousand mails", 0.10),
    "Cognito": Price("active user of a month, pool of tier Lite", 0.0055, free=10_000, checked=True),
    "Logs": Price("GB written", 0.63, free=5),
    "Log storage": Price("GB", 0.0324),
    "Traces": Price("million traces", 5.00, free=0.1),
    "Alarms": Price("alarm on one metric", 0.10, free=10, checked=True),
    "Own metrics": Price("metric", 0.30, free=10, checked=True),
    "KMS": Price("10,000 decryptions of secrets", 0.03, free=2),
    "Data out": Price("GB to the internet", 0.09, free=100),
}
DASHBOARD_USD = 3.00
SNAPSTART_CACHE_USD = 0.0000015046  # per GB-second of a published version
NAT_USD = 0.052 * 730 + 0.005 * 730  # a NAT gateway and its public address
ESSENTIALS_USD = 0.015  # per active user of a pool of the tier Essentials


@dataclass(frozen=True)
class UseCase:
    """An action of a company: its number in a month, and its use of AWS. `reads` and `writes` are DynamoDB's units."""

    name: str
    times: float
    reads: float
    writes: float
    # The duration of all functions together.
    milliseconds: int = 60
    requests: int = 1
    invocations: int = 1
    mails: int = 0
    messages: int = 0
    # True: `make bench` measured reads and writes. False: counted by hand.
    measured: bool = True


USERS = 5
LOGINS = 8  # per user and month
PAGES = 6  # per login
USE_CASES: Sequence[UseCase] = (
    UseCase("a page asks who is logged in (`GET /me`)", USERS * LOGINS * PAGES, 1.5, 0),
    UseCase("the shop reads a user's roles and budgets for an order", 20, 2, 0, measured=False),
    UseCase("overview of users, a page", 4, 3.5, 0),
    UseCase("contacts without account, a page", 4, 9.5, 0),
    # Part of the page's request. It reads 30 contacts with their e-mails, and one contact has changed.
    UseCase("… and the ERP is asked for them again", 4, 31, 3, 800, requests=0, invocations=0, measured=False),
    UseCase("a contact is invited", 0.3, 4.5, 13, 900, invocations=3, mails=1, messages=1),
    UseCase("an invitation is accepted", 0.3, 5, 10, 700, invocations=3, messages=1),
    UseCase("a user is edited", 0.5, 2.5, 4),
    UseCase(
        "a new e-mail is asked for and confirmed", 0.05, 10, 21, 400, requests=2, invocations=5, mails=2, messages=3
    ),
    UseCase("a user is deactivated, or activated again", 0.2, 5, 7, 300, invocations=3, messages=1),
    # Happens once in a company's life, which is assumed to be two years. Includes the mailed code.
    UseCase("the company is activated", 1 / 24, 13.5, 28, 2500, requests=2, invocations=5, mails=1, messages=2),
    UseCase("a forgotten password", 0.25, 0, 0, requests=0, mails=1),
    UseCase("the ERP reports a change by webhook", 10, 4, 10, 150, invocations=2, messages=1, measured=False),
    UseCase("… and reports it twice", 1, 1, 1, 80, invocations=2, messages=1, measured=False),
)
MEASURED = "24 November 2026"

# Assumptions about size. All are rather too large than too small.
MEMORY_GB = 0.5
LOG_BYTES = 1_000  # per request: the function's lines and the access log
ANSWER_BYTES = 4_000
TRACES_A_SECOND, TRACES_BEYOND = 1, 0.05  # X-Ray's default sampling
COMPANY_BYTES = 1_000 + USERS * 2_500 + 30 * 1_100  # the company, its users with their e-mails, 30 contacts
ENTRY_BYTES = 1_000
ENTRIES = 3  # per month
MONTHS_KEPT = 12
# Lambda polls each queue, even an empty one, with five long polls of twenty seconds at the same time.
POLLS = 5 * SECONDS_A_MONTH / 20
MESSAGE_REQUESTS = 3  # send, receive, delete
SWEEPS = SECONDS_A_MONTH / 60
SWEEP_MILLISECONDS = 100  # an assumption: 16 short queries
SWEEP_READS = 16 * 0.5  # MAX_SHARDS of platform/journal.py
# The daily check of all logins (LoginCheckSchedule). Counted by hand: a message for each 60 logins and each 300 items;
# Cognito is asked about one user at a time, and its answers cost nothing.
CHECKS = 30
CHECK_INVOCATIONS = 3  # of an empty check: the schedule, one page of logins, one of users
CHECK_USER_MILLISECONDS = 20
CHECK_PAGE_MILLISECONDS = 100
ITEMS = 1 + 2 * USERS + 30  # of a company: the company, its users with their e-mails, 30 contacts
SECRET_READS = 3_000  # a sandbox that is warm all day reads a secret every five minutes


def main() -> int:
    """Write the document."""
    DOCUMENT.write_text(document())
    return 0


def document() -> str:
    """Return docs/cost.md."""
    return (
        "\n".join([*_bill(), *_idle(), *_switches(), *_events_of_customers(), *_what_a_company_does(), *_prices()])
        + "\n"
    )


# Resources of the template


def _resources(kind: str) -> Sequence[str]:
    return [name for name, resource in template()["Resources"].items() if resource["Type"] == kind]


def _events(kind: str) -> int:
    functions = [resource for resource in template()["Resources"].values() if resource["Type"].endswith("::Function")]
    events = [event for function in functions for event in function["Properties"].get("Events", {}).values()]
    return sum(event["Type"] == kind for event in events)


def _aliases() -> int:
    return sum("AutoPublishAlias" in resource["Properties"] for resource in template()["Resources"].values())


# The bill


def _per_company(what: Callable[[UseCase], float]) -> float:
    return sum(case.times * what(case) for case in USE_CASES)


def _checks(companies: int) -> tuple[float, float, float]:
    """Return invocations, milliseconds and read units of a month's checks of all logins."""
    users = companies * USERS
    invocations = CHECK_INVOCATIONS + users / 60 + companies * ITEMS / 300
    milliseconds = invocations * CHECK_PAGE_MILLISECONDS + users * CHECK_USER_MILLISECONDS
    # Eventually consistent: half a unit for each user and company, and for each 4 KB of the scan.
    reads = 1 + 0.5 * (users + companies + companies * COMPANY_BYTES / 4096)
    return CHECKS * invocations, CHECKS * milliseconds, CHECKS * reads


def usage(companies: int) -> Mapping[str, float]:
    """Return the units of each price that this number of companies uses in a month."""
    requests = companies * _per_company(lambda case: case.requests)
    checks, check_milliseconds, check_reads = _checks(companies)
    invocations = companies * _per_company(lambda case: case.invocations) + SWEEPS + checks
    milliseconds = (
        companies * _per_company(lambda case: case.milliseconds) + SWEEPS * SWEEP_MILLISECONDS + check_milliseconds
    )
    messages = companies * _per_company(lambda case: case.messages) + checks
    gigabytes = companies * (COMPANY_BYTES + ENTRIES * MONTHS_KEPT * ENTRY_BYTES) / 1e9
    traced = min(invocations, TRACES_A_SECOND * SECONDS_A_MONTH)
    logs = invocations * LOG_BYTES / 1e9
    return {
        "HTTP API": requests / MILLION,
        "Lambda requests": invocations / MILLION,
        "Lambda time": milliseconds / 1000 * MEMORY_GB,
        "DynamoDB writes": companies * _per_company(lambda case: case.writes) / MILLION,
        "DynamoDB reads": (companies * _per_company(lambda case: case.reads) + SWEEPS * SWEEP_READS + check_reads)
        / MILLION,
        "DynamoDB storage": gigabytes,
        "Point-in-time recovery": gigabytes,
        "SQS": (_events("SQS") * POLLS + messages * MESSAGE_REQUESTS) / MILLION,
        "SES": companies * _per_company(lambda case: case.mails) / 1000,
        "Cognito": companies * USERS,
        "Logs": logs,
        "Log storage": logs,
        "Traces": (traced + TRACES_BEYOND * (invocations - traced)) / MILLION,
        "Alarms": len(_resources("AWS::CloudWatch::Alarm")),
        "Own metrics": 1,
        "KMS": min(companies * USERS * LOGINS, SECRET_READS * 10) / 10_000,
        "Data out": requests * ANSWER_BYTES / 1e9,
    }


def monthly(companies: int, *, allowances: bool) -> Mapping[str, float]:
    """Return each line of the bill in USD. With `allowances`, the free units of every account are subtracted."""
    used = usage(companies)
    return {name: price.usd * max(0, used[name] - (price.free if allowances else 0)) for name, price in PRICES.items()}


def _bill() -> Iterator[str]:
    lines = [monthly(companies, allowances=False) for companies in COMPANIES]
    free = [sum(monthly(companies, allowances=True).values()) for companies in COMPANIES]
    yield f"""\
# What it costs

USD a month at AWS's list prices for eu-central-1, {_MONTH}, by number of companies with {USERS} users each.
`make cost` writes this page from `generate/cost.py` and the resources of `template.yaml`. What a company does in a
month, the prices, and which of them were checked, are below. The assumptions are on the large side. No real bill was
compared.
"""
    yield from _table(
        ["line of the bill", *(f"{companies:,}" for companies in COMPANIES)],
        [
            *([name, *(_usd(line[name]) for line in lines)] for name in PRICES),
            ["**together, at list price**", *(f"**{_usd(sum(line.values()))}**" for line in lines)],
            ["**with what every account has free**", *(f"**{_usd(total)}**" for total in free)],
        ],
    )
    last = COMPANIES[-1]
    each = (sum(lines[-1].values()) - sum(lines[0].values())) / last
    cognito = lines[-1]["Cognito"] / sum(lines[-1].values())
    yield f"""
A company costs {each * 100:.1f} cents a month; {cognito:.0%} of the bill of {last:,} is Cognito's price per user.
If other stacks of the account use up what is free, the first of the two sums applies. The dashboard is not included.
"""


def _idle() -> Iterator[str]:
    idle = monthly(0, allowances=False)
    alarms, queues = len(_resources("AWS::CloudWatch::Alarm")), _events("SQS")
    yield """\
## Without any request
"""
    yield from _table(
        ["what", "how much", "USD a month"],
        [
            ["alarms", f"{alarms}, ten of an account are free", _usd(idle["Alarms"])],
            [
                "Lambda polling queues",
                f"{queues} queues, {POLLS / MILLION:.2f} million long polls each, a million is free",
                _usd(idle["SQS"]),
            ],
            [
                "the sweeper, once a minute",
                f"{SWEEPS:,.0f} runs, each reads {SWEEP_READS:.0f} units",
                _usd(
                    sum(
                        idle[name]
                        for name in ("Lambda requests", "Lambda time", "DynamoDB reads", "Logs", "Log storage")
                    )
                ),
            ],
            [
                "the check of all logins, once a day",
                f"{_checks(0)[0]:.0f} runs, {_checks(0)[2]:.0f} read units",
                _usd(_check_usd(0)),
            ],
            ["its traces", "within what is free", _usd(idle["Traces"])],
            ["its metric", "within what is free", _usd(idle["Own metrics"])],
            ["storage and its backups", "per GB: nothing without data", _usd(idle["DynamoDB storage"])],
            ["logins, mails, secrets (SSM standard), functions, API, topics, stacks", "no fixed price", _usd(0)],
        ],
    )
    yield ""


def _check_usd(companies: int) -> float:
    """Return what the checks of all logins cost in a month, without what is free."""
    invocations, milliseconds, reads = _checks(companies)
    return (
        invocations / MILLION * (PRICES["Lambda requests"].usd + MESSAGE_REQUESTS * PRICES["SQS"].usd)
        + milliseconds / 1000 * MEMORY_GB * PRICES["Lambda time"].usd
        + reads / MILLION * PRICES["DynamoDB reads"].usd
    )


def _switches() -> Iterator[str]:
    cached = SNAPSTART_CACHE_USD * MEMORY_GB * SECONDS_A_MONTH
    essentials = max(0, COMPANIES[-1] * USERS - PRICES["Cognito"].free) * ESSENTIALS_USD
    lite = monthly(COMPANIES[-1], allowances=True)["Cognito"]
    yield """\
## Optional parts
"""
    network = "`VpcSubnetIds`: a NAT gateway with its address (or endpoints, by hour and zone), and 0.052 per GB"
    snapstart = f"`SnapStart=true`: {_aliases()} functions behind the API, a version each, and 0.00014 per GB restored"
    tier = f"Cognito's tier Essentials instead of Lite at {COMPANIES[-1]:,} companies"
    check = f"`LoginCheck=true` (the default), once a day, at {COMPANIES[-1]:,} companies; `false`: nothing"
    yield from _table(
        ["what", "USD a month"],
        [
            ["`Dashboard=true` (more than the 50 metrics that are free)", _usd(DASHBOARD_USD)],
            ["`Canary=true`: CodeDeploy is free for Lambda, and it uses alarms that exist anyway", _usd(0)],
            [network, _usd(NAT_USD)],
            [snapstart, _usd(_aliases() * cached)],
            [f"{tier}: {_usd(essentials)} instead of {_usd(lite)}", _usd(essentials - lite)],
            [check, _usd(_check_usd(COMPANIES[-1]))],
            ["a KMS key of your own instead of AWS's", _usd(1)],
            ["a longer `LogRetentionDays`: per GB and month", _usd(PRICES["Log storage"].usd)],
        ],
    )
    yield ""


EVENTS = 100_000
FANS_OUT_TO = (1, 5, 50)
EVENTS_A_SECOND = 200
# `make bench` measured the units. The words that find a customer are not counted: most events change none.
EVENT = UseCase("an event is received, applied and followed", 1, 5.5, 18, 150, invocations=4, messages=2)
TOLD = UseCase("a product is told", 1, 5, 4, 100, requests=0, messages=1)


def events_usd(products: int) -> Mapping[str, float]:
    """Return the lines of the bill, in USD, for EVENTS events about customers that this number of products is told."""
    used = [(EVENT, EVENTS), (TOLD, EVENTS * products)]

    def total(what: Callable[[UseCase], float]) -> float:
        return sum(what(case) * times for case, times in used)

    logs = total(lambda case: case.invocations) * LOG_BYTES / 1e9
    units = {
        "HTTP API": total(lambda case: case.requests) / MILLION,
        "Lambda requests": total(lambda case: case.invocations) / MILLION,
        "Lambda time": total(lambda case: case.milliseconds) / 1000 * MEMORY_GB,
        "DynamoDB writes": total(lambda case: case.writes) / MILLION,
        "DynamoDB reads": total(lambda case: case.reads) / MILLION,
        "SQS": total(lambda case: case.messages) * MESSAGE_REQUESTS / MILLION,
        "Logs": logs,
        "Data out": EVENTS * products * ANSWER_BYTES / 1e9,
    }
    return {name: PRICES[name].usd * value for name, value in units.items()}


def _events_of_customers() -> Iterator[str]:
    """100,000 events of the Customer List, and the parameters for many of them at once."""
    bills = [events_usd(products) for products in FANS_OUT_TO]
    yield f"""\
## {EVENTS:,} events about customers

USD in all, without what is free, if each event changes a customer and every product is told of it: one call for each
event and product. Changes that wait while a product is told come together in one call, so that a burst costs less.
"""
    yield from _table(
        ["line of the bill", *(f"{products} product{'s' * (products > 1)}" for products in FANS_OUT_TO)],
        [
            *([name, *(_usd(bill[name]) for bill in bills)] for name in bills[0]),
            ["**together**", *(f"**{_usd(sum(bill.values()))}**" for bill in bills)],
        ],
    )
    at_once = -(-EVENTS_A_SECOND * EVENT.milliseconds // 1000)
    yield f"""
**{EVENTS_A_SECOND} events a second** need `WebhooksPerSecond={EVENTS_A_SECOND}`, `EventsAtOnce={at_once}` (each event
takes {EVENT.milliseconds} ms of functions, an assumption that is rather too large) and `EventsPerBatch=10`; and
concurrency of the account for as many invocations of the intake ({MEMORY_GB * 1000:.0f} MB). An account of the list
takes up to 500 visible changes a second. What follows is done by the workers that `template.yaml` allows at once, five
for follow-ups and ten for products: it waits in its queue meanwhile, and nothing is lost.
"""


def _what_a_company_does() -> Iterator[str]:
    yield f"""\
## What a company does in a month

{USERS} users, each logging in {LOGINS} times and opening {PAGES} pages per login. DynamoDB's units include the journal,
the outbox and all consequences. `make bench` measured them on {MEASURED}. Lines with * were counted by hand.
"""
    yield from _table(
        ["what", "times", "read units", "write units", "function ms", "mails"],
        [
            [
                case.name + ("" if case.measured else " *"),
                f"{case.times:.2f}".rstrip("0").rstrip("."),
                *(f"{value:g}" for value in (case.reads, case.writes, case.milliseconds, case.mails)),
            ]
            for case in USE_CASES
        ],
    )
    yield f"""
Also assumed: {COMPANY_BYTES / 1000:.0f} KB for the company, its users and 30 contacts; {ENTRIES} journal entries a
month, kept for {MONTHS_KEPT} months; {LOG_BYTES:,} bytes of log and {ANSWER_BYTES:,} bytes of answer per request;
functions of {MEMORY_GB} GB.
"""


def _prices() -> Iterator[str]:
    yield f"""\
## Prices

eu-central-1, {_MONTH}, without tax, support and discounts. *Checked*: found in AWS's own pages or several others
that month. The rest is from memory: check it with the AWS Pricing Calculator before you rely on it.
"""
    yield from _table(
        ["line of the bill", "USD", "for a", "free for every account", "checked"],
        [
            [
                name,
                f"{price.usd:.10f}".rstrip("0").rstrip("."),
                price.unit,
                f"{price.free:,g}" if price.free else "",
                "yes" if price.checked else "",
            ]
            for name, price in PRICES.items()
        ],
    )
    yield f"""
Also checked: a dashboard {DASHBOARD_USD}, a version kept for SnapStart {SNAPSTART_CACHE_USD:.10f} per GB-second,
Cognito's tier Essentials {ESSENTIALS_USD} per user above 10,000. From memory: a NAT gateway 0.052 and a public address
0.005 an hour. Checked: Lambda's polling of empty queues is billed as SQS requests. AWS's documentation says that Lambda
starts with five long polls at once."""


_MONTH = "November 2026"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _usd(amount: float) -> str:
    return f"{amount:,.2f}"


if __name__ == "__main__":
    sys.exit(main())
