"""`make run`: start the whole stack, walk through the main use cases, print the addresses, and run until Ctrl-C."""

import os
import signal
import socket
import time

from local.addresses import ADDRESSES, CHOSEN, FOLDER, PORT
from local.simulators import SIMULATORS
from local.stack import ROOT, Stack, running_stack
from local.walk import MAIN_CONTACT, PASSWORD, walk

SIMULATOR_PORTS = {
    simulator.name: int(os.environ.get(f"{simulator.name.upper()}_PORT", simulator.port)) for simulator in SIMULATORS
}


def main() -> None:
    """Run until interrupted, and keep the state for the next run."""
    # Set explicitly, because a process that a shell starts in the background ignores Ctrl-C.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.default_int_handler)
    for name, port in (("PORT", PORT), *((f"{name.upper()}_PORT", port) for name, port in SIMULATOR_PORTS.items())):
        if _taken(port):
            raise SystemExit(f"Port {port} is in use. Another run? Choose a free one: make run {name}=...")
    print("Starting the emulator and the simulators, building and deploying (about a minute) …", flush=True)
    try:
        with running_stack(FOLDER, port=PORT, simulator_ports=SIMULATOR_PORTS) as stack:
            stack.save(ADDRESSES, demo_email=MAIN_CONTACT, demo_password=PASSWORD)
            try:
                walk(stack)
            except SystemExit as surprise:
                print(f"\nThe walk stopped: {surprise}", flush=True)
            _where_to_look(stack)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        print("\nStopped. State is kept; `make reset` forgets it.")


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _where_to_look(stack: Stack) -> None:
    print(f"""
The stack stays up until Ctrl-C.
  the API              {stack.api_url}
  its description      docs/openapi.json
  log in as            {MAIN_CONTACT} / {PASSWORD}
  sent mails           make mail{CHOSEN}
  the ERP simulator    {stack.erp_url}/_simulator/customers
  what products hear   {stack.products_url}/_simulator/products
  what Vendasta knows  {stack.vendasta_url}/_simulator/customers
  addresses and ids    {ADDRESSES.relative_to(ROOT)}
  logs of functions    make logs{CHOSEN}
  logs of the tools    {FOLDER.relative_to(ROOT)}/*.log
""")


if __name__ == "__main__":
    main()
