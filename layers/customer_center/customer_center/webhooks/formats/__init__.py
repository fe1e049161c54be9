"""Kinds of senders, one file each: its signature scheme and its table of events (`webhooks/format.py`)."""
