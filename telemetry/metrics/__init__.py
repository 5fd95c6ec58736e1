"""The server's metrics, a module per subject. Callers import a metric and call it."""
