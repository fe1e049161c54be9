"""The whole stack on one machine, with simulators of the outside systems."""
