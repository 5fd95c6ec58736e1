"""GraphiQL at GET /graphql: the page, its examples and its assets, all served by this server.

- `page.py`      renders the page and defines its headers
- `examples/`    an operation for each main task, with variables in the JSON file of the same name;
                 numbered files are the page's tabs, and apps generate types from all
- `static/`      the page's own scripts and style; `static/vendor/` is GraphiQL and React as they
                 are on npm, byte for byte: `scripts/vendor_graphiql.sh` rebuilds and checks it

The composition root serves the page on GET of the GraphQL path and mounts the assets below it:

    Mount("/graphql/assets", create_graphiql_assets())
    Route("/graphql", ...)  # a GET that accepts HTML -> create_graphiql_response()
"""

from graph.transport.graphiql.page import (
    CONTENT_SECURITY_POLICY,
    GRAPHIQL_ASSETS,
    GRAPHIQL_HEADERS,
    Example,
    create_graphiql_assets,
    create_graphiql_response,
    list_examples,
    render_graphiql,
)
