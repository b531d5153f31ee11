"""The search index against the articles it stands for."""

from __future__ import annotations

import sqlite3
import zlib
from collections import defaultdict
from collections.abc import Iterator

from archive.verify.findings import Finding
from scraper.messages import mark


def check_index(conn: sqlite3.Connection, *, deep: bool) -> Iterator[Finding]:
    """Articles that the index lacks, has wrongly or has although they are gone. ``deep`` reads
    every posting.
    """
    from archive.search.documents import analyse, documents
    from archive.search.index import frequent_bigrams_of, is_current, read_meta
    from archive.search.order import is_in_order

    if (
        conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'search_documents'").fetchone()
        is None
    ):
        return
    if conn.execute(
        "SELECT 1 FROM search_meta WHERE name = 'version'"
    ).fetchone() is None or not is_current(conn):
        yield Finding(
            sort="due",
            name="index",
            what=mark(
                "the search index is not finished or of another version; the next search makes it"
            ),
        )
        return
    if conn.execute(
        "SELECT 1 FROM search_spans WHERE number = 0"
    ).fetchone() is None or not is_in_order(conn):
        yield Finding(sort="index", what=mark("the search index is out of order"))
        return
    sums, frequent_bigrams = _postings(conn) if deep else None, frequent_bigrams_of(read_meta(conn))
    ids = [row[0] for row in conn.execute("SELECT id FROM articles ORDER BY id")]
    for article_id in ids:
        row = conn.execute(
            "SELECT id, fingerprint, tags, seal FROM search_documents WHERE article_id = ?",
            (article_id,),
        ).fetchone()
        what = mark("article number {article_id}", article_id=article_id)
        if row is None:
            yield Finding(
                sort="index",
                article_id=article_id,
                what=mark("{what} is not in the search index", what=what),
            )
            continue
        for document in documents(conn, [article_id]):
            analysis = analyse(document, frequent_bigrams)
            shown = document.row_checksum(row["tags"], analysis.text_crc)
            if (analysis.source_checksum, shown) != (row["fingerprint"], row["seal"]):
                yield Finding(
                    sort="index",
                    article_id=article_id,
                    what=mark("{what}: the search index has another text of it", what=what),
                )
            elif sums is not None and not _covers(
                sums.get(row["id"], (0, 0)), set(analysis.terms.split()), row["tags"]
            ):
                yield Finding(
                    sort="index",
                    article_id=article_id,
                    what=mark("{what}: the search index has other words of it", what=what),
                )
    yield from _comments(conn)
    extra = conn.execute(
        "SELECT count(*) FROM search_documents WHERE article_id NOT IN (SELECT id FROM articles)"
    ).fetchone()[0]
    if extra:
        yield Finding(
            sort="index",
            what=mark("the search index has {extra} articles that are not held", extra=extra),
        )


def _comments(conn: sqlite3.Connection) -> Iterator[Finding]:
    from archive.search.comments import wrongly_indexed

    for article_id in wrongly_indexed(conn):
        yield Finding(
            sort="index",
            article_id=article_id,
            what=mark(
                "article number {article_id}: the search index has other words of its comments",
                article_id=article_id,
            ),
        )


def _postings(conn: sqlite3.Connection) -> dict[int, tuple[int, int]]:
    """For each document of the index: how many words it has, and a sum over them."""
    conn.execute("PRAGMA query_only = OFF")  # it forbids even a table of this connection's own
    try:
        conn.execute(
            "CREATE VIRTUAL TABLE temp.search_words USING fts5vocab(main, search_terms, instance)"
        )
        found: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
        for term, document in conn.execute("SELECT term, doc FROM temp.search_words"):
            entry = found[document]
            entry[0] += 1
            entry[1] ^= zlib.crc32(term.encode("utf-8", "surrogatepass"))
        conn.execute("DROP TABLE temp.search_words")
    finally:
        conn.execute("PRAGMA query_only = ON")
    return {document: (entry[0], entry[1]) for document, entry in found.items()}


def _covers(held: tuple[int, int], words: set[str], tags: str) -> bool:
    """Whether the index holds exactly these words and filter tags for a document."""
    from archive.search.documents import filter_tokens

    expected = {*words, *filter_tokens(tags)}
    total = 0
    for word in expected:
        total ^= zlib.crc32(word.encode("utf-8", "surrogatepass"))
    return held == (len(expected), total)
