"""From the values of a webhook to documents, and what can't be applied to dead letters."""
