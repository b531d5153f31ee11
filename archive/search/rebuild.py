"""Building the index anew: after a tokenizer change, or to cut new time spans. Killed half-way it goes on next time.

Between its transactions the index is incomplete and says so (no ``version`` in ``search_meta``): nothing searches it
and nothing is added to it; rebuilding reads every article, also those that came meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from archive.search.documents import documents
from archive.search.index import FILL, LATE, Index, get_meta, is_current, set_meta
from archive.search.tables import PAGES, VERSION
from archive.search.terms import IS_CJK, fold, tokens

_BATCH = 500
#: Bytes of tokens waiting in memory before FTS5 writes them out: with the default of 1 MB it merges far more often.
_BULK, _USUAL = 64 << 20, 1 << 20
#: Pairs in more than this part of the articles get tokens of three where they overlap: 0.56 of the text
#: at 100,000 invented articles, against 0.55 with twice as many articles asked of a pair.
_FREQUENT = 0.04
_SAMPLE = 2000  # articles that are looked at for them
#: An archive that has grown so many times since its last rebuild, to at least so many articles, has other frequent
#: pairs and fuller spans: two frequent pairs joined took 70 ms without tokens of three, 3 ms with them.
_GROWN, _WORTH_IT = 8, 2000


def reindex(conn: sqlite3.Connection, progress: Callable[[int, int], None] | None = None) -> int:
    """Index every article anew, newest words last; returns how many. ``progress(done, of)`` after each batch.

    Commits by itself, `_BATCH` articles at a time; call it outside a transaction and under the archive's lock.
    """
    if is_current(conn) or get_meta(conn, "building") != VERSION:
        _start(conn)
    index = Index(conn)
    with conn:
        # What changed or went while an earlier rebuild lay unfinished.
        for row in conn.execute("SELECT article_id FROM search_before").fetchall():
            index.forget(row[0])
    ids = [
        row[0]
        for row in conn.execute(
            """SELECT id FROM articles WHERE id NOT IN (SELECT article_id FROM search_documents)
               ORDER BY published, id"""
        )
    ]
    total = conn.execute("SELECT count(*) FROM articles").fetchone()[0]
    _configure(conn, "hashsize", _BULK)
    for start in range(0, len(ids), _BATCH):
        with conn:
            conn.execute("BEGIN IMMEDIATE")
            for doc in documents(conn, ids[start : start + _BATCH]):
                index.add(doc)
        if progress:
            progress(total - len(ids) + min(start + _BATCH, len(ids)), total)
    with conn:
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("INSERT INTO search_terms(search_terms) VALUES ('optimize')")
        set_meta(conn, "version", VERSION)
        conn.execute("DELETE FROM search_meta WHERE name IN ('building', 'leftover')")
    _configure(conn, "hashsize", _USUAL)
    return int(total)


def wants_reindex(conn: sqlite3.Connection) -> str | None:
    """Why a rebuild would do good, in a few words; ``None``: nothing wrong. Only the first two make it necessary.

    Takes under 5 ms at 100,000 articles, so that every `run` can ask.
    """
    if not is_current(conn):
        return "the index was made by another version" if get_meta(conn, "version") else "the index is not finished"
    if get_meta(conn, "leftover"):
        return "words of replaced articles are left in it"
    (held,) = conn.execute("SELECT count(*) FROM search_documents").fetchone()
    (late,) = conn.execute("SELECT count(*) FROM search_documents WHERE id >= ?", (LATE,)).fetchone()
    if late > max(300, held // 50):
        return f"{late} older articles stand out of order"
    if held >= _WORTH_IT and held > _GROWN * int(get_meta(conn, "built") or 0):
        return f"it was made for fewer articles than the {held} of now"
    return None


def keep_fit(conn: sqlite3.Connection, stopped: Callable[[], bool] = lambda: False) -> bool:
    """Rebuild where `wants_reindex` sees a reason, asking ``stopped`` after each batch; returns whether it was done.

    Stopped half-way it goes on next time, or with the next search. Like `reindex`: under the archive's lock.
    """
    if wants_reindex(conn) is None:
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
    times = [
        int(datetime.fromisoformat(row[0]).timestamp())
        for row in conn.execute("SELECT published FROM articles WHERE published IS NOT NULL ORDER BY published")
    ]
    with conn:
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("INSERT INTO search_terms(search_terms) VALUES ('delete-all')")
        conn.execute(PAGES)
        for table in ("search_documents", "search_values", "search_before", "search_meta"):
            conn.execute(f"DELETE FROM {table}")
        if len(times) > FILL:
            set_meta(conn, "joints", " ".join(_frequent_pairs(conn)))
            set_meta(conn, "spans", " ".join(map(str, sorted(set(times[::FILL])))))
        set_meta(conn, "built", str(conn.execute("SELECT count(*) FROM articles").fetchone()[0]))
        set_meta(conn, "building", VERSION)


def _frequent_pairs(conn: sqlite3.Connection) -> list[str]:
    """The pairs in more than `_FREQUENT` of the articles, by a sample spread over all of them."""
    total = conn.execute("SELECT count(*) FROM articles").fetchone()[0]
    held: Counter[str] = Counter()
    looked = 0
    for (text,) in conn.execute("SELECT text FROM articles WHERE id % ? = 0", (max(1, total // _SAMPLE),)):
        held.update(token for token in tokens(fold(text)) if len(token) == 2 and IS_CJK[token[0]])
        looked += 1
    return sorted(pair for pair, times in held.items() if times > _FREQUENT * looked)


def _configure(conn: sqlite3.Connection, name: str, value: int) -> None:
    with conn:
        conn.execute("INSERT INTO search_terms(search_terms, rank) VALUES (?, ?)", (name, value))
