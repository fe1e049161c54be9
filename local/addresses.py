"""Where the state and the addresses of a local stack are: a second one beside the usual one (PORT=…) has its own."""

import os
from pathlib import Path

_USUAL_PORT = 4566
PORT = int(os.environ.get("PORT", str(_USUAL_PORT)))
CHOSEN = "" if PORT == _USUAL_PORT else f" PORT={PORT}"
"""What commands about this stack need besides, as they are typed."""
_SUFFIX = "" if PORT == _USUAL_PORT else f"-{PORT}"
_LOCAL = Path(__file__).parent.parent / ".local"
FOLDER = _LOCAL / f"run{_SUFFIX}"
ADDRESSES = _LOCAL / f"stack{_SUFFIX}.json"
