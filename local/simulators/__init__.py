"""Simulators of the outside systems. `local/stack.py` starts those in the list and connects them to the deployed stack.

To add a simulator, add a folder with a `__main__.py` and a `connection.py`, and add its record to the list.
"""

from collections.abc import Sequence

from local.simulators.erp.connection import ERP
from local.simulators.products.connection import PRODUCTS
from local.simulators.simulator import Simulator
from local.simulators.vendasta.connection import VENDASTA

SIMULATORS: Sequence[Simulator] = (ERP, PRODUCTS, VENDASTA)
