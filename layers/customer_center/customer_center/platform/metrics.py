"""Metrics of our own, as log lines in CloudWatch's embedded metric format.

docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html. Not
Powertools' Metrics, because importing it takes longer than one line of JSON needs.
"""

import json
import os
import time

NAMESPACE = "CustomerCenter"


def count(name: str) -> None:
    """Add one to a metric. Its dimensions are the function's service and the stage.

    The line is written whatever the log level is. It holds no personal data.
    """
    line = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["service", "stage"]],
                    "Metrics": [{"Name": name, "Unit": "Count"}],
                }
            ],
        },
        "service": os.environ.get("POWERTOOLS_SERVICE_NAME", ""),
        "stage": os.environ.get("STAGE", ""),
        name: 1,
    }
    print(json.dumps(line))  # noqa: T201 # the log line
