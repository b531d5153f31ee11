"""Pure: what a query says of an article of which only a list's line is known.

Three-valued logic (Kleene's): a part that the line does not decide is None, and so is what hangs on
it. The words of the title, the account and the day may decide; what asks for the text, the kind or
a mark of yours waits for the page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.search.match import Matcher
from archive.search.nodes import And, Dates, Node, Not, Or, Text

#: Lists write days without their zone, or as another clock shows them: so near to a border the day
#: does not decide.
_UNSURE = timedelta(days=1)
#: How a title ends that a list has cut.
_CUT = ("…", "...")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """An article as a list announces it. ``published`` is aware. ``account_names``: every name of its
    account, where that is known for certain."""

    title: str | None = None
    digest: str | None = None
    published: datetime | None = None
    account_names: tuple[str, ...] = ()


def decided(node: Node | None, of: Announced) -> bool | None:
    """Whether the query means the article; None: only its page can tell."""
    if node is None:
        return None
    if isinstance(node, Not):
        inner = decided(node.node, of)
        return None if inner is None else not inner
    if isinstance(node, And | Or):
        parts = [decided(part, of) for part in node.nodes]
        deciding = isinstance(node, Or)  # one True decides an OR, one False an AND
        if deciding in parts:
            return deciding
        return None if None in parts else not deciding
    if isinstance(node, Text):
        return _text(node, of)
    if isinstance(node, Dates):
        return _dates(node, of.published)
    return None


def _text(leaf: Text, of: Announced) -> bool | None:
    found = Matcher(leaf.folded, open_left=leaf.open_left, open_right=leaf.open_right).found
    if leaf.field == "title":
        return _title(found, of.title)
    if leaf.field == "account":
        return any(map(found, of.account_names)) if of.account_names else None
    if leaf.field:
        return None
    known = (of.title or "", of.digest or "", *of.account_names)
    return True if any(map(found, known)) else None


def _title(found: Callable[[str], bool], title: str | None) -> bool | None:
    if not title:
        return None
    if found(title):
        return True
    return None if title.rstrip().endswith(_CUT) else False


def _dates(leaf: Dates, published: datetime | None) -> bool | None:
    if published is None:
        return None
    seconds, unsure = published.timestamp(), _UNSURE.total_seconds()
    borders = [border for border in (leaf.after, leaf.before) if border is not None]
    if any(abs(seconds - border) < unsure for border in borders):
        return None
    return (leaf.after is None or seconds >= leaf.after) and (
        leaf.before is None or seconds < leaf.before
    )
