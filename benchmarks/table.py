"""The table that `make bench` prints: measured values, budgets and verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass

BROKEN = "BROKEN"
SLACK = 1.15
"""The factor by which ratios of times may exceed their budget, because they vary on a busy machine."""


@dataclass(frozen=True)
class Row:
    """One row: `measured` must not exceed `budget`. The aim is that it does not exceed `stretch` either.

    `measured` is None when the row was not measured. A row without a budget is reported and not judged. `unit` is `x`
    (a ratio), `MB`, or one of a count.
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
        """The result of comparing the measured value with the budget."""
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
