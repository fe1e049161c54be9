"""`python -m local.simulators.products --port 0`: serve until interrupted."""

import argparse
import contextlib
import signal

from local.simulators.products.server import ProductsSimulator


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(prog="local.simulators.products", description="Products of the Customer List.")
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    simulator = ProductsSimulator(parser.parse_args().port)
    print(f"Products simulator: http://127.0.0.1:{simulator.server_address[1]}/hooks/{{product}}", flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        simulator.serve_forever(poll_interval=0.1)
    simulator.stopping.set()
    simulator.server_close()


if __name__ == "__main__":
    main()
