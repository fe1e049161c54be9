"""Machines that call us, and the keys they show (DESIGN §3)."""
