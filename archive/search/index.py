"""Writing the index: put, remove, and what has to be known to do both. Never commits: the caller's
transaction does."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from itertools import compress
from typing import Any

from archive.db.search_tables import VERSION
from archive.search.documents import (
    Analysis,
    Document,
    analyse,
    document_tokens,
    filter_tokens,
    source_checksum,
)
from archive.search.order import Slot, allocate_rowid, undated_rowid
from archive.search.terms import VALUE, kind_token

#: What ``search_values`` calls the name of an account as an article's page shows it.
SHOWN_ACCOUNT = "shown account"
#: Another checksum than any before, of a row that nobody will show.
_CHANGED = "UPDATE search_documents SET seal = -1 - abs(seal) WHERE article_id = ?"
#: Tags whose number is a row of ``search_values``: names of accounts, authors, places.
_COUNTED_TAGS = "nup"


class Index:
    """The write side. One object may be kept for many articles, as long as nobody else writes the
    database."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def put(self, doc: Document) -> None:
        """Index an article, or index it again. Its row in ``articles`` is written before, in the
        same transaction.

        While the index waits to be rebuilt (another tokenizer's) that it changed is all that is
        noted: rebuilding reads every row, and this one again if it is just doing so.
        """
        meta = read_meta(self._conn)
        if meta.get("version") == VERSION:
            self.replace(doc, meta)
        else:
            self._conn.execute(_CHANGED, (doc.article_id,))

    def remove(self, article_id: int) -> None:
        """Forget an article, before or after its row is deleted. Nothing happens where it is not
        indexed."""
        meta = read_meta(self._conn)
        if meta.get("version") == VERSION:
            self.forget(article_id, meta)

    def replace(self, doc: Document, meta: Meta) -> None:
        """`put` without asking whether the index is whole."""
        own = self.forget(doc.article_id, meta)
        analysis = analyse(doc, frequent_bigrams_of(meta))
        self.insert(doc, analysis, self._free_rowid(doc, own, meta))

    def insert(self, doc: Document, analysis: Analysis, rowid: int) -> None:
        """Index an article that is not indexed, at a free place (`order`)."""
        tags = self._tags(doc)
        terms = " ".join([analysis.terms, *filter_tokens(tags)])
        self._conn.execute("INSERT INTO search_terms(rowid, terms) VALUES (?, ?)", (rowid, terms))
        self._conn.execute(
            "INSERT INTO search_documents"
            "(id, article_id, published, tags, captions, nature, fingerprint, seal) "
            "VALUES (?,?,?,?,?,?,?,?)",
            (
                rowid,
                doc.article_id,
                doc.second,
                tags,
                doc.captions,
                analysis.fold_flags,
                analysis.source_checksum,
                doc.row_checksum(tags, analysis.text_crc),
            ),
        )
        if doc.mine:
            self._conn.execute(
                "INSERT OR REPLACE INTO search_mine(article_id, text) VALUES (?, ?)",
                (doc.article_id, doc.mine),
            )

    def knows(self, article_id: int, meta: Meta) -> bool:
        """Whether all that an indexed article was indexed with is still known."""
        row = self._row(article_id)
        return row is not None and self._terms(article_id, row, meta) is not None

    def forget(
        self, article_id: int, meta: Meta, terms: Sequence[str] | None = None
    ) -> Slot | None:
        """`remove` without asking whether the index is whole; returns the place it had, if that may
        be used again. ``terms``: all that the index has of it, where that was looked up."""
        row = self._row(article_id)
        if row is None:
            return None
        rowid, published, tags, *_ = row
        place: Slot | None = Slot(int(rowid), published)
        terms = terms or self._terms(article_id, row, meta)
        if terms is not None:
            self._conn.execute(
                "INSERT INTO search_terms(search_terms, rowid, terms) VALUES ('delete', ?, ?)",
                (rowid, " ".join(terms)),
            )
        else:
            # FTS5 would be damaged by the wrong tokens. The rowid is noted, so that it is never
            # used again and means no article: what is left under it is found by nobody, and gone
            # after the next rebuild.
            left = f"{meta.get('leftover', '')} {rowid}".strip()
            set_meta(self._conn, "leftover", left)
            meta["leftover"] = left
            place = None
        self._conn.execute("DELETE FROM search_documents WHERE article_id = ?", (article_id,))
        self._conn.execute("DELETE FROM search_mine WHERE article_id = ?", (article_id,))
        self._conn.execute("DELETE FROM search_before WHERE article_id = ?", (article_id,))
        for tag in tags.split():
            if tag[0] in _COUNTED_TAGS:
                self._release(int(tag[1:]))
        return place

    def _row(self, article_id: int) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._conn.execute(
            "SELECT id, published, tags, captions, fingerprint FROM search_documents "
            "WHERE article_id = ?",
            (article_id,),
        ).fetchone()
        return row

    def _terms(self, article_id: int, row: tuple[Any, ...], meta: Meta) -> list[str] | None:
        """All that the index holds of an article."""
        _, _, tags, captions, checksum = row
        mine = self._conn.execute(
            "SELECT text FROM search_mine WHERE article_id = ?", (article_id,)
        ).fetchone()
        others = (captions,) if mine is None else (captions, mine[0])
        words = self._indexed_words(article_id, others, checksum, frequent_bigrams_of(meta))
        return None if words is None else [*words, *filter_tokens(tags)]

    def _indexed_words(
        self,
        article_id: int,
        others: tuple[str | None, ...],
        checksum: int,
        bigrams: frozenset[str],
    ) -> list[str] | None:
        """The tokens that an article was indexed with, from its row as it was before the last
        change or as it is now; ``None`` where neither gives the checksum noted."""
        for table, name in (("search_before", "article_id"), ("articles", "id")):
            fields = self._conn.execute(
                f"SELECT title, text, author, digest FROM {table} WHERE {name} = ?", (article_id,)
            ).fetchone()
            if fields is not None:
                words = document_tokens(*fields, *others, frequent_bigrams=bigrams)
                if source_checksum(words, *fields, *others) == checksum:
                    return words
        return None

    def _free_rowid(self, doc: Document, own: Slot | None, meta: Meta) -> int:
        """Where an article is to stand. ``own``: the place it had until just now."""
        retired = _retired_rowids(meta)
        moment = doc.second
        if moment is None:
            return undated_rowid(doc.article_id, retired)
        return allocate_rowid(self._conn, (moment, doc.article_id), own, retired)

    def _tags(self, doc: Document) -> str:
        """The filters between blanks, `` a12 u7 karticle hcode ``: as stored, and as searched with
        ``LIKE``."""
        tags = [] if doc.account_id is None else [f"a{doc.account_id}"]
        if doc.account and doc.account.strip():
            tags.append(f"n{self._value(SHOWN_ACCOUNT, doc.account)}")
        elif doc.account_id is not None:
            tags.append(f"b{doc.account_id}")
        if doc.author and doc.author.strip():
            tags.append(f"u{self._value('author', doc.author)}")
        if doc.place and doc.place.strip():
            tags.append(f"p{self._value('place', doc.place)}")
        tags.append(kind_token(doc.kind_name)[len(VALUE) :])
        tags.extend(f"h{name}" for name in sorted(doc.has))
        tags.extend(compress(("gone", "day"), (doc.gone, doc.date_only)))
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


