"""Pure: a query's tree → what SQLite is asked, and what is checked on the text of each candidate
afterwards.

Every node has an *upper* expression (every match is among its answers) and a *lower* one (each of
its answers is a match); where they are the same the index alone decides. NOT swaps the two, which
is why a NOT of several tokens is never given to the index as it stands: articles would be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from archive.search.match import Matcher
from archive.search.nodes import And, Dates, Members, Node, Not, Or, Tag, Text, texts
from archive.search.rows import Row
from archive.search.terms import (
    ALL,
    LONGEST_WORD,
    SALIENT,
    TITLE,
    VALUE,
    TokenPattern,
    term_patterns,
)

#: A long phrase asks the index for so many of its tokens, evenly chosen; the recheck on the text
#: sees to the rest.
_MAX_PATTERNS = 16


class _Everything:
    pass


#: Expressions that need no index: matched by every article, by none.
EVERY, NONE = _Everything(), None
Expression = str | _Everything | None
#: Says whether a candidate is a match indeed.
Check = Callable[[Row], bool]
#: Says of a text in UTF-8 with its `terms.fold_flags` that it is one; where it does not, the article
#: may still be.
Surely = Callable[[bytes, int], bool]


#: Fields whose words are the index's own: anywhere, the title, what a person wrote.
_IN_TEXTS = ("", "title", "mine")

#: Most terms stand in no name.
NO_TAGS: frozenset[str] = frozenset()


class Term:
    """One text leaf with all that is known of it. ``tags``: the filter tags of the accounts,
    authors and places whose name holds it."""

    def __init__(
        self,
        leaf: Text,
        tags: frozenset[str],
        words: Callable[[TokenPattern], list[str] | None],
        frequent_bigrams: frozenset[str] = frozenset(),
    ) -> None:
        self.leaf = leaf
        self.tags = tags
        self.tokens: list[list[str]] = []  # AND of ORs
        self.exact = False
        if leaf.field in _IN_TEXTS:
            patterns, self.exact = term_patterns(
                leaf.folded, frequent_bigrams, open_left=leaf.open_left, open_right=leaf.open_right
            )
            for pattern in evenly_chosen(patterns):
                if pattern.kind in ("token", "prefix"):
                    self.tokens.append([quoted(pattern.token, prefix=pattern.kind == "prefix")])
                    continue
                found = words(pattern)
                if found is None:
                    self.exact = False  # too many words to name: any article is a candidate
                    continue
                self.tokens.append([quoted(word) for word in found])
                if any(len(word) >= LONGEST_WORD for word in found):
                    self.exact = False  # words that the index cut off are named too
            if leaf.field == "mine":
                self.exact = False  # the index does not say in which text a word stands

    @cached_property
    def matcher(self) -> Matcher:
        leaf = self.leaf
        return Matcher(leaf.folded, open_left=leaf.open_left, open_right=leaf.open_right)

    @property
    def decided(self) -> bool:
        """Whether the index alone says which articles match."""
        return self.exact or self.leaf.field not in _IN_TEXTS

    def expression(self, markers: Sequence[str] = ("",)) -> Expression:
        """All its tokens, each with any of the markers; or one of the accounts, authors and places
        found."""
        if markers == ("",):
            groups = [any_of(group) for group in self.tokens]
        else:
            groups = [
                any_of([mark_quoted(t, m) for t in group for m in markers]) for group in self.tokens
            ]
        words = all_of(groups) if groups or self.exact else NONE
        if not groups and not self.exact and self.leaf.field in _IN_TEXTS:
            words = EVERY
        return any_of([words, self.names()])

    def names(self) -> Expression:
        return any_of([quoted(VALUE + tag) for tag in sorted(self.tags)])

    def check(self) -> Check:
        """What says of a candidate whether the term stands in it."""
        tags = [f" {tag} " for tag in sorted(self.tags)]

        def named(row: Row) -> bool:
            return any(tag in row.tags for tag in tags)

        if self.leaf.field not in _IN_TEXTS:
            return named
        found, found_in_utf8 = self.matcher.found, self.matcher.found_in_utf8
        if self.leaf.field == "title":
            return lambda row: found(row.title, row.fold_flags)
        if self.leaf.field == "mine":
            return lambda row: row.mine is not None and found(row.mine, row.fold_flags)

        def beside(row: Row) -> bool:
            for text in (row.digest, row.author, row.captions, row.mine):
                if text is not None and found(text, row.fold_flags):
                    return True
            return False

        def anywhere(row: Row) -> bool:
            fold_flags = row.fold_flags
            return (
                found_in_utf8(row.utf8, fold_flags)
                or found(row.title, fold_flags)
                or (bool(tags) and named(row))
                or beside(row)
            )

        return anywhere


class Plan:
    """A whole query, ready to run. ``terms`` are the wanted ones, in the order typed."""

    def __init__(
        self,
        node: Node,
        term: Callable[[Text], Term],
        members: Callable[[Members], frozenset[int]] = lambda _: frozenset(),
    ) -> None:
        self._made: dict[Text, Term] = {}
        self._term = term
        self._members = members
        self.after, self.before, kept = _split_dates(node)
        self.dated = self.after is not None or self.before is not None
        #: The articles that the whole query is confined to by other tables; ``None``: all.
        self.article_ids, kept = _split_members(kept, members)
        #: The same as rowids of the index, which the `Searcher` knows.
        self.rowids: frozenset[int] | None = None
        self.node = kept
        upper = EVERY if kept is None else self._upper(kept)
        #: The MATCH expression, or ``None`` where nothing can match.
        self.match: str | None = quoted(ALL) if isinstance(upper, _Everything) else upper
        #: What the index does not decide, and what does.
        self.recheck = _undecided(kept, self._decided)
        self.matches = self.checked(self.recheck)
        self.terms = [self._get(leaf) for leaf in texts(node) if leaf.field in ("", "title")]

    def disjoint_parts(self) -> list[tuple[str, list[Node]]]:
        """The same matches as disjoint MATCH expressions, each with what is left to check: of most
        the index is sure.

        First what it knows to match. Then, of the others, those without any token of what a NOT
        unwanted, and the rest.
        """
        if self.match is None or not self.recheck or self.node is None:
            return [] if self.match is None else [(self.match, [])]
        sure = self._lower(self.node)
        found: list[tuple[str, list[Node]]] = []
        rest = self.match
        if isinstance(sure, str):
            found.append((sure, []))
            rest = f"({rest} NOT {sure})"
        unwanted = any_of(
            [self._upper(node.node) for node in self.recheck if isinstance(node, Not)]
        )
        if not isinstance(unwanted, str):
            return [*found, (rest, self.recheck)]
        wanted: list[Node] = [node for node in self.recheck if not isinstance(node, Not)]
        if wanted:  # without any left, these were the sure ones
            found.append((f"({rest} NOT {unwanted})", wanted))
        return [*found, (f"({rest} AND {unwanted})", self.recheck)]

    def surely(self, nodes: list[Node]) -> Surely | None:
        """What tells by an article's text alone, as it stands, that all of these hold; ``None``
        where no text tells. It takes a third of what SQLite's ``instr`` takes."""
        return _all_sure([self._surely(node) for node in nodes])

    def _surely(self, node: Node) -> Surely | None:
        if isinstance(node, Text):
            return self._surely_said(node)
        if isinstance(node, And):
            return _all_sure([self._surely(part) for part in node.nodes])
        if isinstance(node, Or):
            ways = [way for part in node.nodes if (way := self._surely(part)) is not None]
            return (lambda *text: any(way(*text) for way in ways)) if ways else None
        return None

    def _surely_said(self, leaf: Text) -> Surely | None:
        matcher = self._get(leaf).matcher
        return matcher.stands_as_typed if matcher.is_plain_cjk and not leaf.field else None

    def title_match(self) -> str | None:
        """Articles with every wanted term in the title (each of its tokens there, to be exact)."""
        return self._of_terms(lambda term: term.expression((TITLE,)))

    def salient_match(self) -> str | None:
        """Articles that are about every wanted term: in the title or several times in the text."""
        return self._of_terms(lambda term: term.expression((TITLE, SALIENT)))

    def _of_terms(self, expression: Callable[[Term], Expression]) -> str | None:
        if self.match is None or not self.terms:
            return None
        found = all_of([expression(term) for term in self.terms])
        if isinstance(found, str) and not self._are_words_alone:
            found = all_of([found, self.match])
        return found if isinstance(found, str) else None

    @property
    def _are_words_alone(self) -> bool:
        """Whether the query is nothing but words that may stand anywhere. A marked token is never
        without its plain one, so asking for both finds the same and takes the index two to four
        times as long."""
        parts = self.node.nodes if isinstance(self.node, And) else (self.node,)
        return all(isinstance(part, Text) and not part.field for part in parts)

    def checked(self, nodes: Sequence[Node]) -> Check | None:
        """What says of a candidate whether all of these hold; ``None`` where there is nothing to
        check."""
        checks = [self._check(node) for node in nodes]
        return _all_hold(checks) if checks else None

    def in_dates(self, published: int | None) -> bool:
        """Whether that second lies within the dates that the whole query demands; what has no time
        does not."""
        return not self.dated or _between(published, self.after, self.before)

    def is_confined_to(self, rowid: int) -> bool:
        """Whether a rowid is among those that other tables confine the whole query to."""
        return self.rowids is None or rowid in self.rowids

    def _get(self, leaf: Text) -> Term:
        term = self._made.get(leaf)
        if term is None:
            term = self._made[leaf] = self._term(leaf)
        return term

    def _upper(self, node: Node) -> Expression:
        if isinstance(node, Text):
            return self._get(node).expression((TITLE,) if node.field == "title" else ("",))
        if isinstance(node, Tag):
            return quoted(node.token)
        if isinstance(node, Dates | Members):
            return EVERY
        if isinstance(node, Not):
            return none_of(self._lower(node.node))
        if isinstance(node, And):
            positive = [self._upper(part) for part in node.nodes if not isinstance(part, Not)]
            negative = [self._lower(part.node) for part in node.nodes if isinstance(part, Not)]
            return without(all_of(positive), any_of(negative))
        return any_of([self._upper(part) for part in node.nodes])

    def _lower(self, node: Node) -> Expression:
        if isinstance(node, Text):
            term = self._get(node)
            return self._upper(node) if term.decided else term.names()
        if isinstance(node, Dates | Members):
            return NONE
        if isinstance(node, Not):
            return none_of(self._upper(node.node))
        if isinstance(node, And):
            return all_of([self._lower(part) for part in node.nodes])
        if isinstance(node, Or):
            return any_of([self._lower(part) for part in node.nodes])
        return quoted(node.token)

    def _decided(self, node: Node) -> bool:
        if isinstance(node, Text):
            return self._get(node).decided
        if isinstance(node, Not):
            return self._decided(node.node)
        if isinstance(node, And | Or):
            return all(self._decided(part) for part in node.nodes)
        return isinstance(node, Tag)

    def _check(self, node: Node) -> Check:
        if isinstance(node, Text):
            return self._get(node).check()
        if isinstance(node, Tag):
            tag = f" {node.token.removeprefix(VALUE)} "
            return lambda row: tag in row.tags
        if isinstance(node, Not):
            check = self._check(node.node)
            return lambda row: not check(row)
        if isinstance(node, Dates):
            return lambda row: _between(row.published, node.after, node.before)
        if isinstance(node, Members):
            ids = self._members(node)
            return lambda row: row.article_id in ids
        checks = [self._check(part) for part in node.nodes]
        return (
            _all_hold(checks)
            if isinstance(node, And)
            else lambda row: any(check(row) for check in checks)
        )


