"""Webhooks that other systems send us: sources, formats, receiving, and the queue of accepted events."""
