"""The client of Meta's Cloud API: requests, answers and error codes."""