def _all_sure(ways: Sequence[Surely | None]) -> Surely | None:
    known = [way for way in ways if way is not None]
    if not known or len(known) < len(ways):
        return None
    return known[0] if len(known) == 1 else lambda *text: all(way(*text) for way in known)


def _all_hold(checks: Sequence[Check]) -> Check:
    if len(checks) == 1:
        return checks[0]
    return lambda row: all(check(row) for check in checks)


def _between(published: int | None, after: int | None, before: int | None) -> bool:
    if published is None:
        return False
    return (after is None or published >= after) and (before is None or published < before)


def _split_dates(node: Node) -> tuple[int | None, int | None, Node | None]:
    """The dates that the whole query demands, and the rest of it."""
    parts = node.nodes if isinstance(node, And) else (node,)
    dates = [part for part in parts if isinstance(part, Dates)]
    if not dates:
        return None, None, node
    after = max((part.after for part in dates if part.after is not None), default=None)
    before = min((part.before for part in dates if part.before is not None), default=None)
    return after, before, _all([part for part in parts if not isinstance(part, Dates)])


def _all(parts: list[Node]) -> Node | None:
    """All of these; None for none."""
    if len(parts) > 1:
        return And(tuple(parts))
    return parts[0] if parts else None


def _split_members(
    node: Node | None, members: Callable[[Members], frozenset[int]]
) -> tuple[frozenset[int] | None, Node | None]:
    """The articles that are in all sets which the whole query demands, and the rest of it."""
    parts = node.nodes if isinstance(node, And) else (node,)
    demanded = [members(part) for part in parts if isinstance(part, Members)]
    if not demanded:
        return None, node
    kept = tuple(part for part in parts if part is not None and not isinstance(part, Members))
    rest = None if not kept else kept[0] if len(kept) == 1 else And(kept)
    return frozenset.intersection(*demanded), rest


