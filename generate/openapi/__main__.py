"""`python -m generate.openapi [--check]`."""

import sys

from generate.openapi import main

sys.exit(main())
