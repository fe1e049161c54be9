"""The one structured logger: ids, never personal data (DESIGN §8)."""

from aws_lambda_powertools import Logger

logger = Logger()
"""Level and service name come from POWERTOOLS_LOG_LEVEL and POWERTOOLS_SERVICE_NAME."""
