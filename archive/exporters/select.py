"""Which articles an export is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from archive.errors import NotHeld
from archive.store import Store, Stored
from scraper.messages import mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """``keys`` (or addresses, paths), else everything that matches all of the others; nothing
    given: all articles.

    ``query`` is a search as ``wechat-archive search`` understands it; times are aware.
    """

    keys: tuple[str, ...] = ()
    account: str | None = None
    album: str | None = None
    tag: str | None = None
    topic: str | None = None
    kind: str | None = None
    query: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_all(self) -> bool:
        """Nothing was left out."""
        return self == Selection()


def chosen(store: Store, selection: Selection, *, oldest_first: bool = True) -> Iterator[Stored]:
    """The articles, oldest first: the order of a book. Raises NotHeld for a key that is not there,
    BadQuery.
    """
    if selection.keys:
        yield from (store.get(key) for key in selection.keys)
        return
    wanted = None if selection.query is None else _found(store, selection.query)
    for stored in store.articles(
        account=selection.account,
        album=selection.album,
        tag=selection.tag,
        topic=selection.topic,
        kind=selection.kind,
        since=selection.since,
        until=selection.until,
        newest_first=not oldest_first,
    ):
        if wanted is None or stored.article_id in wanted:
            yield stored


def in_album_order(store: Store, album: str, articles: Sequence[Stored]) -> list[Stored]:
    """Members of an album in its own order, where that is known; the others behind, as they
    came.
    """
    rows = store.db.conn.execute(
        "SELECT m.article_id, m.position FROM album_members m JOIN albums b ON b.id = m.album_id "
        "WHERE ? IN (b.id, b.title) AND m.article_id IS NOT NULL",
        (album,),
    ).fetchall()
    places = {row[0]: row[1] for row in rows}
    return sorted(articles, key=lambda stored: places.get(stored.article_id, len(places) + 1))


def _found(store: Store, query: str) -> set[int]:
    from archive.search.matching import article_ids

    return set(article_ids(store.db.conn, query))


def require(store: Store, selection: Selection, articles: Sequence[Stored]) -> None:
    """Raises NotHeld where nothing was chosen: an empty book or file helps nobody."""
    if not articles:
        why = next(_reasons(store, selection), None)
        raise NotHeld(why or mark("no article matches: `wechat-archive list` shows what there is"))


def _reasons(store: Store, selection: Selection) -> Iterator[str]:
    from archive.search.unmatched import unmatched as unmatched_in
    from archive.store.unmatched import unmatched

    filters = asdict(selection)
    del filters["keys"], filters["query"]
    yield from unmatched(store, filters)
    if selection.query is not None:
        yield from unmatched_in(store.db.conn, selection.query)
