"""Start a check of all logins now, instead of at the time of LoginCheckSchedule.

    python -m ops.check_logins dev [--repair-all] [--settled-minutes 15]

The stage's function `reconcile` compares all logins with their records, and repairs what differs. Its log line `logins
checked` says what it found. Without `--repair-all` it repairs nothing if more than LoginRepairLimit logins differ. May
run any number of times. See docs/runbook.md#many-logins-differ and docs/runbook.md#restore-from-point-in-time.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "layers/customer_center"))

from customer_center.companies import effects
from customer_center.companies.operators.check_logins import LoginCheck
from customer_center.platform.clock import SystemClock
from ops.checks import account_of, stage_named


def main(arguments: Sequence[str] | None = None) -> int:
    """Queue the first page of the check. The command does not wait for the check's end."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--repair-all", action="store_true")
    parser.add_argument("--settled-minutes", type=int, default=15)
    given, rest = parser.parse_known_args(arguments)
    stage = stage_named(rest, __doc__)
    stack = stage.stack()
    if stack is None:
        raise SystemExit(f"There is no stack {stage.stack_name} in {stage.region}.")
    name = next(each["ParameterValue"] for each in stack["Parameters"] if each["ParameterKey"] == "Stage")
    print(f"Account {account_of(stage)}, region {stage.region}, stack {stage.stack_name}.")
    check = LoginCheck(settled_for=timedelta(minutes=given.settled_minutes), at_once=given.repair_all)
    sqs = stage.client("sqs")
    queue = sqs.get_queue_url(QueueName=f"customer-center-{name}-identity")["QueueUrl"]
    effect = effects.check_logins(check.written(), SystemClock().now())
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(asdict(effect)))
    print(f"The check has begun. The log /customer-center/{name}/Reconcile has a line 'logins checked' at its end.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
