"""The error codes of all rooms, which every `texts.py` of the package declares."""

from customer_center.clients.texts import CLIENTS_TEXTS
from customer_center.companies.texts import COMPANIES_TEXTS
from customer_center.customers.texts import CUSTOMERS_TEXTS
from customer_center.platform.texts import PLATFORM_TEXTS
from customer_center.webhooks.texts import WEBHOOKS_TEXTS

ROOMS = (PLATFORM_TEXTS, CLIENTS_TEXTS, COMPANIES_TEXTS, CUSTOMERS_TEXTS, WEBHOOKS_TEXTS)
ALL_TEXTS = PLATFORM_TEXTS | CLIENTS_TEXTS | COMPANIES_TEXTS | CUSTOMERS_TEXTS | WEBHOOKS_TEXTS
