"""Runs the application in this process, or in several workers behind a shared socket."""
