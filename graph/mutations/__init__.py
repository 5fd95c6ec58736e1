"""Mutations by noun. Each takes an input object and returns a payload with `userErrors`."""
