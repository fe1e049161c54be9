"""Every function reads exactly the environment variables that the template gives it."""

from dataclasses import fields

import pytest

from customer_center.clients import wiring as clients_adapter
from customer_center.companies import wiring as companies_adapter
from customer_center.connectors.cognito import wiring as cognito_adapter
from customer_center.connectors.silver import wiring as silver
from customer_center.platform import networks
from customer_center.platform import wiring as platform_wiring
from customer_center.platform.config import ConfigurationError, from_environment
from customer_center.platform.outbox import queue_variables
from customer_center.webhooks import wiring as webhooks_adapter
from tests.integration.aws import Context, event_of, folder_of, load
from tests.template_reader import function_names


def _settings_of(module):
    """Every settings class that a module reads, its adapters' among them."""
    if hasattr(module, "Settings"):
        yield module.Settings
    if hasattr(module, "companies"):
        yield companies_adapter._Tables
    if hasattr(module, "client_keys"):
        yield clients_adapter._Tables
    if hasattr(module, "source_network"):
        yield networks.Proxies
    if hasattr(module, "journal"):
        yield platform_wiring._Settings
    if hasattr(module, "identities"):
        yield cognito_adapter._UserPool
    if hasattr(module, "erp"):
        yield silver._Environment
    if hasattr(module, "event_queue"):
        yield webhooks_adapter._Environment


@pytest.mark.parametrize("function", function_names())
def test_a_function_gets_exactly_the_variables_it_reads(aws, function):
    variables = aws.environment(function)
    read = set()
    module = load(folder_of(function))
    for settings in _settings_of(module):
        from_environment(settings, variables)
        read |= {field.name.upper() for field in fields(settings)}
    read |= set(queue_variables(*getattr(module, "ROOMS", ())).values())
    common = aws.template["Globals"]["Function"]["Environment"]["Variables"].keys()
    assert read <= variables.keys()
    assert variables.keys() - common - read == {"POWERTOOLS_SERVICE_NAME"}


def test_a_missing_variable_is_told_when_it_is_needed(stage, monkeypatch):
    _, handler = stage.sandboxes.start("ActivationFunction")
    monkeypatch.delenv("SALUTATIONS")
    monkeypatch.setenv("ACTIVATION_CODE_TRIES", "many")
    with pytest.raises(ConfigurationError, match=r"ACTIVATION_CODE_TRIES cannot be read as .*; SALUTATIONS is missing"):
        handler(event_of("activation/activate"), Context("ActivationFunction"))
