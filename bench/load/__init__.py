"""Load generation: requests, webhooks, connections; CPU and memory of processes."""
