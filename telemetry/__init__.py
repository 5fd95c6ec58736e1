"""Metrics, logs and traces of the server. Every package may import it; it imports none of them."""
