"""docs/webhooks.md: what an integrator copies from it works."""

import json
import re
import subprocess
import urllib.request

import pytest

from customer_center.webhooks.formats.erp import ERP
from customer_center.webhooks.receive_event import MAX_EVENT_BYTES
from customer_center.webhooks.signatures import STANDARD_WEBHOOKS, signing_keys
from tests.builders.webhooks import SECRET
from tests.conftest import require
from tests.template_reader import ROOT

PAGE = (ROOT / "docs/webhooks.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def is_genuine(headers, body):
    given = {name.lower(): value for name, value in headers.items()}
    now = float(given["webhook-timestamp"])
    signed = STANDARD_WEBHOOKS.signed(given, body, keys=signing_keys([SECRET]), settings={}, now=now, tolerance=1)
    return signed and signed.webhook_id


def test_every_type_of_event_has_an_example_with_all_its_fields():
    examples = [json.loads(block) for block in blocks("json")]
    assert [example["type"] for example in examples] == list(ERP.events)
    for example in examples:
        event = ERP.event(example)
        if event.type != "contact.deleted":
            assert event.data.keys() == ERP.events[event.type].keys()


def test_the_example_in_python_signs(monkeypatch):
    sent = []

    class Accepted:
        status = 202

    def urlopen(request):
        sent.append(request)
        return Accepted

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    (example,) = blocks("python")
    names = {}
    exec(example, names)
    assert names["send"]("https://api.example.com/webhooks/erp", SECRET, {"type": "ä"}, "msg_1") == 202
    (request,) = sent
    assert is_genuine(dict(request.header_items()), request.data) == "msg_1"


def test_the_example_with_curl_and_openssl_signs():
    require("bash", "openssl")
    (example,) = blocks("sh")
    script = f"set -eu\ncurl() {{ printf '%s\\0' \"$@\"; }}\n{example}"
    given = {"SECRET": SECRET, "URL": "https://api.example.com", "PATH": "/usr/bin:/bin"}
    told = subprocess.run(["bash", "-c", script], env=given, capture_output=True, text=True, check=True).stdout
    words = told.split("\0")
    body = words[words.index("-d") + 1]
    headers = dict(word.split(": ", 1) for word in words if word.startswith(("webhook-", "Content-Type")))
    assert is_genuine(headers, body.encode())
    ERP.event(json.loads(body))


@pytest.mark.parametrize("limit", [f"{MAX_EVENT_BYTES // 1024} KB", "5 minutes off", "1 to 128", "24 to 64"])
def test_limits_are_told_as_they_are(limit):
    assert limit in PAGE
