"""The servers that are compared, and the Graph API that they send to."""
