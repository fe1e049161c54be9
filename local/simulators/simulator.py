"""What `local/stack.py` needs to know of a simulator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Simulator:
    """A simulated outside system. `python -m local.simulators.<name> --port <port>` starts it on 127.0.0.1."""

    name: str
    """The name of its folder. Its log file and the variable that sets its port (`<NAME>_PORT`) are named after it."""

    port: int
    """The port that `make run` uses when the environment sets none."""

    ready: str
    """A path that answers as soon as the simulator serves requests."""

    secrets: Mapping[str, object]
    """Secrets that the deployed functions read: content by name in the parameter store. It is stored as JSON."""

    parameters: Callable[[str], Mapping[str, str]]
    """Return the parameters of the template that belong to it. The argument is the simulator's URL."""

    connect: Callable[[str, str], None]
    """Tell the simulator about the deployed stack, after every deploy. The arguments are its own URL and the API's."""
