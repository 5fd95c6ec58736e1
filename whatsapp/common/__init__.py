"""Shared helpers: encryption, value checks, background work, fair shares."""
