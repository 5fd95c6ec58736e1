"""The load: requests and webhooks, the connections that carry them, and what a process used."""
