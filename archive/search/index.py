"""Writing the index: put, remove, and what has to be known to do both. Never commits: the caller's transaction does.

Where an article stands in the index decides how fast the newest are found. ``search_terms`` is read from the largest
rowid down, so rowids go by publish time; and small differences between rowids make a small index, so they lie dense:
time is cut into spans of `SPAN` rowids each (`_Spans`), inside a span the order does not matter because a search sorts
the hits of one span itself. An article that finds its span full stands above `LATE`, where a search always looks
first; the next `reindex` cuts new spans. What has no time stands below 0, after everything else.
Minutes as rowids would be simpler, and most differences two bytes or three instead of one.
"""

from __future__ import annotations

import sqlite3
import zlib
from bisect import bisect_right
from collections.abc import Sequence, Sized
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from archive.search.query import kind_token
from archive.search.tables import VERSION
from archive.search.terms import ALL, SALIENT, TITLE, VALUE, fold, nature, tokens, tokens_and_salient

SPAN = 128
FILL = SPAN // 2  #: articles a span gets when spans are cut; the rest is room for older ones found later
LATE = 1 << 27
#: An article without a time has its own number less this: below all others, the later archived first.
UNDATED = 1 << 40
#: Each commit leaves FTS5 a small segment, and each segment costs every search. After 300 articles one by one 18 of
#: them made a search 2.5 times slower; joining small ones now and then takes 1 ms.
_MERGE_EVERY, _MERGE_PAGES = 8, 200
OFTEN = 4  #: a word or pair that stands so many times in a text is one the article is about


@dataclass(frozen=True, slots=True)
class Document:
    """What the index knows of an article. ``published`` is aware; ``has`` ⊆ {code, video, audio, image}."""

    article_id: int
    title: str
    text: str
    published: datetime | None = None
    author: str | None = None
    account: str | None = None
    digest: str | None = None
    kind_name: str = "article"
    place: str | None = None
    gone: bool = False
    has: frozenset[str] = field(default=frozenset())


