"""How the simulated Vendasta misbehaves: the mode of a call, and the number of calls to which it applies."""

from collections.abc import Mapping
from dataclasses import dataclass

MODES = (
    "ok",
    "slow",  # waits `seconds`, then answers as usual
    "unanswered",  # does what it was asked, then closes the connection without an answer
    "offline",  # closes the connection and does nothing
    "unauthorized",  # HTTP 401, although the token is valid
    "rate-limited",  # HTTP 429 with Retry-After
    "failing",  # HTTP 500 and does nothing
)


@dataclass
class Rule:
    """How to misbehave in `times` calls (None: in all) of these names (empty: of any)."""

    mode: str = "ok"
    seconds: float = 0
    times: int | None = None
    calls: tuple[str, ...] = ()


class Modes:
    """The rule that applies now."""

    def __init__(self) -> None:
        self._rule = Rule()

    def set(self, wish: Mapping[str, object]) -> None:
        """Set the rule from `{mode, seconds, times, calls}`. Only the mode is required.

        Raise KeyError without a mode, ValueError or TypeError for a wrong value.
        """
        mode, times, calls = str(wish["mode"]), wish.get("times"), wish.get("calls") or []
        if mode not in MODES:
            raise ValueError(f"no such mode: {mode}")
        if not isinstance(calls, list):
            raise TypeError("calls is a list")
        seconds = float(str(wish.get("seconds", 60)))
        self._rule = Rule(mode, seconds, None if times is None else int(str(times)), tuple(map(str, calls)))

    def reset(self) -> None:
        """Remove the rule."""
        self._rule = Rule()

    def take(self, call: str) -> Rule:
        """Return the rule for this call, and count down its `times`."""
        rule = self._rule
        if rule.times == 0 or (rule.calls and call not in rule.calls):
            return Rule()
        if rule.times is not None:
            rule.times -= 1
        return rule
