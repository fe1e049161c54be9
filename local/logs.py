"""`make logs`: the log lines of the running local stack's functions, oldest first."""

import json

from botocore.exceptions import EndpointConnectionError

from local.addresses import ADDRESSES
from local.stack import emulated


def main() -> None:
    """Print every line of every function, after the function's name."""
    try:
        logs = emulated(json.loads(ADDRESSES.read_text())["endpoint_url"])("logs")
        groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    except (FileNotFoundError, EndpointConnectionError):
        raise SystemExit("The local stack is not running: make run") from None
    lines = [
        (event["timestamp"], group.rpartition("/")[2], event["message"].rstrip())
        for group in groups
        for event in logs.filter_log_events(logGroupName=group)["events"]
    ]
    for _, function, line in sorted(lines):
        print(f"{function}: {line}")


if __name__ == "__main__":
    main()
