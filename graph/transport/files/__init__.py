"""Routes that serve stored files: media, and exports of contacts."""
