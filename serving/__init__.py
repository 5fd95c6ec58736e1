"""Runs the application: in this process, or in several workers behind one socket."""
