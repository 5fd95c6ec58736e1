"""The server's metrics, one module per subject. Callers import a metric and call it."""
