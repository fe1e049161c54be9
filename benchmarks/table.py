"""The one table that `make bench` prints: what was measured, what it may cost, and whether it holds."""

from collections.abc import Sequence
from dataclasses import dataclass

BROKEN = "BROKEN"
SLACK = 1.15
"""Ratios of times scatter by this much on a machine that does other things too. Nothing else is given slack."""


@dataclass(frozen=True)
class Row:
    """One budget: `measured` must not be more than `budget`, and is good when it is not more than `stretch`.

    None as measured: not measured. None as budget: told, and not judged. `unit` is `x` (a ratio), `MB` or `units`.
    """

    group: str
    name: str
    measured: float | None
    unit: str
    budget: float | None = None
    stretch: float | None = None
    slack: float = 1.0

    @property
    def verdict(self) -> str:
        """What the measured value says of the budget."""
        if self.measured is None:
            return "not measured"
        if self.budget is None:
            return ""
        if self.measured > self.budget * self.slack:
            return BROKEN
        if self.measured > self.budget:
            return "over, within slack"
        return "stretch" if self.stretch is not None and self.measured <= self.stretch else "holds"


def text(rows: Sequence[Row]) -> str:
    """Return the table as text."""
    lines = [("row", "measured", "budget", "stretch", "verdict")]
    group = ""
    for row in rows:
        if row.group != group:
            group = row.group
            lines.append((group, "", "", "", ""))
        measured, budget, stretch = (_number(value, row.unit) for value in (row.measured, row.budget, row.stretch))
        lines.append((f"  {row.name}", measured, budget, stretch, row.verdict))
    name, *numbers = (max(map(len, column)) for column in zip(*lines, strict=True))
    return "\n".join(
        "  ".join([line[0].ljust(name), *(line[at].rjust(numbers[at - 1]) for at in (1, 2, 3)), line[4]]).rstrip()
        for line in lines
    )


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    match unit:
        case "x":
            return f"{value:.2f} x"
        case "MB":
            return f"{value:.1f} MB"
        case _:
            return f"{value:g}"
