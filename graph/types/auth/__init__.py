"""Agents, credentials, the viewer and the audit log."""
