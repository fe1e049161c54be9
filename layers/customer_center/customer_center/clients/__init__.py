"""Machines that call us, and their client keys (docs/specification.md, 2.7)."""
