"""Documents of webhooks: stored bodies and parked items."""
