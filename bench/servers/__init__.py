"""The compared servers and a fake Graph API."""
