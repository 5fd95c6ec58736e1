"""Reads the Dockerfile, and builds and runs its images without Docker."""
