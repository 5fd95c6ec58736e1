"""Plans: operations compiled once and executed for all objects of a list at once.

graphql-core inspects each field of each object. A plan knows from the document and the schema which
fields it needs, and computes them column by column. Where it can't, it bails out and graphql-core
executes the operation.
"""
