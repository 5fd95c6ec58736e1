"""The benchmarks: a seeded world, load generators, contenders, cases, and the table they fill."""
