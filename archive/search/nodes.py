"""Pure: the tree of a query."""

from __future__ import annotations

from collections.abc import Iterator

from scraper.records import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A folded term. ``field``: ``""`` (anywhere), title, mine, account, author or place."""

    folded: str
    field: str = ""
    open_left: bool = False
    open_right: bool = False


@dataclass(frozen=True, slots=True)
class Tag:
    """A filter that one token of the index answers: kind, has, gone."""

    token: str


@dataclass(frozen=True, slots=True)
class Members:
    """Articles that other tables name when the query is asked (`members.MEMBERS`)."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Dates:
    """Published at or after ``after`` and before ``before``, seconds since 1970 UTC."""

    after: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Not:
    node: Node


@dataclass(frozen=True, slots=True)
class And:
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    nodes: tuple[Node, ...]


Leaf = Text | Tag | Members | Dates
Node = Leaf | Not | And | Or


def texts(node: Node, *, wanted: bool = True) -> Iterator[Text]:
    """The terms that a match shows (those under a NOT are what it must not show)."""
    if isinstance(node, Text):
        if wanted:
            yield node
    elif isinstance(node, Not):
        yield from texts(node.node, wanted=not wanted)
    elif isinstance(node, And | Or):
        for part in node.nodes:
            yield from texts(part, wanted=wanted)
