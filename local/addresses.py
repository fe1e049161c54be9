"""Where a local stack keeps its state and its addresses. A second stack on another port (PORT=…) has its own."""

import os
from pathlib import Path

_USUAL_PORT = 4566
PORT = int(os.environ.get("PORT", str(_USUAL_PORT)))
CHOSEN = "" if PORT == _USUAL_PORT else f" PORT={PORT}"
"""What to add to the commands for this stack, as it is typed."""
_SUFFIX = "" if PORT == _USUAL_PORT else f"-{PORT}"
_LOCAL = Path(__file__).parent.parent / ".local"
FOLDER = _LOCAL / f"run{_SUFFIX}"
ADDRESSES = _LOCAL / f"stack{_SUFFIX}.json"
