"""How the simulated ERP misbehaves: the mode of a request, and the number of requests to which it applies."""

from collections.abc import Mapping
from dataclasses import dataclass

MODES = (
    "ok",
    "slow",  # waits `seconds`, then answers as usual
    "drip",  # answers, spread over `seconds`
    "hang",  # waits `seconds`, then closes the connection without an answer
    "offline",  # closes the connection without an answer
    "failing",  # HTTP 503
    "fault",  # HTTP 500 with a SOAP fault, as PHP sends it when a request fails
    "malformed",  # HTTP 200 with an error page in HTML
    "entity-bomb",  # a DTD whose nested entities expand
    "wrong-encoding",  # declares UTF-8 and sends Windows-1252
    "references",  # writes control characters as references (`&#x1F;`), which XML does not allow either
    "unescaped",  # writes `&` as it is, not as `&amp;`
    "truncated",  # closes the connection in the middle of the answer
    "huge",  # an answer of 16 MiB
)


@dataclass
class Rule:
    """One rule to misbehave. It applies to `times` requests (None: to all) with these messages (empty: with any)."""

    mode: str
    seconds: float
    times: int | None
    messages: tuple[str, ...]


class Modes:
    """The rules by customer number. The rule of the empty number applies to all customers without a rule."""

    def __init__(self) -> None:
        self._rules: dict[str, Rule] = {}

    def reset(self) -> None:
        """Remove all rules."""
        self._rules.clear()

    def set(self, wish: Mapping[str, object]) -> None:
        """Set a rule from `{mode, seconds, times, messages, customer_number}`. Only the mode is required.

        Raise KeyError without a mode, ValueError or TypeError for a wrong value.
        """
        mode = str(wish["mode"])
        if mode not in MODES:
            raise ValueError(f"no such mode: {mode}")
        times, messages = wish.get("times"), wish.get("messages") or []
        if not isinstance(messages, list):
            raise TypeError("messages is a list")
        self._rules[str(wish.get("customer_number") or "")] = Rule(
            mode=mode,
            seconds=float(str(wish.get("seconds", 60))),
            times=None if times is None else int(str(times)),
            messages=tuple(map(str, messages)),
        )

    def take(self, message: str, customer_number: str) -> Rule:
        """Return the rule for this request, and count down the rule's `times`."""
        rule = self._rules.get(customer_number) or self._rules.get("")
        if rule is None or rule.times == 0 or (rule.messages and message not in rule.messages):
            return Rule("ok", 0, None, ())
        if rule.times is not None:
            rule.times -= 1
        return rule
