"""The search index against the articles it stands for."""

from __future__ import annotations

import sqlite3
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archive.db.columns import has_table
from archive.verify.findings import Finding
from archive.verify.texts import strict
from scraper.messages import mark

if TYPE_CHECKING:
    from archive.search.documents import Document

#: Of a document: how many words the index holds of it, a sum over them, and a checksum of its
#: fingerprint when they were read.
Sum = tuple[int, int, int]

_DOCUMENTS = "SELECT id, fingerprint FROM search_documents ORDER BY id"


def check_whole(conn: sqlite3.Connection) -> tuple[bool, list[Finding]]:
    """Whether there is an index whose documents can be looked at, and what is wrong with it as a
    whole."""
    from archive.search.index import is_current
    from archive.search.order import is_in_order

    if not has_table(conn, "search_documents"):
        return False, []
    if not _is_there(conn, "search_meta", "name = 'version'") or not is_current(conn):
        what = mark(
            "the search index is not finished or of another version; the next search makes it"
        )
        return False, [Finding(sort="due", name="index", what=what)]
    if not _is_there(conn, "search_spans", "number = 0") or not is_in_order(conn):
        return False, [Finding(sort="index", what=mark("the search index is out of order"))]
    return True, []


def _is_there(conn: sqlite3.Connection, table: str, which: str) -> bool:
    return conn.execute(f"SELECT 1 FROM {table} WHERE {which}").fetchone() is not None


@dataclass(frozen=True, slots=True)
class Words:
    """What is known of an index's words: what the postings say of some documents, and the pairs
    that get trigrams. Both are read once for many articles."""

    sums: Mapping[int, Sum]
    frequent_bigrams: frozenset[str]


def words_of(conn: sqlite3.Connection, sums: Mapping[int, Sum]) -> Words:
    """``sums`` with what else judging the words of those documents takes."""
    from archive.search.index import frequent_bigrams_of, read_meta

    return Words(sums, frequent_bigrams_of(read_meta(conn)))


def doubtful(conn: sqlite3.Connection, first: int, last: int) -> list[int]:
    """The articles of these numbers that `check_document` has to look at: all but those whose rows,
    read in one statement, give just the seal that the index has. Raises sqlite3.Error where one
    cannot be read."""
    from archive.search.documents import SHOWN

    sql = (
        f"SELECT a.id, d.seal, d.tags, typeof(a.text) = 'text', CAST(a.text AS BLOB), {SHOWN} "
        "FROM articles a LEFT JOIN search_documents d ON d.article_id = a.id "
        "WHERE a.id BETWEEN ? AND ?"
    )
    cursor = conn.cursor()
    cursor.row_factory = None
    with strict(conn):
        rows = cursor.execute(sql, (first, last))
        return [number for number, *row in rows if not _is_sealed(*row)]


def _is_sealed(seal: int | None, tags: str, is_text: int, text: bytes, *shown: Any) -> bool:
    from archive.search.documents import shown_checksum

    try:
        return is_text == 1 and shown_checksum(shown, tags, zlib.crc32(text)) == seal
    except Exception:  # a damaged row can hold anything
        return False


def check_document(
    conn: sqlite3.Connection, article_id: int, words: Words | None
) -> Iterator[Finding]:
    """Whether the index has an article as it is. Without ``words`` only what a search shows is
    compared, and no text is cut into words."""
    row = conn.execute(
        "SELECT id, fingerprint, tags, seal FROM search_documents WHERE article_id = ?",
        (article_id,),
    ).fetchone()
    make = _missing if row is None else _how_it_differs(conn, article_id, row, words)
    if make is not None:
        name = mark("article number {article_id}", article_id=article_id)
        yield Finding(sort="index", article_id=article_id, what=make(name))


def _missing(what: str) -> str:
    return mark("{what} is not in the search index", what=what)


def _another_text(what: str) -> str:
    return mark("{what}: the search index has another text of it", what=what)


def _other_words(what: str) -> str:
    return mark("{what}: the search index has other words of it", what=what)


def _how_it_differs(
    conn: sqlite3.Connection, article_id: int, row: sqlite3.Row, words: Words | None
) -> Callable[[str], str] | None:
    from archive.search.documents import documents

    document = next(documents(conn, [article_id]), None)
    if document is None:
        return None
    # what a search shows
    if document.row_checksum(row["tags"], zlib.crc32(document.text.encode())) != row["seal"]:
        return _another_text
    if words is not None and not _is_found_by(document, row, words):
        return _other_words
    return None


