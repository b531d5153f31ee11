"""When the index is made anew, and doing it. A search always answers from a whole index: the new
one is made beside it (`build`)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from archive.db.errors import sqlite_errors
from archive.db.lock import Lock, holder_of
from archive.db.names import ARCHIVE_DB, INDEX_LOCK
from archive.db.opening import open_database
from archive.db.tallies import number
from archive.errors import ArchiveError, Locked
from archive.search.build import Progress, build_index
from archive.search.index import get_meta, is_current
from archive.search.order import OVERFLOW
from scraper.messages import mark

#: An archive that has grown so many times since its last rebuild, to at least so many articles, has
#: other frequent bigrams and fuller spans: two frequent bigrams joined took 70 ms without trigram
#: tokens, 3 ms with them.
REBUILD_GROWTH, REBUILD_MIN_ARTICLES = 8, 2000
#: Fetching an article takes 3 s, indexing one again 2 ms: a rebuild of so many for each adds a
#: sixth to the wait.
REBUILD_MIN_SHARE = 200


def reindex(conn: sqlite3.Connection, progress: Progress | None = None, *, jobs: int = 1) -> int:
    """Make the index of ``conn``'s archive anew, under its lock; returns how many articles. See
    `build_index`. Raises Locked where somebody else is making one."""
    from archive.search.comments import index_comments

    place = database_of(conn)
    with Lock(place.parent, name=INDEX_LOCK):
        done = build_index(place, progress, jobs=jobs)
    index_comments(conn)
    return done


def reindex_beside(
    root: Path,
    progress: Progress | None = None,
    *,
    jobs: int = 1,
    command: str | None = None,
) -> int:
    """Make the index of the archive in ``root`` anew while others write there; returns how many
    articles. The archive is held for a moment at the end, for which other commands wait.

    Raises Locked where somebody else is making one; NoArchive, NewerArchive, Corrupt, DiskTrouble.
    """
    with Lock(root, command=command, name=INDEX_LOCK):
        return _reindex_beside(root, progress, jobs, command)


def _reindex_beside(root: Path, progress: Progress | None, jobs: int, command: str | None) -> int:
    from archive.search.comments import index_comments

    place = root / ARCHIVE_DB

    @contextmanager
    def swapping() -> Iterator[None]:
        held = Lock(root, wait=True, command=command, brief=True)
        with held, open_database(place) as db:
            yield
            index_comments(db.conn)

    _bring_up_to_date(place, command)
    with sqlite_errors(place):
        return build_index(place, progress, jobs=jobs, swapping=swapping)


def _bring_up_to_date(place: Path, command: str | None) -> None:
    """Migrate an archive of an earlier version, which needs it held."""
    try:
        open_database(place, readonly=True).close()
    except ArchiveError:
        with Lock(place.parent, command=command), open_database(place):
            pass


def database_of(conn: sqlite3.Connection) -> Path:
    """The file that a connection has open."""
    return Path(conn.execute("PRAGMA database_list").fetchone()[2])


def wants_reindex(conn: sqlite3.Connection) -> str | None:
    """Why a rebuild would do good, in a few words; ``None``: nothing wrong. Only the first two make
    it necessary.

    Takes under 5 ms at 100,000 articles, so that every `run` can ask.
    """
    if not is_current(conn):
        return (
            mark("the index was made by another version")
            if get_meta(conn, "version")
            else mark("the index is not finished")
        )
    if get_meta(conn, "leftover"):
        return mark("words of replaced articles are left in it")
    (held,) = conn.execute("SELECT count(*) FROM search_documents").fetchone()
    (overflowing,) = conn.execute(
        "SELECT count(*) FROM search_documents WHERE id < ?", (OVERFLOW,)
    ).fetchone()
    if overflowing > max(300, held // 50):
        return mark("{overflowing} older articles stand out of order", overflowing=overflowing)
    if held >= REBUILD_MIN_ARTICLES and held > REBUILD_GROWTH * int(get_meta(conn, "built") or 0):
        return mark("it was made for fewer articles than the {held} of now", held=held)
    return None


def maintain_index(
    conn: sqlite3.Connection,
    stopped: Callable[[], bool] = lambda: False,
    *,
    saved: int | None = None,
) -> bool:
    """Index new comments, under the archive's lock; returns whether this is an occasion to make the
    whole index anew: by `renew_index`, once the archive is let go.

    ``stopped`` is asked after each batch of comments. ``saved``: how many articles somebody who
    waits has just saved; few of them are no occasion in a large archive.
    """
    from archive.search.comments import index_comments  # `status` only asks wants_reindex

    if is_current(conn):
        index_comments(conn, stopped)
    if wants_reindex(conn) is None:
        return False
    return saved is None or saved * REBUILD_MIN_SHARE >= number(conn, "article")


def renew_index(
    root: Path,
    progress: Progress | None = None,
    *,
    jobs: int = 1,
    command: str | None = None,
) -> bool:
    """Make the index of the archive in ``root`` anew where `wants_reindex` sees a reason, as
    `reindex_beside` does; False where there is none (any more), or somebody else is making one.

    What is raised meanwhile, by a signal too, leaves the index as it was. Raises Corrupt,
    DiskTrouble.
    """
    place = root / ARCHIVE_DB
    try:
        with Lock(root, command=command, name=INDEX_LOCK):
            with open_database(place, readonly=True) as db:
                if wants_reindex(db.conn) is None:
                    return False
            _reindex_beside(root, progress, jobs, command)
    except Locked:
        return False
    return True


def reindex_for_search(
    root: Path,
    progress: Progress | None = None,
    *,
    jobs: int = 1,
    command: str | None = None,
    wait: bool = False,
) -> int:
    """What a search does that met `NotIndexed`: make the index of the archive in ``root`` anew.

    ``wait``: where somebody else is just doing that, until it is there (0 articles). Raises Locked
    where another command writes there, saying what to do.
    """
    try:
        with ExitStack() as held:
            if not _taken(held, root, wait, command) and _is_there(root / ARCHIVE_DB):
                return 0
            with Lock(root, command=command):  # who writes for hours would be waited for at the end
                pass
            return _reindex_beside(root, progress, jobs, command)
    except Locked as error:
        raise Locked(_who_writes(root)) from error


def _taken(held: ExitStack, root: Path, wait: bool, command: str | None) -> bool:
    """Hold the making of an index; False where it was somebody else's until now."""
    try:
        held.enter_context(Lock(root, command=command, name=INDEX_LOCK))
    except Locked:
        if not wait:
            raise
        held.enter_context(Lock(root, True, command, name=INDEX_LOCK))
        return False
    return True


def _is_there(place: Path) -> bool:
    with open_database(place, readonly=True, outdated=True) as db:
        return is_current(db.conn)


def _who_writes(root: Path) -> str:
    holder = holder_of(root) or holder_of(root, INDEX_LOCK)
    who = mark("another command")
    if holder is not None:
        pid, command, since = holder
        who = mark(
            "{command!r} (process {pid}, since {since})", command=command, pid=pid, since=since
        )
    return mark(
        "the search index of {root} is of another version and must be made anew "
        "first. {who} is writing there and may be doing just that: search again "
        "when it is done",
        root=root,
        who=who,
    )
