"""Running a plan: candidates from the index, the recheck on the original text, newest first or
counted.

Only reads, with plain ``sqlite3``. The caller's connection may have any row factory.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from heapq import merge
from itertools import accumulate, islice
from operator import itemgetter

from archive.errors import BadQuery, NotIndexed
from archive.search.cross_word import CrossWordBigrams
from archive.search.index import SHOWN_ACCOUNT, frequent_bigrams_of, is_current, read_meta
from archive.search.match import Matcher
from archive.search.members import MEMBERS
from archive.search.nodes import Members, Node, Text
from archive.search.order import (
    NO_SPAN,
    OVERFLOW,
    TOP,
    newest_first_key,
    rowid_range,
    span_at,
    span_number,
)
from archive.search.plan import NO_TAGS, Check, Plan, Term, quoted
from archive.search.rows import Row, Rows
from archive.search.terms import IS_WORD, LONGEST_WORD, TokenPattern, fold
from scraper.messages import mark

#: Articles that tell how frequent a pair is: all of them would take 1 ms for a frequent character.
_FREQUENCY_SAMPLE = 4000

#: With more words than this holding what ``--contains`` looks for, articles are looked through
#: instead.
_MOST_WORDS = 400

#: Where the index's words of other scripts begin: between them are a million Chinese pairs, which
#: nobody looks through.
_WORD_RANGES = (
    ("0", "\u2e7f\U0010ffff"),
    ("\u3000", "\u303f\U0010ffff"),
    ("\u3200", "\u33ff\U0010ffff"),
    ("\ua4d0", "\uabff\U0010ffff"),
    ("\ue000", "\uf8ff\U0010ffff"),
    ("\ufb00", "\ufeff\U0010ffff"),
    ("\U00010000", "\U0001afff\U0010ffff"),
    ("\U0001b170", "\U0001ffff\U0010ffff"),
)

_ARTICLE = "CROSS JOIN articles a ON a.id = d.article_id"
_UTF8 = "CAST(a.text AS BLOB)"
_FOUND = "FROM search_terms CROSS JOIN search_documents d ON d.id = search_terms.rowid"
_WHERE = "WHERE search_terms MATCH ? AND search_terms.rowid BETWEEN ? AND ?"
_CANDIDATES = f"SELECT rowid FROM search_terms {_WHERE} ORDER BY rowid"
_OVERFLOW_CANDIDATES = f"SELECT d.id, d.published, d.article_id {_FOUND} {_WHERE}"

_FIRST_COLUMN = itemgetter(0)
_LAST = 1 << 62
_FIRST_TIME = -_LAST
_NOBODY: frozenset[int] = frozenset()


class Searcher:
    """Searches one database. Kept between searches it remembers names until somebody writes."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.connection = conn
        self._conn = conn
        self._version_seen: object = None
        self.rows = Rows(conn)
        self._names: dict[str, tuple[str, list[int], list[int]]] = {}
        self.accounts: dict[int, str] = {}  #: the names of all accounts that have one
        self._mixed: frozenset[int] = frozenset()
        self._frequent_bigrams: frozenset[str] = frozenset()
        self._overflow = self._leftover = False
        self.cross_word = CrossWordBigrams(self.document_frequency)
        self._frequencies: dict[str, int] = {}
        self._sample = 0
        self.newest_time = 0  #: publish time of about the newest article, seconds since 1970

    @contextmanager
    def read_transaction(self) -> Iterator[None]:
        """Everything read inside is of one moment, whatever other programs write meanwhile (a
        rowid may get another article)."""
        if self._conn.in_transaction:
            yield
            return
        self._conn.execute("BEGIN")
        try:
            yield
        finally:
            self._conn.execute("ROLLBACK")

    def plan(self, node: Node, *, among: frozenset[int] | None = None) -> Plan:
        """``among``: only these articles, by their ids. Raises `NotIndexed` where the index must
        be rebuilt first."""
        self._refresh()
        plan = Plan(node, self._term, self._members)
        if among is not None:
            plan.article_ids = among if plan.article_ids is None else plan.article_ids & among
        if plan.article_ids is not None:
            plan.rowids = self._rowids(plan.article_ids)
        return plan

    def newest(self, plan: Plan) -> Iterator[Row]:
        """Every match, the newest first, of equal times the later archived; undated ones last."""
        rows = self._ordered(plan, plan.match)
        return rows if plan.matches is None else filter(plan.matches, rows)

    def first(self, plan: Plan, match: str, limit: int) -> Iterator[Row]:
        """The newest ``limit`` candidates of another expression, within the plan's dates, not
        rechecked."""
        return islice(self._ordered(plan, match), limit)

    def document_frequency(self, token: str) -> int:
        """In how many of about the newest `_FREQUENCY_SAMPLE` articles a token stands."""
        found = self._frequencies.get(token)
        if found is None:
            if not self._frequencies:
                row = self._rows(
                    "SELECT id FROM search_documents ORDER BY id LIMIT 1 OFFSET ?",
                    (_FREQUENCY_SAMPLE,),
                ).fetchone()
                self._sample = _LAST if row is None else row[0]
            sql = "SELECT count(*) FROM search_terms WHERE search_terms MATCH ? AND rowid < ?"
            found = self._frequencies[token] = int(
                self._rows(sql, (quoted(token), self._sample)).fetchone()[0]
            )
        return found

    def count(self, plan: Plan, most: int) -> int:
        """How many match, counted no further than ``most``."""
        if plan.rowids is not None and plan.node is None:
            return sum(1 for _ in islice(self.newest(plan), most))
        found = 0
        for match, recheck in plan.disjoint_parts():
            if found < most:
                found += self._count(plan, match, recheck, most - found)
        return found

    def _count(self, plan: Plan, match: str, recheck: list[Node], most: int) -> int:
        if not recheck and not plan.dated and plan.rowids is None:
            return self._count_matches(match, most)
        # Of most the text as it stands tells; what it does not tell of is read whole and checked.
        surely, matches = plan.surely(recheck), plan.checked(recheck)
        joined, text = (f"{_FOUND} {_ARTICLE}", _UTF8) if surely else (_FOUND, "NULL")
        sql = f"SELECT d.id, d.published, d.nature, {text} {joined} {_WHERE}"
        found = 0
        for low, high in [(1, OVERFLOW - 1)] * self._overflow + [self._range(plan)]:
            for number, published, fold_flags, utf8 in self._rows(sql, (match, low, high)):
                if not plan.in_dates(published) or not plan.is_confined_to(number):
                    continue
                is_sure = matches is None or (surely is not None and surely(utf8, fold_flags))
                if is_sure or self._passes(number, matches):
                    found += 1
                    if found >= most:
                        return found
        return found

    def _count_matches(self, match: str, most: int) -> int:
        """What the index alone knows."""
        held = _FOUND if self._leftover else "FROM search_terms"
        sql = f"SELECT count(*) FROM (SELECT 1 {held} WHERE search_terms MATCH ? LIMIT ?)"
        return int(self._rows(sql, (match, most)).fetchone()[0])

    def _passes(self, number: int, matches: Check | None) -> bool:
        row = self.rows.one(number)
        return row is not None and (matches is None or matches(row))

    def candidates_by_day(self, plan: Plan, offset: int) -> list[tuple[int, int]]:
        """Candidates with a date, not rechecked, by day since 1970 where the clocks are ``offset``
        seconds ahead of UTC: (day, how many)."""
        if plan.match is None:
            return []
        sql = (
            f"SELECT (d.published + ?) / 86400 AS day, count(*) {_FOUND} {_WHERE} "
            "AND d.published >= ? AND d.published < ? "
            "AND (? IS NULL OR d.article_id IN (SELECT value FROM json_each(?))) GROUP BY day"
        )
        after = _FIRST_TIME if plan.after is None else plan.after
        before = _LAST if plan.before is None else plan.before
        ids = None if plan.article_ids is None else json.dumps(sorted(plan.article_ids))
        values = (offset, plan.match, 1, _LAST, after, before, ids, ids)
        return self._rows(sql, values).fetchall()

    def _rows(self, sql: str, values: tuple[object, ...]) -> sqlite3.Cursor:
        """A cursor of plain tuples, whatever rows the connection makes."""
        cursor = self._conn.cursor()
        cursor.row_factory = None
        try:
            return cursor.execute(sql, values)
        except sqlite3.OperationalError as error:
            if str(error).startswith("fts5:"):  # its parser's stack overflowed
                raise BadQuery(
                    mark("the query is too complicated; write it with fewer parentheses and NOTs")
                ) from error
            raise

    def _ordered(self, plan: Plan, match: str | None) -> Iterator[Row]:
        """The candidates of an expression within the plan's dates, the newest first: as the index
        lists them."""
        if match is None:
            return iter(())
        low, high = self._range(plan)
        rows = self.rows.read(self._candidates(plan, match, low, high))
        if self._mixed:
            rows = self._sorted_spans(rows)
        if self._overflow:
            rows = self._with_overflow(rows, plan, match)
        return (row for row in rows if plan.in_dates(row.published)) if plan.dated else rows

    def _candidates(self, plan: Plan, match: str, low: int, high: int) -> Iterable[int]:
        """Rowids, ascending."""
        if plan.rowids is not None and plan.node is None:  # nothing is asked of the index
            return sorted(rowid for rowid in plan.rowids if low <= rowid <= high)
        if plan.rowids is None:
            return map(_FIRST_COLUMN, self._rows(_CANDIDATES, (match, low, high)))
        # Of a few articles the index is asked only where they stand.
        low, high = (
            max(low, min(plan.rowids, default=_LAST)),
            min(high, max(plan.rowids, default=0)),
        )
        found = map(_FIRST_COLUMN, self._rows(_CANDIDATES, (match, low, high)))
        return filter(plan.is_confined_to, found)

    def _sorted_spans(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Rows by spans, those of a mixed one sorted."""
        held: list[Row] = []
        current = NO_SPAN
        for row in rows:
            number = span_number(row.id)
            if held and number != current:
                yield from sorted(held, key=_by_time)
                held.clear()
            if number in self._mixed:
                held.append(row)
                current = number
            else:
                yield row
        yield from sorted(held, key=_by_time)

    def _with_overflow(self, rows: Iterator[Row], plan: Plan, match: str) -> Iterator[Row]:
        """Rows in order, and among them those that the index keeps out of order."""
        overflowing = [
            (newest_first_key(*moment), number)
            for number, *moment in self._rows(_OVERFLOW_CANDIDATES, (match, 1, OVERFLOW - 1))
            if plan.is_confined_to(number)
        ]
        if not overflowing:
            return rows
        return merge(
            rows, self.rows.read(number for _, number in sorted(overflowing)), key=_by_time
        )

    def _range(self, plan: Plan) -> tuple[int, int]:
        """Where in the index articles of the plan's dates stand that are in order."""
        low, high = OVERFLOW, _LAST
        if plan.dated:
            high = TOP - 1
        if plan.before is not None:
            low = rowid_range(span_at(self._conn, (plan.before, -1)).number)[0]
        if plan.after is not None:
            high = rowid_range(span_at(self._conn, (plan.after, -1)).number)[1]
        return low, high

    def _refresh(self) -> None:
        """Read the small tables again if anybody wrote since: other connections' writes, and our
        own."""
        version = (
            self._conn.execute("PRAGMA data_version").fetchone()[0],
            self._conn.total_changes,
        )
        if version == self._version_seen:
            return
        self._version_seen = version
        self._names.clear()
        self.rows.forget()
        self._frequencies.clear()
        if not self._is_current():
            self._version_seen = None
            raise NotIndexed(
                mark("the search index must be built anew first: run `wechat-archive reindex`")
            )
        meta = read_meta(self._conn)
        self.accounts = dict(self._rows("SELECT id, name FROM accounts WHERE name IS NOT NULL", ()))
        self._frequent_bigrams, self._leftover = (
            frequent_bigrams_of(meta),
            bool(meta.get("leftover")),
        )
        self._mixed = frozenset(
            row[0] for row in self._rows("SELECT number FROM search_spans WHERE mixed", ())
        )
        first = self._rows("SELECT min(id) FROM search_documents", ()).fetchone()[0]
        self._overflow = first is not None and first < OVERFLOW
        newest = self._rows(
            "SELECT published FROM search_documents WHERE id >= ? ORDER BY id LIMIT 1", (OVERFLOW,)
        ).fetchone()
        self.newest_time = 0 if newest is None or newest[0] is None else int(newest[0])

    def _is_current(self) -> bool:
        try:
            return is_current(self._conn)
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):  # an archive from before there was search
                return False
            raise

    def _members(self, node: Members) -> frozenset[int]:
        """The articles that another table names."""
        return frozenset(MEMBERS[node.field](self._conn, node.value))

    def _rowids(self, article_ids: frozenset[int]) -> frozenset[int]:
        """Where articles stand in the index."""
        sql = "SELECT id FROM search_documents WHERE article_id IN (SELECT value FROM json_each(?))"
        listed = json.dumps(sorted(article_ids))
        return frozenset(map(_FIRST_COLUMN, self._rows(sql, (listed,))))

    def _term(self, leaf: Text) -> Term:
        tags = frozenset(self._name_tags(leaf)) or NO_TAGS
        return Term(leaf, tags, self._words, self._frequent_bigrams)

    def _name_tags(self, leaf: Text) -> Iterator[str]:
        """The filter tags of the names that hold a term.

        An account may change its name: a word is looked for in the name that the article's page
        shows, ``account:`` also in the one of now. A page that shows none has that of now.
        """
        if leaf.field in ("", "account"):
            yield from (f"n{number}" for number in self._holding(leaf, SHOWN_ACCOUNT))
            now = "a" if leaf.field == "account" else "b"
            yield from (f"{now}{number}" for number in self._holding(leaf, "account"))
        elif leaf.field not in ("title", "mine"):
            letter = "u" if leaf.field == "author" else "p"
            yield from (f"{letter}{number}" for number in self._holding(leaf, leaf.field))

    def _holding(self, leaf: Text, field: str) -> frozenset[int]:
        """The ids of the names that hold a term."""
        joined, starts, numbers = self._names_of(field)
        position = joined.find(leaf.folded)
        if position < 0:
            return _NOBODY
        found: set[int] = set()
        matcher = None
        if IS_WORD[leaf.folded[0]] or IS_WORD[leaf.folded[-1]]:  # else what stands there is found
            matcher = Matcher(leaf.folded, open_left=leaf.open_left, open_right=leaf.open_right)
        while position >= 0:
            which = bisect_right(starts, position) - 1
            name = joined[starts[which] : starts[which + 1] - 1]
            if matcher is None or matcher.found_in_folded(name):
                found.add(numbers[which])
            position = joined.find(leaf.folded, starts[which + 1])
        return frozenset(found)

    def _names_of(self, field: str) -> tuple[str, list[int], list[int]]:
        """The names of accounts, authors or places: folded, a line each; where each line starts;
        the id of each."""
        if field not in self._names:
            rows: Iterable[tuple[int, str]] = self.accounts.items()
            if field != "account":
                rows = self._rows("SELECT id, value FROM search_values WHERE field = ?", (field,))
            named = [(fold(name), number) for number, name in rows]
            starts = list(accumulate((len(name) + 1 for name, _ in named), initial=0))
            joined = "\n".join(name for name, _ in named)
            self._names[field] = (joined, starts, [number for _, number in named])
        return self._names[field]

    def _words(self, pattern: TokenPattern) -> list[str] | None:
        """The index's words that end with or contain a pattern's token, and those it cut off, which
        may; ``None``: too many."""
        if len(pattern.token) >= LONGEST_WORD:
            return None
        found = [*islice(self._words_of(pattern), _MOST_WORDS + 1)]
        return found if len(found) <= _MOST_WORDS else None

    def _words_of(self, pattern: TokenPattern) -> Iterator[str]:
        wanted = pattern.token
        for low, high in _WORD_RANGES:
            rows = self._rows(
                """SELECT term FROM search_vocabulary
                   WHERE term BETWEEN ? AND ? AND (instr(term, ?) OR length(term) >= ?)""",
                (low, high, wanted, LONGEST_WORD),
            )
            for (word,) in rows:
                is_word = IS_WORD[word[0]] and IS_WORD[word[-1]]
                is_cut = len(word) >= LONGEST_WORD
                if is_word and (pattern.kind == "infix" or is_cut or word.endswith(wanted)):
                    yield word


def _by_time(row: Row) -> tuple[int, int]:
    return newest_first_key(row.published, row.article_id)
