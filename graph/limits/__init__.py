"""What one operation may ask for: how large its document is, and what its answer may cost."""

from graph.limits.bounds import MAX_VARIABLE_VALUES, Limits
from graph.limits.document import Document, DocumentCache
from graph.limits.variables import find_excess_of_values

__all__ = [
    "MAX_VARIABLE_VALUES",
    "Document",
    "DocumentCache",
    "Limits",
    "find_excess_of_values",
]
