"""The client of Meta's Cloud API: requests, responses and error codes."""
