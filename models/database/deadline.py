"""pymongo's deadline of the current task, which `pymongo.timeout` sets."""

from contextvars import Context, copy_context

from pymongo import _csot


def remaining_seconds() -> float | None:
    """Returns the time left for database commands of this task, or None without a deadline."""
    return _csot.remaining()


def copy_context_without_deadline() -> Context:
    """Returns the context of this task for a task of its own that may outlive the deadline."""
    context = copy_context()
    context.run(_csot.reset_all)
    return context
