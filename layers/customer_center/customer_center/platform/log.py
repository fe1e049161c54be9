"""The one structured logger. It logs ids, never personal data (docs/specification.md, 9.2)."""

from aws_lambda_powertools import Logger

logger = Logger()
"""Level and service name come from POWERTOOLS_LOG_LEVEL and POWERTOOLS_SERVICE_NAME."""
