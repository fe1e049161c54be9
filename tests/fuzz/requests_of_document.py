"""Requests that schemathesis makes from docs/openapi.json, and the checks of each answer."""

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from tests.template_reader import ROOT


def documented_code(_context, response, case):
    """Check that a refusal has a code that the operation names for its status."""
    if "application/problem+json" in response.headers.get("content-type", [""])[0]:
        codes = case.operation.definition.raw["x-problems"][str(response.status_code)]
        assert response.json()["code"] in codes


CHECKS = [
    documented_code,
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
# The defaults of schemathesis, and 412: an If-Match that is no entity tag of ours does not match.
REFUSALS = ["400", "401", "403", "404", "409", "412", "413", "422", "428"]

# Every run makes the same requests, and stores nothing for the next.
SAME = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))


def document(phases):
    """Return the document's schema, which generates requests in these phases."""
    config = {"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}, "phases": phases}
    schema = schemathesis.openapi.from_path(ROOT / "docs/openapi.json", config=schemathesis.Config.from_dict(config))
    schema.hook(filter_query)
    return schema


def filter_query(_context, query):
    """Keep to values that a request shows as they are: it leaves out an empty list, and the gateway joins a longer one.

    What the document refuses in the list is then allowed in the text.
    """
    return not query or not any(value is None or isinstance(value, (list, dict)) for value in query.values())
