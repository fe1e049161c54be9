"""`python -m local.simulators.vendasta --port 0 --port-file vendasta.port`: serve until interrupted."""

import argparse
import contextlib
import signal
from pathlib import Path

from local.simulators.vendasta.server import API, VendastaSimulator


def main() -> None:
    """Serve. Write the port to `--port-file` once it is open, even if the system chose the port."""
    parser = argparse.ArgumentParser(prog="local.simulators.vendasta", description="Vendasta's Customer List.")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--port-file", type=Path, help="where to write the port")
    options = parser.parse_args()
    simulator = VendastaSimulator(options.port)
    if options.port_file:
        half_written = options.port_file.with_suffix(".new")
        half_written.write_text(str(simulator.server_address[1]))
        half_written.replace(options.port_file)
    print(f"Vendasta simulator: {simulator.url}{API}/customer", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        simulator.serve_forever(poll_interval=0.1)
    simulator.server_close()


if __name__ == "__main__":
    main()