def _is_found_by(document: Document, row: sqlite3.Row, words: Words) -> bool:
    """Whether it is found by its own words, and by no others; what was indexed after the postings
    were read, by another command, is not judged."""
    from archive.search.documents import analyse

    held = words.sums.get(row["id"])
    if held is None or held[2] != _checksum(row["fingerprint"]):
        return True
    analysis = analyse(document, words.frequent_bigrams)
    return analysis.source_checksum == row["fingerprint"] and _covers(
        held[:2], set(analysis.terms.split()), row["tags"]
    )


def count_strangers(conn: sqlite3.Connection) -> Iterator[Finding]:
    """Documents of the index without an article."""
    extra = conn.execute(
        "SELECT count(*) FROM search_documents WHERE article_id NOT IN (SELECT id FROM articles)"
    ).fetchone()[0]
    if extra:
        yield Finding(
            sort="index",
            what=mark("the search index has {extra} articles that are not held", extra=extra),
        )


def check_comments(conn: sqlite3.Connection) -> Iterator[Finding]:
    """Articles whose comments the index has with other words."""
    from archive.search.comments import wrongly_indexed

    for article_id in wrongly_indexed(conn):
        what = mark(
            "article number {article_id}: the search index has other words of its comments",
            article_id=article_id,
        )
        yield Finding(sort="index", article_id=article_id, what=what)


@dataclass(frozen=True, slots=True)
class Postings:
    """What the whole index held of each document, 32 bytes each: ``documents`` ascending."""

    documents: array[int]
    words: array[int]
    sums: array[int]
    fingerprints: array[int]

    def of(self, documents: Iterable[int]) -> dict[int, Sum]:
        """Of each of them that there was."""
        return {document: held for document in documents if (held := self._of(document))}

    def _of(self, document: int) -> Sum | None:
        at = bisect_left(self.documents, document)
        if at == len(self.documents) or self.documents[at] != document:
            return None
        return self.words[at], self.sums[at], self.fingerprints[at]


def postings(conn: sqlite3.Connection) -> Postings:
    """Read every posting, as of one moment. Those of rowids that are no documents are left out."""
    documents, fingerprints = array("q"), array("q")
    with _vocabulary(conn):
        for document, fingerprint in conn.execute(_DOCUMENTS):
            documents.append(document)
            fingerprints.append(_checksum(fingerprint))
        places = {document: at for at, document in enumerate(documents)}
        words, sums = array("L", bytes(8 * len(documents))), array("L", bytes(8 * len(documents)))
        held, crc = None, 0
        for term, document in conn.execute("SELECT term, doc FROM temp.search_words"):
            if term != held:
                held, crc = term, zlib.crc32(term.encode("utf-8", "surrogatepass"))
            at = places.get(document)
            if at is not None:
                words[at] += 1
                sums[at] ^= crc
    return Postings(documents, words, sums, fingerprints)


def _checksum(fingerprint: object) -> int:
    """Of whatever a damaged column holds."""
    return zlib.crc32(ascii(fingerprint).encode())


@contextmanager
def _vocabulary(conn: sqlite3.Connection) -> Iterator[None]:
    """The words of the index as a table of this connection's own, which ``query_only`` forbids; all
    that is read meanwhile is of one moment."""
    conn.execute("PRAGMA query_only = OFF")
    try:
        conn.execute(
            "CREATE VIRTUAL TABLE temp.search_words USING fts5vocab(main, search_terms, instance)"
        )
        conn.execute("BEGIN")
        try:
            yield
        finally:
            conn.execute("COMMIT")
        conn.execute("DROP TABLE temp.search_words")
    finally:
        conn.execute("PRAGMA query_only = ON")


def _covers(held: tuple[int, int], words: set[str], tags: str) -> bool:
    """Whether the index holds exactly these words and filter tags for a document."""
    from archive.search.documents import filter_tokens

    expected = {*words, *filter_tokens(tags)}
    total = 0
    for word in expected:
        total ^= zlib.crc32(word.encode("utf-8", "surrogatepass"))
    return held == (len(expected), total)
