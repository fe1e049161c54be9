"""The description of a simulator for `local/stack.py`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Simulator:
    """A simulated outside system. `python -m local.simulators.<name> --port <port>` starts it on 127.0.0.1."""

    name: str
    """The name of its folder, of its log file, and of the variable that sets its port (`<NAME>_PORT`)."""

    port: int
    """The port that `make run` uses when the environment sets none."""

    ready: str
    """A path that answers as soon as the simulator serves requests."""

    secrets: Mapping[str, object]
    """Secrets that the deployed functions read: the content, by the name of the SSM parameter. Stored as JSON."""

    parameters: Callable[[str], Mapping[str, str]]
    """Return the template's parameters for this simulator. The argument is the simulator's URL."""

    connect: Callable[[str, str], None]
    """Connect the simulator to the deployed stack, after every deploy. Arguments: the simulator's and the API's URL."""