class Index:
    """The write side. One object may be kept for many articles, as long as nobody else writes the database."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def put(self, doc: Document) -> None:
        """Index an article, or index it again. Its row in ``articles`` is written before, in the same transaction.

        While the index waits to be rebuilt (another tokenizer's) nothing is done: rebuilding reads every row.
        """
        if is_current(self._conn):
            self.add(doc)

    def add(self, doc: Document) -> None:
        """`put` without asking whether the index is whole: what a rebuild does."""
        row = self._conn.execute("SELECT account_id FROM articles WHERE id = ?", (doc.article_id,)).fetchone()
        account_id = row[0] if row else None
        place = self.forget(doc.article_id)
        words = document_tokens(doc.title, doc.text, doc.author, doc.digest, joints=read_joints(self._conn))
        tags = self._tags(doc, account_id)
        published = None if doc.published is None else int(doc.published.timestamp())
        rowid = self._rowid(doc, published, place)
        terms = " ".join([*words, *filter_tokens(tags)])
        self._conn.execute("INSERT INTO search_terms(rowid, terms) VALUES (?, ?)", (rowid, terms))
        self._conn.execute(
            "INSERT INTO search_documents(id, article_id, published, tags, nature, fingerprint) VALUES (?,?,?,?,?,?)",
            (
                rowid,
                doc.article_id,
                published,
                tags,
                nature("\n".join((doc.title, doc.text, doc.author or "", doc.digest or ""))),
                fingerprint(words, doc.title, doc.text, doc.author, doc.digest),
            ),
        )

        if doc.article_id % _MERGE_EVERY == 0:
            self._conn.execute("INSERT INTO search_terms(search_terms, rank) VALUES ('merge', ?)", (_MERGE_PAGES,))

    def remove(self, article_id: int) -> None:
        """Forget an article, before or after its row is deleted. Nothing happens where it is not indexed."""
        if is_current(self._conn):
            self.forget(article_id)

    def forget(self, article_id: int) -> int | None:
        """`remove` without asking whether the index is whole; returns the rowid it had."""
        found = self._conn.execute(
            "SELECT id, tags, fingerprint FROM search_documents WHERE article_id = ?", (article_id,)
        ).fetchone()
        if found is None:
            return None
        rowid, tags, printed = found
        old = (
            self._conn.execute(
                "SELECT title, text, author, digest FROM search_before WHERE article_id = ?", (article_id,)
            ).fetchone()
            or self._conn.execute(
                "SELECT title, text, author, digest FROM articles WHERE id = ?", (article_id,)
            ).fetchone()
        )
        words = document_tokens(*old, joints=read_joints(self._conn)) if old else set()
        if fingerprint(words, *(old or ())) == printed:
            terms = " ".join([*words, *filter_tokens(tags)])
            self._conn.execute(
                "INSERT INTO search_terms(search_terms, rowid, terms) VALUES ('delete', ?, ?)", (rowid, terms)
            )
        else:
            # FTS5 would be damaged by the wrong tokens. The rowid is noted, so that it is never used again and means
            # no article: what is left under it is found by nobody, and gone after the next rebuild.
            left = get_meta(self._conn, "leftover") or ""
            set_meta(self._conn, "leftover", f"{left} {rowid}".strip())
            rowid = None
        self._conn.execute("DELETE FROM search_documents WHERE article_id = ?", (article_id,))
        self._conn.execute("DELETE FROM search_before WHERE article_id = ?", (article_id,))
        for tag in tags.split():
            if tag[0] in "up":
                self._release(int(tag[1:]))
        return None if rowid is None else int(rowid)

    def _tags(self, doc: Document, account_id: int | None) -> str:
        """The filters between blanks, `` a12 u7 karticle hcode ``: as stored, and as searched with ``LIKE``."""
        tags = [] if account_id is None else [f"a{account_id}"]
        if doc.author and fold(doc.author):
            tags.append(f"u{self._value('author', doc.author)}")
        if doc.place and fold(doc.place):
            tags.append(f"p{self._value('place', doc.place)}")
        tags.append(kind_token(doc.kind_name)[len(VALUE) :])
        tags.extend(f"h{name}" for name in sorted(doc.has))
        if doc.gone:
            tags.append("gone")
        return f" {' '.join(tags)} "

    def _value(self, name: str, value: str) -> int:
        row = self._conn.execute(
            """INSERT INTO search_values(field, value, used) VALUES (?, ?, 1)
               ON CONFLICT (field, value) DO UPDATE SET used = used + 1 RETURNING id""",
            (name, value),
        ).fetchone()
        return int(row[0])

    def _release(self, value_id: int) -> None:
        self._conn.execute("UPDATE search_values SET used = used - 1 WHERE id = ?", (value_id,))
        self._conn.execute("DELETE FROM search_values WHERE id = ? AND used < 1", (value_id,))

    def _rowid(self, doc: Document, published: int | None, place: int | None) -> int:
        """A free rowid in the span of that moment; ``place`` is the article's own, freed just now."""
        left = frozenset(map(int, (get_meta(self._conn, "leftover") or "").split()))
        if published is None:
            rowid = doc.article_id - UNDATED
            while rowid in left:
                rowid -= UNDATED
            return rowid
        spans = read_spans(self._conn)
        number = span_of(spans, published)
        if place is not None and 0 <= place < LATE and place // SPAN == number:
            return place
        if number == len(spans) and published > spans[-1]:
            number = self._newest_span(spans, published)
        return (
            self._free(number * SPAN, (number + 1) * SPAN, left) or self._free(LATE, LATE * 2, left) or self._beyond()
        )

    def _newest_span(self, spans: Sequence[int], published: int) -> int:
        """The last span, or a new one when it is well filled and the article is newer than all in it."""
        start = len(spans) * SPAN
        held, newest = self._conn.execute(
            "SELECT count(*), max(published) FROM search_documents WHERE id >= ? AND id < ?", (start, start + SPAN)
        ).fetchone()
        if held >= FILL and published > newest:
            set_meta(self._conn, "spans", " ".join(map(str, (*spans, published))))
            return len(spans) + 1
        return len(spans)

    def _free(self, start: int, end: int, left: frozenset[int]) -> int | None:
        last = self._conn.execute(
            "SELECT max(id) FROM search_documents WHERE id >= ? AND id < ?", (start, end)
        ).fetchone()[0]
        free = max(start, 1) if last is None else int(last) + 1
        while free in left:
            free += 1
        return free if free < end else None

    def _beyond(self) -> int:
        return int(self._conn.execute("SELECT max(id) + 1 FROM search_documents").fetchone()[0])


def document_tokens(
    title: str, text: str, author: str | None, digest: str | None, *, joints: frozenset[str]
) -> set[str]:
    """Every token of an article but its filters. A term must stand in one field: fields are never joined."""
    in_title = tokens(fold(title), joints)
    found, often = tokens_and_salient(fold(text), joints, OFTEN)
    for other in (author, digest):
        if other:
            found |= tokens(fold(other), joints)
    found |= in_title
    found.update([TITLE + token for token in in_title])
    found.update([SALIENT + token for token in often if token not in in_title])
    return found


def filter_tokens(tags: str) -> list[str]:
    """``" a12 karticle "`` → the tokens in the index."""
    return [ALL, *(VALUE + tag for tag in tags.split())]


def fingerprint(words: Sized, *fields: str | None) -> int:
    """Of what an article was indexed from. The number of its tokens tells when another Unicode version cuts it anew."""
    return zlib.crc32("\0".join(field or "" for field in fields).encode("utf-8", "surrogatepass"), len(words))


def read_spans(conn: sqlite3.Connection) -> tuple[int, ...]:
    """Where each time span begins, seconds since 1970, ascending; span 0 is all before."""
    stored = get_meta(conn, "spans")
    return _numbers(stored) if stored else WEEKS


def read_joints(conn: sqlite3.Connection) -> frozenset[str]:
    """The most frequent pairs when the index was last built (`terms.tokens`); none in one that never was."""
    return _pairs(get_meta(conn, "joints") or "")


@lru_cache(4)
def _numbers(stored: str) -> tuple[int, ...]:
    return tuple(map(int, stored.split()))


@lru_cache(4)
def _pairs(stored: str) -> frozenset[str]:
    return frozenset(stored.split())


def span_of(spans: Sequence[int], published: int) -> int:
    return bisect_right(spans, published)


#: Spans of an archive that was never rebuilt: each week since Official Accounts began, until 2027. Later ones are cut
#: as articles come.
WEEKS = tuple(range(int(datetime(2012, 8, 6, tzinfo=UTC).timestamp()), 1_798_000_000, 7 * 86400))


def get_meta(conn: sqlite3.Connection, name: str) -> str | None:
    row = conn.execute("SELECT value FROM search_meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def set_meta(conn: sqlite3.Connection, name: str, value: str) -> None:
    conn.execute("INSERT OR REPLACE INTO search_meta(name, value) VALUES (?, ?)", (name, value))


def is_current(conn: sqlite3.Connection) -> bool:
    """Whether the index was built by this tokenizer, to the end. If not, `rebuild` has to run first."""
    return get_meta(conn, "version") == VERSION
