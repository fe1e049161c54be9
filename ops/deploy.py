"""`make deploy STAGE=…`: preflight, `sam build`, `sam deploy`."""

import os
import subprocess
import sys
from collections.abc import Sequence

from ops import preflight
from ops.checks import ROOT, stage_named
from ops.release import release

SAM = ROOT / ".local/sam/bin/sam"
BUILD = ROOT / ".aws-sam/build"


def main(arguments: Sequence[str] | None = None) -> int:
    """Deploy a stage. After a failure, print what to do, and return 1."""
    stage = stage_named(arguments, __doc__)
    if preflight.main(arguments):
        print("\nNothing was deployed: mend what FAIL says. See docs/runbook.md#a-deploy-failed")
        return 1
    architecture = stage.parameters["Architecture"]
    overrides = [f"Architecture={architecture}"]
    if not _sam("build", f"--build-dir={BUILD}", "--parameter-overrides", *overrides, ARCHITECTURE=architecture):
        print("\nThe build failed; nothing was deployed.")
        return 1
    # Every parameter is passed, because a parameter that is left out keeps the value of the last deploy.
    given = {**stage.parameters, "Release": release(BUILD, stage.parameters)}
    deployed = _sam(
        "deploy",
        f"--config-file={stage.config}",
        f"--config-env={stage.name}",
        f"--template-file={BUILD / 'template.yaml'}",
        "--parameter-overrides",
        *(f'{name}="{value}"' for name, value in given.items()),
    )
    if not deployed:
        print(
            "\nThe deploy failed, or was not wanted; AWS runs what it ran before. See docs/runbook.md#a-deploy-failed"
        )
        return 1
    print(f"\nDeployed. Now: make smoke STAGE={stage.name}")
    return 0


def _sam(*arguments: str, **environment: str) -> bool:
    # SAM may ask for a confirmation of the change set, so it gets the terminal.
    done = subprocess.run(
        [SAM, *arguments], cwd=ROOT, env={**os.environ, "PYTHON": sys.executable, **environment}, check=False
    )
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