Meta = dict[str, str]
"""``search_meta`` as it is, for one put or removal."""


def read_meta(conn: sqlite3.Connection) -> Meta:
    """All of it. The frequent bigrams are 10 KB: where they are those met last, SQLite tells so, and
    they are neither copied nor hashed again."""
    known = _joints_met[-1]
    rows = conn.execute("SELECT name, nullif(value, ?) FROM search_meta", (known,))
    meta = {str(name): known if value is None else str(value) for name, value in rows}
    _joints_met.append(meta.get("joints", ""))
    return meta


#: ``joints`` of the archive read last.
_joints_met = deque([""], maxlen=1)


def set_meta(conn: sqlite3.Connection, name: str, value: str) -> None:
    conn.execute("INSERT OR REPLACE INTO search_meta(name, value) VALUES (?, ?)", (name, value))


def get_meta(conn: sqlite3.Connection, name: str) -> str | None:
    row = conn.execute("SELECT value FROM search_meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def is_current(conn: sqlite3.Connection) -> bool:
    """Whether the index was built by this tokenizer, to the end. If not, `rebuild` has to run
    first."""
    return get_meta(conn, "version") == VERSION


def frequent_bigrams_of(meta: Meta) -> frozenset[str]:
    """The most frequent pairs when the index was last built (`terms.tokens`); none in one that
    never was."""
    return _pairs(meta.get("joints", ""))


@lru_cache(4)
def _pairs(stored: str) -> frozenset[str]:
    return frozenset(stored.split())


def _retired_rowids(meta: Meta) -> frozenset[int]:
    """Rowids under which words of a lost text lie: never to be used again."""
    return frozenset(map(int, meta.get("leftover", "").split()))
