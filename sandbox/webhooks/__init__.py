"""The webhooks that the sandbox posts: what customers write, and statuses."""
