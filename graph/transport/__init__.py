"""HTTP, WebSocket and event streams: requests come in and answers go out here."""