def _undecided(node: Node | None, decided: Callable[[Node], bool]) -> list[Node]:
    if node is None:
        return []
    parts: Iterable[Node] = node.nodes if isinstance(node, And) else (node,)
    return [part for part in parts if not decided(part)]


def evenly_chosen(patterns: list[TokenPattern]) -> list[TokenPattern]:
    """At most `_MAX_PATTERNS` of them, evenly over the term, its first and last among them."""
    if len(patterns) <= _MAX_PATTERNS:
        return patterns
    step = (len(patterns) - 1) / (_MAX_PATTERNS - 1)
    return [patterns[round(number * step)] for number in range(_MAX_PATTERNS)]


def quoted(token: str, *, prefix: bool = False) -> str:
    """A token as FTS5's query language takes it literally; no token holds a quotation mark
    (`terms.symbol_token`)."""
    return f'"{token}"*' if prefix else f'"{token}"'


def mark_quoted(expression: str, marker: str) -> str:
    return f'"{marker}{expression[1:]}'


def all_of(parts: Sequence[Expression]) -> Expression:
    named: dict[str, None] = {}
    for part in parts:
        if part is NONE:
            return NONE
        if isinstance(part, str):
            named[part] = None
    return _joined(named, " AND ") if named else EVERY


def any_of(parts: Sequence[Expression]) -> Expression:
    named: dict[str, None] = {}
    for part in parts:
        if isinstance(part, str):
            named[part] = None
        elif part is not NONE:
            return EVERY
    return _joined(named, " OR ") if named else NONE


def none_of(part: Expression) -> Expression:
    return without(EVERY, part)


def without(wanted: Expression, unwanted: Expression) -> Expression:
    if unwanted is NONE or wanted is NONE:
        return wanted
    if isinstance(unwanted, _Everything):
        return NONE
    return f"({quoted(ALL) if isinstance(wanted, _Everything) else wanted} NOT {unwanted})"


def _joined(parts: Iterable[str], word: str) -> str:
    first, *others = parts
    return f"({word.join((first, *others))})" if others else first
