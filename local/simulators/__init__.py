"""Simulators of the outside systems. `local/stack.py` starts each of the list and connects it to the deployed stack.

A new one is a folder with a `__main__.py` and a `connection.py`, and its line here.
"""

from collections.abc import Sequence

from local.simulators.erp.connection import ERP
from local.simulators.simulator import Simulator

SIMULATORS: Sequence[Simulator] = (ERP,)
