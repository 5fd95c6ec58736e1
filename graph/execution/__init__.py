"""Plans: operations that are worked out once and then answered without walking their documents.

graphql-core looks at each field of each object anew. A plan knows from the document and the schema
what will be asked of all objects of a list, and does it for all of them at once, column by column.
It does only what it is sure of; on any surprise graphql-core executes the operation instead.
"""
