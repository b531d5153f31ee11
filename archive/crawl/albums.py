"""Albums (合集): their public list goes into the queue, and how much of them is held is shown.

WeChat gives an album's list without a login, 20 articles a page
(``/mp/appmsgalbum?action=getalbum…&f=json``), the next page by the last one's ``msgid`` and
``itemidx``, in either order. Each page is an address of the queue like any other, so a killed
command goes on with the page it was at. While a list is read its members stand behind the old ones
(``_STAGED``) and take their place with the last page: a list that breaks off loses nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from archive.crawl.frontier import stamp
from archive.db.transactions import transaction
from scraper import urls
from scraper.crawl.protocols import AlbumPage, Task
from scraper.errors import NotAnAddress
from scraper.models import Album, Page
from scraper.records import dataclass

if TYPE_CHECKING:
    from scraper.parse.album import Listed

_STAGED = 1_000_000


@dataclass(frozen=True, slots=True)
class Member:
    """An article of an album: what opens it, and how it is found in ``follow``."""

    url: str
    relation: str = "album_member"
    title: str | None = None


def known(conn: sqlite3.Connection, task: Task, now: datetime, fresh: float) -> list[Member] | None:
    """The members of an album whose whole list was read less than ``fresh`` seconds ago: no reason
    to ask again.
    """
    row = conn.execute("SELECT * FROM albums WHERE id = ?", (_album_id(task),)).fetchone()
    if row is None or row["checked"] is None or task.relation == "album_page":
        return None
    if datetime.fromisoformat(row["checked"]) < now - timedelta(seconds=fresh):
        return None
    is_ruled_out = _rules(conn, task)
    return [
        member
        for member in members(conn, row["id"])
        if not is_ruled_out(member.url, title=member.title)
    ]


def _rules(conn: sqlite3.Connection, task: Task) -> Callable[..., bool]:
    """What the rules of the source say that brought the album into the queue."""
    from archive.crawl.rules import is_ruled_out
    from archive.crawl.sources import Sources

    return partial(is_ruled_out, conn, Sources(conn).rules_for(task.id))


def members(conn: sqlite3.Connection, album_id: str) -> list[Member]:
    """What is known to be in an album, in its order."""
    rows = conn.execute(
        "SELECT coalesce(url, address) AS url, title FROM album_members WHERE album_id = ? "
        "ORDER BY position",
        (album_id,),
    )
    return [Member(row["url"], title=row["title"]) for row in rows]


def take_in(conn: sqlite3.Connection, task: Task, page: Page, now: datetime) -> AlbumPage:
    """Keep one page of an album's list; what the rules of its source let through of it. Raises the
    ScrapeErrors of ``scraper.parse.album``."""
    from scraper.parse import album as lists

    listed = lists.read(page)
    album_id = _album_id(task)
    candidates = [(member.url, member.title) for member in listed.members]
    is_ruled_out = _rules(conn, task)
    wanted = [
        member.url
        for member in listed.members
        if not is_ruled_out(member.url, title=member.title, published=member.created)
    ]
    with transaction(conn):
        first = task.relation != "album_page"
        unchanged = first and _nothing_new(conn, album_id, listed.album, candidates)
        if first:
            _begin(conn, album_id, listed.album)
        if not unchanged:
            _stage(conn, album_id, candidates)
        next_url = (
            None
            if unchanged
            else lists.next_url(page, listed) or _other_order(conn, album_id, page, listed)
        )
        if next_url is None:
            _settle(conn, album_id, now, replace=not unchanged)
    return AlbumPage(album_id=album_id, members=wanted, next_url=next_url)


def _album_id(task: Task) -> str:
    return urls.parse(task.address).album_id or ""


def _begin(conn: sqlite3.Connection, album_id: str, album: Album | None) -> None:
    conn.execute(
        "DELETE FROM album_members WHERE album_id = ? AND position >= ?", (album_id, _STAGED)
    )
    conn.execute(
        "INSERT INTO albums (id, title, url, size) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
        "title = coalesce(excluded.title, title), url = coalesce(excluded.url, url), "
        "size = coalesce(excluded.size, size)",
        (
            album_id,
            album.title if album else None,
            album.url if album else None,
            album.size if album else None,
        ),
    )


def _nothing_new(
    conn: sqlite3.Connection,
    album_id: str,
    album: Album | None,
    candidates: Iterable[tuple[str, str | None]],
) -> bool:
    """Whether the first page shows what is known already: then the others are not asked for."""
    row = conn.execute("SELECT checked, size FROM albums WHERE id = ?", (album_id,)).fetchone()
    if (
        row is None
        or row["checked"] is None
        or album is None
        or album.size is None
        or album.size != row["size"]
    ):
        return False
    addresses = {
        found[0]
        for found in conn.execute(
            "SELECT address FROM album_members WHERE album_id = ?", (album_id,)
        )
    }
    return all(_canonical(url) in addresses for url, _ in candidates)


def _other_order(conn: sqlite3.Connection, album_id: str, page: Page, listed: Listed) -> str | None:
    """The list from its other end, once, where it ended before it had shown as many articles as it
    counts.
    """
    size = listed.album.size if listed.album else None
    (staged,) = conn.execute(
        "SELECT count(*) FROM album_members WHERE album_id = ? AND position >= ?",
        (album_id, _STAGED),
    ).fetchone()
    biz = urls.account_of(page.url)
    if (
        size is None
        or staged >= size
        or biz is None
        or "is_reverse=1" in page.url
        or not listed.members
    ):
        return None
    from scraper.parse.album import page_url

    return page_url(biz, album_id, reverse=True)


def ends(conn: sqlite3.Connection, album_id: str) -> list[Member]:
    """Neighbours that held members name and that are not held: where to walk on when the list
    cannot be had.
    """
    rows = conn.execute(
        "SELECT DISTINCT l.url, l.relation FROM links l JOIN links a ON a.article_id = l.article_id "
        "WHERE a.relation = 'album' AND a.url LIKE ? AND l.target_id IS NULL "
        "AND l.relation IN ('album_previous', 'album_next')",
        (f"%album_id={album_id}%",),
    )
    return [Member(row["url"], row["relation"]) for row in rows]


def _stage(
    conn: sqlite3.Connection, album_id: str, candidates: Iterable[tuple[str, str | None]]
) -> None:
    (last,) = conn.execute(
        "SELECT max(position) FROM album_members WHERE album_id = ?", (album_id,)
    ).fetchone()
    position = max(last or 0, _STAGED - 1)
    for url, title in candidates:
        address = _canonical(url)
        staged = conn.execute(
            "SELECT 1 FROM album_members WHERE album_id = ? AND address = ? AND position >= ?",
            (album_id, address, _STAGED),
        ).fetchone()
        if staged is None:
            position += 1
            conn.execute(
                "INSERT INTO album_members (album_id, position, address, url, title, article_id) "
                "VALUES (?, ?, ?, ?, ?, (SELECT article_id FROM addresses WHERE address = ?))",
                (album_id, position, address, url, title, address),
            )


def _settle(conn: sqlite3.Connection, album_id: str, now: datetime, *, replace: bool) -> None:
    """The whole list was read: its members take the place of the old ones."""
    if replace:
        conn.execute(
            "DELETE FROM album_members WHERE album_id = ? AND position < ?", (album_id, _STAGED)
        )
        rows = conn.execute(
            "SELECT position FROM album_members WHERE album_id = ? ORDER BY position", (album_id,)
        ).fetchall()
        for number, row in enumerate(rows):
            conn.execute(
                "UPDATE album_members SET position = ? WHERE album_id = ? AND position = ?",
                (number, album_id, row["position"]),
            )
    conn.execute("UPDATE albums SET checked = ? WHERE id = ?", (stamp(now), album_id))


def _canonical(url: str) -> str:
    try:
        return urls.canonical(url)
    except NotAnAddress:
        return url


def gaps(
    conn: sqlite3.Connection, alone: Callable[[str], AbstractContextManager[object]] = nullcontext
) -> list[dict[str, Any]]:
    """Every album whose list or a member is known: how many WeChat says it has, how many are held,
    which are not.

    ``listed`` is how many its list showed; ``complete`` says that all are held and the list is as
    long as WeChat says. What goes wrong with one album stays inside ``alone(name)``.
    """
    found = []
    for row in conn.execute("SELECT * FROM albums ORDER BY title, id").fetchall():
        with alone(f"album {row['id']}"):
            found.append(_gap(conn, row))
    return found


def _gap(conn: sqlite3.Connection, row: sqlite3.Row) -> dict[str, Any]:
    listed = conn.execute(
        "SELECT m.address, coalesce(m.url, m.address) AS url, m.title, m.article_id "
        "FROM album_members m WHERE m.album_id = ? GROUP BY m.address ORDER BY min(m.position)",
        (row["id"],),
    ).fetchall()
    missing = [
        {"address": m["url"], "title": m["title"]}
        for m in listed
        if m["article_id"] is None and not _is_held(conn, m["address"])
    ]
    held = len(listed) - len(missing) if listed else _held_without_list(conn, row["id"])
    size = row["size"] if row["size"] is not None else len(listed) if row["checked"] else None
    return {
        "id": row["id"],
        "title": row["title"],
        "url": row["url"],
        "size": size,
        "listed": len(listed),
        "held": held,
        "missing": missing,
        "complete": bool(size is not None and held >= size and not missing),
        "checked": row["checked"],
    }


def _is_held(conn: sqlite3.Connection, address: str) -> bool:
    """Whether an article is kept under this address, or as the article that the address names."""
    if conn.execute("SELECT 1 FROM addresses WHERE address = ?", (address,)).fetchone():
        return True
    try:
        identity = urls.parse(address).identity
    except NotAnAddress:
        return False
    if identity is None:
        return False
    named = (identity.biz, identity.mid, identity.idx)
    row = conn.execute(
        "SELECT 1 FROM articles WHERE biz = ? AND mid = ? AND idx = ?", named
    ).fetchone()
    return row is not None


def _held_without_list(conn: sqlite3.Connection, album_id: str) -> int:
    """Held articles that say they stand in the album, where its list was never read."""
    row = conn.execute(
        "SELECT count(DISTINCT l.article_id) FROM links l WHERE l.relation = 'album' AND l.url LIKE ?",
        (f"%album_id={album_id}%",),
    ).fetchone()
    return int(row[0])
