"""Benchmarks: a seeded database, load generators, contenders, cases and the result tables."""
