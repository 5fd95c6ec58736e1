"""How many parts of each kind a document has: what repeats makes validation slow, valid or not.

Some of the standard rules look at each part again for each other part, and all of them together
take 25 µs for each. Here the parts are counted, in a tenth of that.
"""

from collections import Counter

from graphql import (
    ArgumentNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableDefinitionNode,
)

# Several times what the largest operations of apps have.
MAX_PARTS: dict[type[Node], tuple[str, int]] = {
    OperationDefinitionNode: ("operations", 20),
    FragmentDefinitionNode: ("fragments", 100),
    FragmentSpreadNode: ("fragment spreads", 150),
    VariableDefinitionNode: ("variables", 60),
    ArgumentNode: ("arguments", 200),
    ObjectFieldNode: ("fields of input objects", 200),
    ValueNode: ("values", 300),
}
# No type has half as many fields.
MAX_SELECTIONS = 150


def find_excess_of_parts(document: DocumentNode) -> str | None:
    """A sentence that names the limit which the document exceeds and by how much, or None."""
    counts: Counter[type[Node]] = Counter()
    waiting: list[Node] = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, SelectionSetNode) and len(node.selections) > MAX_SELECTIONS:
            return _describe_excess(len(node.selections), "selections in one place", MAX_SELECTIONS)
        counts[ValueNode if isinstance(node, ValueNode) else type(node)] += 1
        for key in node.keys:
            part = getattr(node, key, None)
            if isinstance(part, Node):
                waiting.append(part)
            elif isinstance(part, tuple | list):
                waiting += part
    for kind, (name, limit) in MAX_PARTS.items():
        if counts[kind] > limit:
            return _describe_excess(counts[kind], name, limit)
    return None


def _describe_excess(number: int, name: str, limit: int) -> str:
    return f"The document has {number} {name}; {limit} is the limit."
