"""Building the index anew: after a tokenizer change, or to cut new time spans. Killed half-way it
goes on next time.

Between its transactions the index is incomplete and says so (no ``version`` in ``search_meta``):
nothing searches it and nothing is added to it; rebuilding reads every article, also those that came
meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from archive.db.search_tables import CRISISMERGE, VERSION, WEEKLY_SPANS, fts5_settings
from archive.db.transactions import transaction
from archive.search.documents import documents, second
from archive.search.index import Index, get_meta, is_current, read_meta, set_meta
from archive.search.order import (
    FILL,
    NO_SPAN,
    OVERFLOW,
    SPAN,
    newest_first_key,
    rowid_range,
    span_at,
)
from archive.search.terms import IS_CJK, fold, tokens

_BATCH = 500
#: Bytes of tokens waiting in memory before FTS5 writes them out: with the default of 1 MB it merges
#: far more often.
HASHSIZE_BULK, HASHSIZE_DEFAULT = 64 << 20, 1 << 20
#: Segments of a size that a rebuild leaves lying: at its end all become one.
CRISISMERGE_BULK = 64
#: Pairs in more than this part of the articles get tokens of three where they overlap. Over 100,000
#: articles put together from a newspaper and reviews, two frequent pairs joined take 4.4 ms at p95
#: with 0.05 of the articles and 10.3 ms with 0.08; adding one article 5 % more, then 5 % less.
_FREQUENT = 0.065
_BIGRAM_SAMPLE = 2000  # articles that are looked at for them
#: An archive that has grown so many times since its last rebuild, to at least so many articles, has
#: other frequent pairs and fuller spans: two frequent pairs joined took 70 ms without tokens of
#: three, 3 ms with them.
REBUILD_GROWTH, REBUILD_MIN_ARTICLES = 8, 2000
#: Fetching an article takes 3 s, indexing one again 2 ms: a rebuild of so many for each adds a
#: sixth to the wait.
REBUILD_MIN_SHARE = 200


def reindex(conn: sqlite3.Connection, progress: Callable[[int, int], None] | None = None) -> int:
    """Index every article anew, newest words last; returns how many. ``progress(done, of)`` after
    each batch.

    Commits by itself, about `_BATCH` articles at a time; call it outside a transaction and under
    the archive's lock.
    """
    if is_current(conn) or get_meta(conn, "building") != VERSION:
        _start(conn)
    index, meta = Index(conn), read_meta(conn)
    with transaction(conn):
        # What changed or went while an earlier rebuild lay unfinished.
        for row in conn.execute("SELECT article_id FROM search_before").fetchall():
            index.forget(row[0], meta)
    total = conn.execute("SELECT count(*) FROM articles").fetchone()[0]
    todo = _waiting(conn)
    done = total - len(todo)
    with transaction(conn):
        _configure(conn, hashsize=HASHSIZE_BULK, crisismerge=CRISISMERGE_BULK)
    for batch in _batches(conn, todo):
        with transaction(conn):
            for article_id, rowid in batch:
                for doc in documents(conn, [article_id]):
                    index.add(doc, meta, rowid)
        done += len(batch)
        if progress:
            progress(done, total)
    with transaction(conn):
        conn.execute("INSERT INTO search_terms(search_terms) VALUES ('optimize')")
        set_meta(conn, "version", VERSION)
        conn.execute("DELETE FROM search_meta WHERE name IN ('building', 'leftover')")
        # With the version: killed after it, nobody would come back to set them.
        _configure(conn, hashsize=HASHSIZE_DEFAULT, crisismerge=CRISISMERGE)
    return int(total)


def _waiting(conn: sqlite3.Connection) -> list[tuple[int, int | None]]:
    """Articles that are not indexed and when each was published, as `order` has them: FTS5 wants
    rowids ascending."""
    rows = conn.execute(
        "SELECT id, published FROM articles "
        "WHERE id NOT IN (SELECT article_id FROM search_documents)"
    )
    found = [(int(row[0]), _second(row[1])) for row in rows]
    return sorted(found, key=lambda one: newest_first_key(one[1], one[0]))


def _batches(
    conn: sqlite3.Connection, todo: Sequence[tuple[int, int | None]]
) -> Iterator[list[tuple[int, int | None]]]:
    """Articles with the rowids that they get, whole spans at a time: an interrupted rebuild leaves
    none half full."""

    def span_of(one: tuple[int, int | None]) -> int:
        return NO_SPAN if one[1] is None else span_at(conn, (one[1], one[0])).number

    batch: list[tuple[int, int | None]] = []
    for number, group in groupby(todo, span_of):
        ids = [article_id for article_id, _ in group]
        low, high = rowid_range(number)
        held = conn.execute(
            "SELECT 1 FROM search_documents WHERE id BETWEEN ? AND ? LIMIT 1", (low, high)
        ).fetchone()
        if number == NO_SPAN or held or len(ids) > SPAN:
            batch += [(article_id, None) for article_id in ids]  # each finds its own place
        else:
            batch += zip(ids, range(high - len(ids) + 1, high + 1), strict=True)
        if len(batch) >= _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def wants_reindex(conn: sqlite3.Connection) -> str | None:
    """Why a rebuild would do good, in a few words; ``None``: nothing wrong. Only the first two make
    it necessary.

    Takes under 5 ms at 100,000 articles, so that every `run` can ask.
    """
    if not is_current(conn):
        return (
            "the index was made by another version"
            if get_meta(conn, "version")
            else "the index is not finished"
        )
    if get_meta(conn, "leftover"):
        return "words of replaced articles are left in it"
    (held,) = conn.execute("SELECT count(*) FROM search_documents").fetchone()
    (late,) = conn.execute(
        "SELECT count(*) FROM search_documents WHERE id < ?", (OVERFLOW,)
    ).fetchone()
    if late > max(300, held // 50):
        return f"{late} older articles stand out of order"
    if held >= REBUILD_MIN_ARTICLES and held > REBUILD_GROWTH * int(get_meta(conn, "built") or 0):
        return f"it was made for fewer articles than the {held} of now"
    return None


def maintain_index(
    conn: sqlite3.Connection,
    stopped: Callable[[], bool] = lambda: False,
    *,
    saved: int | None = None,
) -> bool:
    """Rebuild where `wants_reindex` sees a reason, asking ``stopped`` after each batch; returns
    whether it was done.

    ``saved``: how many articles somebody who waits has just saved; few of them are no occasion in a
    large archive. Stopped half-way it goes on next time, or with the next search. Like `reindex`:
    under the archive's lock.
    """
    if wants_reindex(conn) is None:
        return False
    if (
        saved is not None
        and saved * REBUILD_MIN_SHARE < conn.execute("SELECT count(*) FROM articles").fetchone()[0]
    ):
        return False

    def go_on(_done: int, _of: int) -> None:
        if stopped():
            raise _Stopped

    try:
        reindex(conn, go_on)
    except _Stopped:
        return False
    return True


class _Stopped(Exception):
    pass


def _start(conn: sqlite3.Connection) -> None:
    rows = conn.execute("SELECT id, published FROM articles WHERE published IS NOT NULL")
    moments = sorted((second(datetime.fromisoformat(row[1])), int(row[0])) for row in rows)
    with transaction(conn):
        conn.execute("INSERT INTO search_terms(search_terms) VALUES ('delete-all')")
        for table in (
            "search_documents",
            "search_values",
            "search_before",
            "search_spans",
            "search_meta",
        ):
            conn.execute(f"DELETE FROM {table}")
        conn.execute(WEEKLY_SPANS)
        if len(moments) > FILL:
            set_meta(conn, "joints", " ".join(_frequent_pairs(conn)))
            conn.execute("DELETE FROM search_spans WHERE number > 0")
            conn.executemany(
                "INSERT INTO search_spans(published, article_id, number) VALUES (?, ?, ?)",
                ((*moment, number) for number, moment in enumerate(moments[FILL::FILL], 1)),
            )
        set_meta(conn, "built", str(conn.execute("SELECT count(*) FROM articles").fetchone()[0]))
        set_meta(conn, "building", VERSION)


def _second(published: str | None) -> int | None:
    return None if published is None else second(datetime.fromisoformat(published))


def _frequent_pairs(conn: sqlite3.Connection) -> list[str]:
    """The pairs in more than `_FREQUENT` of the articles, by a sample spread over all of them."""
    total = conn.execute("SELECT count(*) FROM articles").fetchone()[0]
    held: Counter[str] = Counter()
    looked = 0
    for (text,) in conn.execute(
        "SELECT text FROM articles WHERE id % ? = 0", (max(1, total // _BIGRAM_SAMPLE),)
    ):
        held.update(token for token in tokens(fold(text)) if len(token) == 2 and IS_CJK[token[0]])
        looked += 1
    return sorted(pair for pair, times in held.items() if times > _FREQUENT * looked)


def _configure(conn: sqlite3.Connection, **settings: int) -> None:
    for statement in fts5_settings(**settings):
        conn.execute(statement)
