"""One article with all that stands around it, for whoever shows it whole. Reads only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from archive.db.article_columns import Stored
from archive.document.discussion import Discussion
from archive.store.core import Store
from archive.store.counts import Look
from archive.store.recordings import HeldRecording
from archive.store.types import Backlink, Edge
from scraper.models import Article


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """``pictures``: address of an image → path of its file from the archive's folder, for those
    that are held. ``recordings``: its sound and video, held or not. ``albums``: where it stands in
    albums whose list is known. ``addresses``: all it was seen under."""

    stored: Stored
    article: Article
    edges: tuple[Edge, ...]
    backlinks: tuple[Backlink, ...]
    pictures: dict[str, str]
    recordings: tuple[HeldRecording, ...]
    albums: tuple[AlbumPlace, ...]
    addresses: tuple[str, ...]
    #: Every look at its counts, the oldest first; its comments, where anybody looked.
    looks: tuple[Look, ...]
    discussion: Discussion | None


@dataclass(frozen=True, slots=True)
class AlbumPlace:
    """``position`` counts from 1 among ``size`` listed; ``previous`` and ``next``: its neighbours
    in the list.
    """

    album_id: str
    title: str | None
    position: int | None
    size: int | None
    previous: Neighbour | None
    next: Neighbour | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another article of an album; ``key`` where it is held, else only ``url``."""

    title: str | None
    url: str
    key: str | None


def read(store: Store, name: str) -> Reading:
    """The article that ``name`` stands for (key, address, path). Raises NotHeld, Corrupt."""
    held = store.get(name)
    article = store.shown(held.article_id)
    edges = tuple(store.edges(held.article_id))
    discussion = store.discussions.of(held.article_id)
    return Reading(
        stored=held,
        article=article,
        edges=edges,
        backlinks=tuple(store.backlinks(held.article_id)),
        pictures=pictures(store, article, discussion.pictures() if discussion else ()),
        recordings=tuple(store.recordings.of(held.article_id)),
        albums=tuple(_albums(store.db.conn, held.article_id, article, edges)),
        addresses=tuple(store.addresses(held.article_id)),
        looks=tuple(store.counts.of(held.article_id)),
        discussion=discussion,
    )


def pictures(store: Store, article: Article, also: Iterable[str] = ()) -> dict[str, str]:
    """Address of an image of the article, and of ``also``, → path of its file from the archive's
    folder, for those that are held.
    """
    urls = dict.fromkeys(
        [*also, *(image.url for image in article.images)]
        + [media.cover for media in article.media if media.cover]
        + ([article.cover] if article.cover else [])
    )
    return {url: path for url in urls if (path := store.media_path(url))}


def _albums(
    conn: sqlite3.Connection, article_id: int, article: Article, edges: tuple[Edge, ...]
) -> list[AlbumPlace]:
    rows = conn.execute(
        "SELECT m.album_id, min(m.position) AS position, b.title, b.size FROM album_members m "
        "JOIN albums b ON b.id = m.album_id WHERE m.article_id = ? GROUP BY m.album_id",
        (article_id,),
    ).fetchall()
    found = [_listed(conn, row) for row in rows]
    said = article.album
    if said is not None and all(place.album_id != said.id for place in found):
        neighbours = (_named(edges, name) for name in ("album_previous", "album_next"))
        found.append(AlbumPlace(said.id, said.title, None, said.size, *neighbours))
    return found


def _listed(conn: sqlite3.Connection, row: sqlite3.Row) -> AlbumPlace:
    """Its place by the album's own list."""
    at, album_id = row["position"], row["album_id"]
    (before,) = conn.execute(
        "SELECT count(*) FROM album_members WHERE album_id = ? AND position < ?", (album_id, at)
    ).fetchone()
    (listed,) = conn.execute(
        "SELECT count(*) FROM album_members WHERE album_id = ?", (album_id,)
    ).fetchone()
    neighbours = (
        _neighbour(conn, album_id, f"position {sign} ? ORDER BY position {way}", at)
        for sign, way in (("<", "DESC"), (">", "ASC"))
    )
    size = max(listed, row["size"] or 0)
    return AlbumPlace(album_id, row["title"], before + 1, size, *neighbours)


def _neighbour(
    conn: sqlite3.Connection, album_id: str, condition: str, at: int
) -> Neighbour | None:
    row = conn.execute(
        "SELECT coalesce(a.title, m.title) AS title, coalesce(m.url, m.address) AS url, a.key "
        "FROM (SELECT * FROM album_members WHERE album_id = ? AND "
        f"{condition} LIMIT 1) m LEFT JOIN articles a ON a.id = m.article_id",
        (album_id, at),
    ).fetchone()
    return Neighbour(row["title"], row["url"], row["key"]) if row else None


def _named(edges: tuple[Edge, ...], relation: str) -> Neighbour | None:
    """The neighbour that the article itself names."""
    for edge in edges:
        if edge.relation == relation:
            return Neighbour(edge.target_title or edge.text, edge.url, edge.target_key)
    return None
