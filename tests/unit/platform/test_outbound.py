"""The HTTP session of calls to outside systems."""

import subprocess
import sys
from pathlib import Path

import customer_center

WITHOUT_CHARSET_NORMALIZER = """
import sys
sys.modules["charset_normalizer"] = sys.modules["chardet"] = None
from customer_center.platform.outbound import new_session
import requests.auth
print(new_session().trust_env)
"""


def test_requests_works_without_charset_normalizer_and_warns_nobody():
    command = [sys.executable, "-W", "error", "-c", WITHOUT_CHARSET_NORMALIZER]
    path = {"PYTHONPATH": str(Path(customer_center.__file__).parents[1])}
    done = subprocess.run(command, env=path, capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("False\n", "")
