"""The folder of a local stack's state and the file of its addresses. A stack on another port (PORT=…) uses others."""

import os
from pathlib import Path

_USUAL_PORT = 4566
PORT = int(os.environ.get("PORT", str(_USUAL_PORT)))
CHOSEN = "" if PORT == _USUAL_PORT else f" PORT={PORT}"
"""The argument that make commands need for this stack; empty for the usual port."""
_SUFFIX = "" if PORT == _USUAL_PORT else f"-{PORT}"
_LOCAL = Path(__file__).parent.parent / ".local"
FOLDER = _LOCAL / f"run{_SUFFIX}"
ADDRESSES = _LOCAL / f"stack{_SUFFIX}.json"
