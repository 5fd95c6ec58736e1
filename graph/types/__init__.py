"""The types of the graph, one noun a file: their fields, and the queries that give them."""
