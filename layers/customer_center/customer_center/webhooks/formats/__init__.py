"""Kinds of senders. Each has a file with its signature scheme and its table of events (`webhooks/format.py`)."""
