"""Mutations, one file a noun: each takes one input object and gives a payload with `userErrors`."""
