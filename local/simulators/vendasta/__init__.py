"""Vendasta's Customer List, as its documentation of 2025 describes it."""
