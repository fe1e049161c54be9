"""Webhooks that other systems send us: their sources and formats, receiving them, and the queue they wait in."""
