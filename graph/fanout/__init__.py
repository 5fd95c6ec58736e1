"""Delivery of events to subscribers: groups, members and bounded sockets."""
