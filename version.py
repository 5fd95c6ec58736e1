"""The version of wagraph, which `pyproject.toml` and all programs read here."""

VERSION = "0.2.0"

USER_AGENT = f"wagraph/{VERSION}"
"""Value of the `User-Agent` header of requests to Meta and to identity providers."""
