"""Webhooks that other systems send us: signatures, the events, and their queue."""
