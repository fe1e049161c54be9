"""The use cases of operators, and the answers for the shop's backend."""
