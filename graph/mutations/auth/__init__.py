"""Mutations of credentials, agents and workspaces."""
