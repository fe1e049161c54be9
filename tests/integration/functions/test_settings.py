"""Every function reads exactly the environment variables that the template gives it."""

import json
from dataclasses import fields

import pytest

from customer_center.clients import wiring as clients_adapter
from customer_center.companies import wiring as companies_adapter
from customer_center.connectors.cognito import wiring as cognito_adapter
from customer_center.connectors.silver import wiring as silver
from customer_center.customers import product_wiring as products_adapter
from customer_center.customers import wiring as customers_adapter
from customer_center.platform import networks, secrets
from customer_center.platform import wiring as platform_wiring
from customer_center.platform.config import ConfigurationError, from_environment
from customer_center.platform.outbox import queue_variables
from customer_center.webhooks import wiring as webhooks_adapter
from tests.integration.aws import Context, event_of, folder_of, load
from tests.template_reader import function_names, functions_of

_SETTINGS = {
    "companies": companies_adapter._Tables,
    "client_keys": clients_adapter._Tables,
    "source_network": networks.Proxies,
    "journal": platform_wiring._Settings,
    "identities": cognito_adapter._UserPool,
    "erp": silver._Environment,
    "customers": customers_adapter._Tables,
    "products": customers_adapter._Tables,
    "product_secrets": products_adapter._Environment,
    "connectors": products_adapter._Environment,
    "source_secrets": webhooks_adapter._Secrets,
    "event_queue": webhooks_adapter._Environment,
}
"""The settings class that a function reads, by what it imports."""


def _settings_of(module):
    """Every settings class that a module reads, its adapters' among them."""
    named = [module.Settings] if hasattr(module, "Settings") else []
    return [*named, *(settings for name, settings in _SETTINGS.items() if hasattr(module, name))]


@pytest.mark.parametrize("function", function_names())
def test_a_function_gets_exactly_the_variables_it_reads(aws, function):
    variables = aws.environment(function)
    read = set()
    module = load(folder_of(function))
    writes_secrets = "ssm:PutParameter" in json.dumps(functions_of(aws.template)[function].get("Policies"))
    for settings in [*_settings_of(module), *([secrets._Environment] if writes_secrets else [])]:
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
