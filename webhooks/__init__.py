"""Meta → us: the webhook route, signatures, payload shapes and their processing."""
