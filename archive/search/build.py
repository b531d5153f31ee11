"""A whole new index, made beside the one in use and put in its place in one transaction.

It grows in a database file of its own, which has no name from the moment it is open: a kill leaves
nothing, and the next rebuild starts again. Searches meanwhile, in this process and in others,
answer from the index in use; the last transaction replaces its rows. The new index costs the disk
its own size twice for a moment: in the nameless file and in the archive's write-ahead log.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

from archive.db import own_tables
from archive.db.search_tables import (
    CRISISMERGE,
    SEARCH_DDL,
    VERSION,
    WEEKLY_SPANS,
    fts5_settings,
)
from archive.db.transactions import transaction
from archive.search.documents import Analysis, Document, analyse, documents, second
from archive.search.index import Index, frequent_bigrams_of, read_meta, set_meta
from archive.search.order import FILL, Moment, rowid_range, span_at, undated_rowid
from archive.search.terms import IS_CJK, fold, tokens

if TYPE_CHECKING:
    from concurrent.futures import Future

#: ``progress("indexing", done, total)`` after each batch of articles. What it raises ends the
#: build.
Progress = Callable[[str, int, int], None]

NAME = (
    "indexing"  #: what `Progress` calls this work, and what the file is called while it has a name
)

#: Tables of the index, and the tables in which FTS5 keeps ``search_terms``. All are replaced.
_TABLES = ("search_documents", "search_values", "search_spans", "search_meta", "search_mine")
#: The new index forgets words by a copy of its own: the one in use needs them as well.
_BESIDE = "search_before"
_SHADOW_TABLES = ("search_terms_data", "search_terms_idx", "search_terms_config")

_BATCH = 500  # articles a transaction
_PROCESS_BATCH = 100  # articles a message to a process
#: Below so many articles starting processes takes longer than they save.
_PROCESSES_FROM = 3000
#: Bytes of tokens waiting in memory before FTS5 writes them out: with the default of 1 MB it merges
#: far more often.
_HASHSIZE_BULK, _HASHSIZE_DEFAULT = 64 << 20, 1 << 20
#: Segments of a size that a build leaves lying: at its end all become one.
_CRISISMERGE_BULK = 64

#: Bigrams in more than this part of the articles get trigram tokens where they overlap. Over
#: 100,000 articles put together from a newspaper and reviews, a query of two frequent bigrams takes
#: 4.4 ms at p95 with 0.05 of the articles and 10.3 ms with 0.08; adding one article takes 5 % more,
#: and 5 % less.
_FREQUENT = 0.065
_BIGRAM_SAMPLE = 2000  # articles that are looked at for them

_Analysed = tuple[Document, Analysis]


def build_index(
    database: Path,
    progress: Progress | None = None,
    *,
    jobs: int = 1,
    swapping: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> int:
    """Make a new index of every article of ``database`` and put it in the old one's place.

    Returns how many articles. To be called with no transaction open in this process, under the
    archive's lock or with a ``swapping`` that takes it: others may write while the new index is
    made, and ``swapping`` is entered for putting it in place. ``jobs``: so many processes cut texts
    into tokens, where that is worth it. A caller that asks for more than one must be safe to import
    (`multiprocessing`'s rule).

    Raises `sqlite3.Error` and `OSError`; whatever is raised, the old index is as it was.
    """
    with closing(_nameless_database(database)) as conn:
        _make_tables(conn)
        _note_documents(conn)
        total = _fill(conn, database, progress, jobs)
        conn.execute("INSERT INTO search_terms(search_terms) VALUES ('optimize')")
        _configure(conn, hashsize=_HASHSIZE_DEFAULT, crisismerge=CRISISMERGE)
        _reconcile(conn)  # here nobody waits for it
        with swapping():
            _swap(conn)
    return total


def _nameless_database(database: Path) -> sqlite3.Connection:
    """A connection to a new database in the archive's folder, the archive attached.

    A table's name alone means the new one where both databases have it.
    """
    folder = database.absolute().parent
    for left in folder.glob(f".{database.name}.{NAME}-*"):  # a kill before it lost its name
        left.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{database.name}.{NAME}-", dir=folder)
    os.close(handle)
    conn = sqlite3.connect(name, isolation_level=None, timeout=30)
    try:
        conn.execute(
            "PRAGMA main.journal_mode=OFF"
        )  # never rolled back: on any error it is thrown away
        conn.execute("PRAGMA main.locking_mode=EXCLUSIVE")
        conn.execute("PRAGMA main.synchronous=OFF")
        conn.execute("PRAGMA main.cache_size=-65536")
        conn.execute("CREATE TABLE opened(x)")
        Path(name).unlink()
        conn.execute("DROP TABLE opened")
        conn.execute("ATTACH ? AS archive", (str(database),))
        _allow_shadow_tables(conn)
    except BaseException:
        conn.close()
        Path(name).unlink(missing_ok=True)
        raise
    return conn


def _allow_shadow_tables(conn: sqlite3.Connection) -> None:
    """Some builds of SQLite (Apple's) forbid writing FTS5's tables unless told that it is meant."""
    option = getattr(sqlite3, "SQLITE_DBCONFIG_DEFENSIVE", None)  # from Python 3.12 on
    if option is not None:
        conn.setconfig(option, False)  # type: ignore[attr-defined, unused-ignore]


def _make_tables(conn: sqlite3.Connection) -> None:
    wanted = ("VIRTUAL TABLE search_terms", *(f"TABLE {name}" for name in (*_TABLES, _BESIDE)))
    for statement in (*SEARCH_DDL, *own_tables.DDL):
        if statement.startswith(tuple(f"CREATE {name} " for name in wanted)):
            conn.execute(statement.replace(" search_", " main.search_", 1))
    _configure(conn, automerge=0, hashsize=_HASHSIZE_BULK, crisismerge=_CRISISMERGE_BULK)


def _fill(conn: sqlite3.Connection, database: Path, progress: Progress | None, jobs: int) -> int:
    conn.execute("BEGIN")
    numbered = _numbered(conn)
    total = len(numbered)
    if total > FILL:
        set_meta(conn, "joints", " ".join(_frequent_bigrams(conn, total)))
    set_meta(conn, "built", str(total))
    set_meta(conn, "version", VERSION)
    conn.execute("COMMIT")
    index, bigrams = Index(conn), frequent_bigrams_of(read_meta(conn))
    done = 0
    analysed = _analyses(
        conn, database, list(numbered), bigrams, jobs if total >= _PROCESSES_FROM else 1
    )
    while batch := list(islice(analysed, _BATCH)):
        conn.execute("BEGIN")
        for doc, analysis in batch:
            index.insert(doc, analysis, numbered[doc.article_id])
        conn.execute("COMMIT")
        done += len(batch)
        if progress:
            progress(NAME, done, total)
    return total


def _numbered(conn: sqlite3.Connection) -> dict[int, int]:
    """Articles with their rowids, ascending, in spans that are cut anew. The times by which they are
    sorted, 110 MB of a million, are gone when texts are read."""
    moments, undated = _moments(conn)
    conn.execute(WEEKLY_SPANS)
    if len(moments) > FILL:
        _cut_spans(conn, moments)
    return dict(_rowids(conn, moments, undated))


def _moments(conn: sqlite3.Connection) -> tuple[list[Moment], list[int]]:
    """Every article with a time, the oldest first, and the ids of those without."""
    moments: list[Moment] = []
    undated: list[int] = []
    for article_id, published in conn.execute("SELECT id, published FROM articles"):
        if published is None:
            undated.append(int(article_id))
        else:
            moments.append((second(datetime.fromisoformat(published)), int(article_id)))
    return sorted(moments), sorted(undated)


def _cut_spans(conn: sqlite3.Connection, moments: Sequence[Moment]) -> None:
    """Every `FILL` articles a span; the first one reaches back for ever."""
    conn.execute("DELETE FROM search_spans WHERE number > 0")
    conn.executemany(
        "INSERT INTO search_spans(published, article_id, number) VALUES (?, ?, ?)",
        ((*moment, number) for number, moment in enumerate(moments[FILL::FILL], 1)),
    )


def _rowids(
    conn: sqlite3.Connection, moments: Sequence[Moment], undated: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Articles with their rowids, ascending, as FTS5 wants them: the newest first (`order`)."""
    newest_first = reversed(moments)
    for number, span in groupby(newest_first, lambda moment: span_at(conn, moment).number):
        _, high = rowid_range(number)
        ids = [article_id for _, article_id in span]
        yield from zip(ids, range(high - len(ids) + 1, high + 1), strict=True)
    yield from ((article_id, undated_rowid(article_id, ())) for article_id in reversed(undated))


def _frequent_bigrams(conn: sqlite3.Connection, total: int) -> list[str]:
    """The bigrams in more than `_FREQUENT` of the articles, by a sample spread over all of them."""
    held: Counter[str] = Counter()
    looked = 0
    every = max(1, total // _BIGRAM_SAMPLE)
    for (text,) in conn.execute("SELECT text FROM articles WHERE id % ? = 0", (every,)):
        found = tokens(fold(text))
        held.update(token for token in found if len(token) == 2 and IS_CJK[token[0]])
        looked += 1
    return sorted(bigram for bigram, times in held.items() if times > _FREQUENT * looked)


def _configure(conn: sqlite3.Connection, **settings: int) -> None:
    for statement in fts5_settings(**settings):
        conn.execute(statement)


def _swap(conn: sqlite3.Connection) -> None:
    """Replace the archive's index, in one transaction, by the new one."""
    with transaction(conn):
        _bring_in_changes(conn, lambda conn, articles: {})  # it takes long; they are left lying
        for table in (*_TABLES, *_SHADOW_TABLES):
            conn.execute(f"DELETE FROM archive.{table}")
            conn.execute(f"INSERT INTO archive.{table} SELECT * FROM main.{table}")
        conn.execute("DELETE FROM archive.search_before")


def _note_documents(conn: sqlite3.Connection) -> None:
    """What the index in use knows of each article: whoever changes one changes that as well."""
    conn.execute("DROP TABLE IF EXISTS noted")
    conn.execute("CREATE TABLE main.noted (article_id INTEGER PRIMARY KEY, fingerprint, seal)")
    conn.execute(
        "INSERT INTO noted SELECT article_id, fingerprint, seal FROM archive.search_documents"
    )


#: Articles that this program, or another one, has changed since `_note_documents`.
_CHANGED = """
    SELECT article_id FROM archive.search_before
    UNION SELECT now.article_id FROM archive.search_documents AS now LEFT JOIN noted
        ON noted.article_id = now.article_id
        WHERE (now.fingerprint, now.seal) IS NOT (noted.fingerprint, noted.seal)"""


def _reconcile(conn: sqlite3.Connection) -> None:
    """Bring into the new index what was changed while it was made; the archive is only read, as of
    one moment."""
    conn.execute("BEGIN")
    _bring_in_changes(conn, _look_up)
    _note_documents(conn)
    conn.execute("COMMIT")


_Terms = dict[int, list[str]]


def _bring_in_changes(
    conn: sqlite3.Connection, look_up: Callable[[sqlite3.Connection, set[int]], _Terms]
) -> None:
    """``look_up`` says what the new index holds of articles whose old words nobody knows."""
    conn.execute("DELETE FROM main.search_before")
    conn.execute("INSERT INTO main.search_before SELECT * FROM archive.search_before")
    index, meta = Index(conn), read_meta(conn)
    changed = {row[0] for row in conn.execute(_CHANGED)}
    held = {row[0] for row in conn.execute("SELECT article_id FROM search_documents")}
    there = {row[0] for row in conn.execute("SELECT id FROM articles")}
    old = sorted((held - there) | (held & changed))
    unknown = {article_id for article_id in old if not index.knows(article_id, meta)}
    terms = look_up(conn, unknown) if unknown else {}
    for article_id in old:
        index.forget(article_id, meta, terms.get(article_id))
    for doc in documents(conn, sorted((there - held) | (there & changed))):
        index.replace(doc, meta)


def _look_up(conn: sqlite3.Connection, articles: set[int]) -> _Terms:
    """By reading the whole index: of a million articles in some minutes."""
    numbered = {
        int(rowid): int(article_id)
        for rowid, article_id in conn.execute("SELECT id, article_id FROM search_documents")
        if article_id in articles
    }
    found: _Terms = {article_id: [] for article_id in articles}
    conn.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, search_terms, instance)")
    for term, rowid in conn.execute("SELECT term, doc FROM temp.words"):
        if rowid in numbered:
            found[numbered[rowid]].append(term)
    conn.execute("DROP TABLE temp.words")
    return found


# --- cutting texts into tokens, in this process or in several ---------------------------------------


def _analyses(
    conn: sqlite3.Connection,
    database: Path,
    ids: Sequence[int],
    bigrams: frozenset[str],
    jobs: int,
) -> Iterator[_Analysed]:
    """Every article that is still there, in the order of ``ids``."""
    if jobs <= 1:
        return ((doc, analyse(doc, bigrams)) for doc in documents(conn, ids))
    return _in_processes(database, iter(ids), bigrams, jobs)


def _in_processes(
    database: Path, ids: Iterator[int], bigrams: frozenset[str], jobs: int
) -> Iterator[_Analysed]:
    """What goes to a process are ids, what comes back has no texts. At most a few batches are under
    way, so memory stays flat."""
    from archive.db.processes import process_pool

    pool = process_pool(jobs, _begin_process, str(database), bigrams)
    waiting: deque[Future[list[_Analysed]]] = deque()
    try:
        while True:
            while len(waiting) < 3 * jobs and (batch := list(islice(ids, _PROCESS_BATCH))):
                waiting.append(pool.submit(_analyse_batch, batch))
            if not waiting:
                return
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_process: tuple[sqlite3.Connection, frozenset[str]] | None = None


def _begin_process(database: str, bigrams: frozenset[str]) -> None:
    """In each new process: open the archive."""
    global _process
    conn = sqlite3.connect(f"{Path(database).absolute().as_uri()}?mode=rw", uri=True, timeout=30)
    conn.execute("PRAGMA query_only=ON")
    _process = conn, bigrams


def _analyse_batch(ids: Iterable[int]) -> list[_Analysed]:
    assert _process is not None
    conn, bigrams = _process
    return [(doc.without_text(), analyse(doc, bigrams)) for doc in documents(conn, ids)]
