"""Running a plan: candidates from the index, the recheck on the original text, newest first or counted.

Only reads, with plain ``sqlite3``. The caller's connection may have any row factory.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate, repeat
from operator import itemgetter
from typing import Any

from archive.errors import ArchiveError, BadQuery
from archive.search.index import LATE, SPAN, is_current, read_joints, read_spans, span_of
from archive.search.match import Matcher
from archive.search.plan import NOTHING, Plan, Resolved, Row, Term
from archive.search.query import Node, Text
from archive.search.terms import IS_WORD, JOINS, LONGEST_WORD, Piece, fold

#: With more words than this holding what ``--contains`` looks for, articles are looked through instead.
_MOST_WORDS = 400

#: Where the index's words of other scripts begin: between them are a million Chinese pairs, which nobody looks through.
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

#: A candidate before its text is read: rowid, article, publish time, tags, nature of its text.
Candidate = tuple[int, int, int | None, str, int]

_DOCUMENT = "d.article_id, d.published, d.tags, d.nature"
_CANDIDATES = f"""SELECT search_terms.rowid, {_DOCUMENT}
    FROM search_terms CROSS JOIN search_documents d ON d.id = search_terms.rowid
    WHERE search_terms MATCH ? AND search_terms.rowid BETWEEN ? AND ? ORDER BY search_terms.rowid DESC"""

_NOBODY: frozenset[int] = frozenset()
_FACTS = "SELECT id, key, title, author, path, url, account_id FROM articles WHERE id IN"
_AT_ONCE = 500


class NotIndexed(ArchiveError):
    """The search index is of another version, or unfinished: ``reindex`` builds it, the command ``search`` too."""

    exit_code = 75


class Searcher:
    """Searches one database. Kept between searches it remembers names for as long as nobody writes."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self.connection = conn
        self._conn = conn
        self._seen: object = None
        self._names: dict[str, tuple[str, list[int], list[int]]] = {}
        self._accounts: dict[int, str] = {}
        self._spans: tuple[int, ...] = ()
        self._joints: frozenset[str] = frozenset()
        self._late = False
        self.newest_time = 0  #: publish time of about the newest article, seconds since 1970

    def plan(self, node: Node) -> Plan:
        """Raises `NotIndexed` where the index must be rebuilt first."""
        self._refresh()
        return Plan(node, self._term)

    def newest(self, plan: Plan) -> Iterator[Row]:
        """Every match, the newest first, of one moment the later archived."""
        rows = map(Row, self._ordered(plan), repeat(self._read))
        return filter(plan.matches, rows) if plan.recheck else rows

    def count(self, plan: Plan, most: int) -> int:
        """How many match, counted no further than ``most``."""
        found = 0
        for match, recheck in plan.parts():
            if found < most:
                found += self._count(plan, match, recheck, most - found)
        return found

    def _count(self, plan: Plan, match: str, recheck: list[Node], most: int) -> int:
        if not recheck and plan.after is None and plan.before is None:
            return int(
                self._rows(
                    "SELECT count(*) FROM (SELECT 1 FROM search_terms WHERE search_terms MATCH ? LIMIT ?)",
                    (match, most),
                ).fetchone()[0]
            )
        # SQLite looks for the words without handing the text over; only what it does not find is checked here.
        seen, values = plan.seen_by_sql(recheck)
        sql = f"""SELECT search_terms.rowid, {_DOCUMENT}, {seen}
            FROM search_terms CROSS JOIN search_documents d ON d.id = search_terms.rowid
            {"CROSS JOIN articles a ON a.id = d.article_id" if values else ""}
            WHERE search_terms MATCH ? AND search_terms.rowid BETWEEN ? AND ?"""
        found = 0
        for low, high in self._ranges(plan):
            for row in self._rows(sql, (*values, match, low, high)):
                if not self.in_dates(plan, row[2]):
                    continue
                if (row[5] and not row[4] & JOINS) or plan.matches(Row(row[:5], self._read), recheck):
                    found += 1
                    if found >= most:
                        return found
        return found

    def first(self, plan: Plan, match: str, limit: int) -> list[Row]:
        """About the newest ``limit`` candidates of another expression, within the plan's dates, not rechecked."""
        found: list[Candidate] = []
        for low, high in self._ranges(plan):
            found += self._rows(f"{_CANDIDATES} LIMIT ?", (match, low, high, limit))
        if self._late:
            found.sort(key=_newest_first, reverse=True)  # what stands out of order came first
        return [Row(row, self._read) for row in found[:limit] if self.in_dates(plan, row[2])]

    def facts(self, article_ids: list[int]) -> dict[int, tuple[Any, ...]]:
        """Of each article that is still there: key, title, author, path, url and the account's name."""
        found: dict[int, tuple[Any, ...]] = {}
        accounts = self._accounts
        for start in range(0, len(article_ids), _AT_ONCE):
            some = article_ids[start : start + _AT_ONCE]
            rows = self._rows(f"{_FACTS} ({','.join('?' * len(some))})", tuple(some))
            for number, key, title, author, path, url, account in rows:
                found[number] = (key, title, author, path, url, accounts.get(account))
        return found

    def _read(self, article_id: int) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = self._rows(
            "SELECT CAST(text AS BLOB), title, author, digest, account_id FROM articles WHERE id = ?", (article_id,)
        ).fetchone()
        return found

    def _rows(self, sql: str, values: tuple[object, ...]) -> sqlite3.Cursor:
        """A cursor of plain tuples, whatever rows the connection makes."""
        cursor = self._conn.cursor()
        cursor.row_factory = None
        try:
            return cursor.execute(sql, values)
        except sqlite3.OperationalError as error:
            if str(error).startswith("fts5:"):  # its parser's stack: never seen since queries are at most so deep
                raise BadQuery("the query is too complicated; write it with fewer parentheses and NOTs") from error
            raise

    def in_dates(self, plan: Plan, published: int | None) -> bool:
        if plan.after is None and plan.before is None:
            return True
        if published is None:
            return False
        return (plan.after is None or published >= plan.after) and (plan.before is None or published < plan.before)

    def _ordered(self, plan: Plan) -> Iterator[Candidate]:
        """Candidates within the plan's dates, the newest first: spans from the newest on, each sorted by itself."""
        if plan.match is None:
            return
        late: list[Candidate] = []
        for low, high in self._ranges(plan):
            span: list[Candidate] = []
            first = 1 << 62  # the lowest rowid of the span being collected
            for row in self._rows(_CANDIDATES, (plan.match, low, high)):
                if row[0] < first:
                    if span:
                        yield from self._flush(plan, span, late)
                    if low >= LATE:
                        late.append(row)
                        continue
                    span, first = [], row[0] // SPAN * SPAN
                span.append(row)
            if span:
                yield from self._flush(plan, span, late)
        yield from self._sorted(plan, late)

    def _flush(self, plan: Plan, span: list[Candidate], late: list[Candidate]) -> list[Candidate]:
        if late:
            # What stands out of order but belongs to this span's time or a newer one.
            number = span[0][0] // SPAN
            start = self._spans[number - 1] if number > 0 else None
            span += [row for row in late if start is None or (row[2] is not None and row[2] >= start)]
            late[:] = [row for row in late if not (start is None or (row[2] is not None and row[2] >= start))]
            return self._sorted(plan, span)
        if plan.after is not None or plan.before is not None or span[0][0] < 0:
            return self._sorted(plan, span)
        span.sort(key=_TIME_AND_NUMBER, reverse=True)  # all have a time
        return span

    def _sorted(self, plan: Plan, rows: list[Candidate]) -> list[Candidate]:
        if plan.after is not None or plan.before is not None:
            rows = [row for row in rows if self.in_dates(plan, row[2])]
        rows.sort(key=_newest_first, reverse=True)
        return rows

    def _ranges(self, plan: Plan) -> list[tuple[int, int]]:
        """Where in the index articles of the plan's dates can stand, what is out of order first."""
        low = -(1 << 62) if plan.before is None else 0  # below 0 is what has no time
        if plan.after is not None:
            low = span_of(self._spans, plan.after) * SPAN
        high = LATE - 1
        if plan.before is not None:
            high = min(high, (span_of(self._spans, plan.before) + 1) * SPAN - 1)
        main = [(low, high)] if low <= high else []
        return [(LATE, 1 << 62), *main] if self._late else main

    def _refresh(self) -> None:
        """Read the small tables again if anybody wrote since: other connections' writes, and our own."""
        version = (self._conn.execute("PRAGMA data_version").fetchone()[0], self._conn.total_changes)
        if version == self._seen:
            return
        self._seen = version
        self._names.clear()
        if not self._is_current():
            self._seen = None
            raise NotIndexed("the search index must be built anew first: run `wechat-archive reindex`")
        self._accounts = dict(self._rows("SELECT id, name FROM accounts WHERE name IS NOT NULL", ()))
        self._spans = read_spans(self._conn)
        self._joints = read_joints(self._conn)
        last = self._conn.execute("SELECT max(id) FROM search_documents").fetchone()[0]
        self._late = last is not None and last >= LATE
        newest = self._conn.execute(
            "SELECT published FROM search_documents WHERE id < ? ORDER BY id DESC LIMIT 1", (LATE,)
        ).fetchone()
        self.newest_time = 0 if newest is None or newest[0] is None else int(newest[0])

    def _is_current(self) -> bool:
        try:
            return is_current(self._conn)
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):  # an archive from before there was search
                return False
            raise

    def _term(self, leaf: Text) -> Term:
        accounts = values = _NOBODY
        if leaf.field in ("", "account"):
            accounts = self._holding(leaf, "account")
        elif leaf.field != "title":
            values = self._holding(leaf, leaf.field)
        resolved = Resolved(accounts, values) if accounts or values else NOTHING
        return Term(leaf, resolved, self._words, self._joints)

    def _holding(self, leaf: Text, field: str) -> frozenset[int]:
        """The ids of the names that hold a term."""
        if field not in self._names:
            rows: Iterable[tuple[int, str]] = self._accounts.items()
            if field != "account":
                rows = self._rows("SELECT id, value FROM search_values WHERE field = ?", (field,))
            named = [(fold(name), number) for number, name in rows]
            starts = list(accumulate((len(name) + 1 for name, _ in named), initial=0))
            self._names[field] = ("\n".join(name for name, _ in named), starts, [number for _, number in named])
        joined, starts, numbers = self._names[field]
        position = joined.find(leaf.folded)
        if position < 0:
            return _NOBODY
        found: set[int] = set()
        matcher = Matcher(leaf.folded, open_left=leaf.open_left, open_right=leaf.open_right)
        edges = matcher.edge_left or matcher.edge_right  # without, what stands there is found
        while position >= 0:
            which = bisect_right(starts, position) - 1
            if not edges or matcher.found_folded(joined[starts[which] : starts[which + 1] - 1]):
                found.add(numbers[which])
            position = joined.find(leaf.folded, starts[which + 1])
        return frozenset(found)

    def _words(self, piece: Piece) -> list[str] | None:
        """The index's words that end with or contain a piece, and those it cut off, which may; ``None``: too many."""
        wanted = piece.token
        if len(wanted) >= LONGEST_WORD:
            return None
        found: list[str] = []
        rows = (
            row
            for low, high in _WORD_RANGES
            for row in self._rows(
                """SELECT term FROM search_vocabulary
                   WHERE term BETWEEN ? AND ? AND (instr(term, ?) OR length(term) >= ?)""",
                (low, high, wanted, LONGEST_WORD),
            )
        )
        for (word,) in rows:
            if not IS_WORD[word[0]] or not IS_WORD[word[-1]]:
                continue
            if piece.sort == "infix" or word.endswith(wanted) or len(word) >= LONGEST_WORD:
                found.append(word)
                if len(found) > _MOST_WORDS:
                    return None
        return found


_TIME_AND_NUMBER = itemgetter(2, 1)


def _newest_first(candidate: Candidate) -> tuple[int, int]:
    published = candidate[2]
    return (-(1 << 62) if published is None else published, candidate[1])
