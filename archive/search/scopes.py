"""Pure: ``in:comments``: the words of a query are looked for in another text than the articles'
own.
"""

from __future__ import annotations

from archive.errors import BadQuery
from archive.search.nodes import And, Members, Node, Not, Or, Text
from scraper.messages import mark

#: The field's name; as a node it says only that there is a scope.
FIELD = "in"
#: Where words may be looked for; `members.MEMBERS` has how. The value of a node is one of them, and
#: behind a blank the folded word.
SCOPES = ("comments",)


def scoped(node: Node) -> Node:
    """The query with its words asked of the text that its ``in:`` names, and without that. Alone it
    means every article that has such a text. Raises `BadQuery` where it stands inside something.
    """
    parts = node.nodes if isinstance(node, And) else (node,)
    named = [part for part in parts if _is_scope(part)]
    others = [part for part in parts if not _is_scope(part)]
    if not named:
        return _moved(node, None)
    scope = str(getattr(named[0], "value", ""))
    moved = [_moved(part, scope) for part in others]
    if moved == others:  # no word among them
        moved.append(Members(FIELD, scope))
    return moved[0] if len(moved) == 1 else And(tuple(moved))


def _is_scope(node: Node) -> bool:
    return isinstance(node, Members) and node.field == FIELD


def _moved(node: Node, scope: str | None) -> Node:
    if _is_scope(node):
        raise BadQuery(
            mark("in:comments stands beside the words, not in parentheses or behind OR or NOT")
        )
    if isinstance(node, Text) and scope is not None and not node.field:
        return Members(FIELD, f"{scope} {node.folded}")
    if isinstance(node, Not):
        return Not(_moved(node.node, scope))
    if isinstance(node, And):
        return And(tuple(_moved(part, scope) for part in node.nodes))
    if isinstance(node, Or):
        return Or(tuple(_moved(part, scope) for part in node.nodes))
    return node
