"""Workspaces: tenants of the instance, their state, quotas and usage, and their removal."""
