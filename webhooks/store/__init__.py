"""The raw body of a webhook: received, verified, stored before it is acknowledged."""
