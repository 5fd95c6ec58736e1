"""Validation of literals in documents."""

from graphql import SKIP, GraphQLError, ValueNode, ValuesOfCorrectTypeRule, VisitorAction
from graphql.pyutils import print_path_list
from graphql.type import GraphQLInputType
from graphql.utilities import validate_input_literal


class LiteralsRule(ValuesOfCorrectTypeRule):
    """Adds the place to errors of scalars, which don't know it; variables have it already."""

    def is_valid_value_node(
        self, node: ValueNode, input_type: GraphQLInputType | None
    ) -> VisitorAction:
        def report(error: GraphQLError, path: list[str | int]) -> None:
            if not error.nodes:
                message = f"Invalid value{print_path_list(path)}: {error.message}"
                error = GraphQLError(message, node, original_error=error)
            self.report_error(error)

        if input_type:
            validate_input_literal(
                node, input_type, report, None, None, self.context.hide_suggestions
            )
        return SKIP  # The rule has checked the inner values.
