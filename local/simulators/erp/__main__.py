"""`python -m local.simulators.erp --port 0 --port-file erp.port`: serve until interrupted."""

import argparse
import contextlib
import os
import signal
from pathlib import Path

from local.simulators.erp.server import PASSWORD, USER, ErpSimulator


def main() -> None:
    """Serve. Write the port to `--port-file` once it is open, even if the system chose the port."""
    parser = argparse.ArgumentParser(prog="local.simulators.erp", description="A Web.Connector with an ERP behind it.")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--port-file", type=Path, help="where to write the port")
    parser.add_argument("--user", default=os.environ.get("ERP_SIMULATOR_USER", USER))
    # Not an argument: the process list shows arguments.
    password = os.environ.get("ERP_SIMULATOR_PASSWORD", PASSWORD)
    options = parser.parse_args()
    simulator = ErpSimulator(options.port, options.user, password)
    if options.port_file:
        half_written = options.port_file.with_suffix(".new")
        half_written.write_text(str(simulator.server_address[1]))
        half_written.replace(options.port_file)
    print(f"ERP simulator: {simulator.url}/xml/{{message}} and {simulator.url}/soap", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        simulator.serve_forever(poll_interval=0.1)
    simulator.server_close()


if __name__ == "__main__":
    main()
