"""Every route and every other trigger has a sample event, which is what AWS would send."""

import pytest

from customer_center.companies.callers import PersonCaller
from tests.integration.aws import event_of, folder_of, load
from tests.integration.functions.stage import FUNCTION_OF_ROUTE
from tests.integration.population import HTTP_SAMPLES, SAMPLES
from tests.template_reader import function_names


def test_every_route_and_every_other_trigger_has_a_sample_event():
    assert {event_of(path)["routeKey"] for path in HTTP_SAMPLES} == set(FUNCTION_OF_ROUTE)
    assert {path.split("/")[0] for path in SAMPLES} == {folder_of(name) for name in function_names()}


@pytest.mark.parametrize("path", HTTP_SAMPLES)
def test_a_sample_event_is_what_the_gateway_would_send_for_its_route(path):
    event = event_of(path)
    assert folder_of(FUNCTION_OF_ROUTE[event["routeKey"]]) == path.split("/")[0]
    context = event["requestContext"]
    method, template = event["routeKey"].split(" ")
    assert event["rawPath"] == template.format_map(event.get("pathParameters", {}))
    assert (context["routeKey"], context["http"]["method"]) == (event["routeKey"], method)
    assert context["http"]["path"] == event["rawPath"]
    (caller,) = [route.caller for route in _routes(path) if f"{route.method} {route.path}" == event["routeKey"]]
    assert ("authorizer" in context) is isinstance(caller, PersonCaller)


def _routes(path):
    return load(path.split("/")[0]).api.routes
