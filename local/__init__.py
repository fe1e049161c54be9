"""The whole stack on one machine, and simulators of the outside systems."""
