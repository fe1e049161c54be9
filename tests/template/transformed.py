"""The template as CloudFormation gets it, after SAM's transform."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local import stack
from tests.conftest import require
from tests.template_reader import TEMPLATE

_PYTHON = stack.TOOLS / "sam/bin/python"


def transformed(changed: Mapping[str, str] | None = None, **parameters: str) -> dict[str, Any]:
    """Return the transformed template. `changed` gives new addresses to artefacts, by logical id, as a build would."""
    require(_PYTHON)
    done = subprocess.run(
        [
            _PYTHON,
            Path(__file__).with_name("transform.py"),
            TEMPLATE,
            json.dumps({"Stage": "trial", **parameters}),
            json.dumps(changed or {}),
        ],
        env={**os.environ, "AWS_DEFAULT_REGION": stack.REGION},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout))
