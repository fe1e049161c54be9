"""One harness for every room: a use case dies at any step, or a step fails, and the caller comes again.

Every call of a use case to its ports is a step.
"""

from dataclasses import dataclass

from customer_center.platform.errors import CustomerCenterError, OutsideUnavailable

WAYS = ("dies before", "dies after", "fails")


class Death(BaseException):
    """The process is gone; no `except` and no `finally` of it can do anything any more."""


class Fate:
    """Counts the steps, and lets the one that is `fatal` go wrong."""

    def __init__(self, way: str | None = None, fatal: int = 0) -> None:
        self.steps = 0
        self._way = way
        self._fatal = fatal
        self._dead = False

    def repeat(self) -> None:
        """Begin again, with nothing to go wrong any more."""
        self._way, self._dead = None, False

    def through(self, step):
        if self._dead:
            raise Death
        self.steps += 1
        way = self._way if self.steps == self._fatal else None
        if way == "fails":
            raise OutsideUnavailable("unavailable", retry_after=1)
        self._dead = way is not None
        if way == "dies before":
            raise Death
        result = step()
        if way == "dies after":
            raise Death
        return result


class Fragile:
    """A port each of whose calls is a step."""

    def __init__(self, port, fate):
        self._port = port
        self._fate = fate

    @property
    def __class__(self):
        """Pass for the port: a use case may ask for its kind."""
        return type(self._port)

    def __getattr__(self, name):
        member = getattr(self._port, name)
        if name == "remembering":
            return lambda request: Fragile(member(request), self._fate)
        return (lambda *a, **k: self._fate.through(lambda: member(*a, **k))) if callable(member) else member


@dataclass(frozen=True)
class Scenario:
    """What is there, what the caller does (with a claim id of theirs), and what is done when all is well again.

    `told` is the refusal a repeat may meet because the first try had got through.
    """

    prepare: object
    act: object
    finish: object = lambda room: None
    told: str | None = None


def disturbed(scenario, fate, ports, *, repeat_as="mine", wait=0):
    """Return the room after the scenario's act met its fate, and its caller came again. `ports` are the room's names.

    A port that the act itself calls may raise an error of its own: `OutsideUnavailable` stands for all of them.
    """
    room = scenario.prepare()
    own = {name: getattr(room, name) for name in ports}
    for name, port in own.items():
        setattr(room, name, Fragile(port, fate))
    gone_wrong = False
    try:
        scenario.act(room, "mine")
    except (Death, OutsideUnavailable):
        gone_wrong = True
    fate.repeat()
    if gone_wrong:
        room.clock.advance(seconds=wait)
        try:
            scenario.act(room, repeat_as)
        except CustomerCenterError as refused:
            assert refused.code == scenario.told  # noqa: PT017 # a refusal is allowed, not expected
    for name, port in own.items():
        setattr(room, name, port)
    return room
