"""Articles, accounts and downloads for the store's tests."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archive.db.files import Disk
from archive.db.opening import open_database
from archive.db.transactions import transaction
from archive.store import Kept, Store, Stored
from archive.store.indexing import unindex_article
from scraper import urls
from scraper.models import Account, Album, Article, Image, Link

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
BIZ = "MzIyMDA3MjMwNw=="
ACCOUNT = Account(name="投资实习所", biz=BIZ, user_name="gh_abc", alias="touzi")


def long_address(mid: int) -> str:
    """The long address of article ``mid``."""
    return f"http://mp.weixin.qq.com/s?__biz={BIZ}&mid={mid}&idx=1&sn={hashlib.md5(b'%d' % mid).hexdigest()}#rd"


def short_address(mid: int) -> str:
    """A short address of article ``mid``, as long as WeChat's are."""
    return f"https://mp.weixin.qq.com/s/{mid:022d}"


def article(
    mid: int = 1,
    *,
    links: tuple[int, ...] = (),
    images: tuple[str, ...] = (),
    edges: tuple[Link, ...] = (),
    **fields: Any,
) -> Article:
    """An article whose text links to the articles ``links`` and shows the pictures ``images``;
    ``edges``: more.
    """
    text = fields.pop("text", f"第{mid}篇的正文")
    body = f"<p>{text}</p>"
    body += "".join(
        f'<p><a href="{long_address(to).replace("&", "&amp;")}">第{to}篇</a></p>' for to in links
    )
    body += "".join(f'<p><img src="{url}" alt=""></p>' for url in images)
    given: dict[str, Any] = {
        "title": f"第{mid}篇",
        "account": ACCOUNT,
        "published": datetime(2022, 10, 27, 4, 18, tzinfo=UTC),
        "mid": str(mid),
        "idx": "1",
        "url": long_address(mid),
        "address": long_address(mid),
        "body": body,
        "text": text,
        "links": (
            *(Link(url=long_address(to), relation="text", text=f"第{to}篇") for to in links),
            *edges,
        ),
        "images": tuple(Image(url=url) for url in images),
    }
    return Article(**{**given, **fields})


def nameless(mid: int = 1, **fields: Any) -> Article:
    """The same article on a page that does not say who it is."""
    found = article(mid, **fields)
    return replace(
        found, account=replace(ACCOUNT, biz=None), mid=None, idx=None, url=None, address=None
    )


@dataclass(frozen=True)
class Download:
    """What the fetcher brings for an image."""

    body: bytes
    type: str = "image/png"
    extension: str = "png"


@contextmanager
def opened(root: Path, *, disk: Disk | None = None, **options: Any) -> Iterator[Store]:
    """The store of the archive in ``root``."""
    with open_database(root / "archive.db") as db:
        yield Store(db, root, disk=disk, **options)


def keep(store: Store, found: Article, address: str | None = None, **options: Any) -> Kept:
    """Keep an article as if it had just been fetched."""
    options.setdefault("now", NOW)
    return store.keep(found, address=address or found.address or "", **options)


def list_album(store: Store, album: Album, members: Sequence[tuple[str, str]]) -> None:
    """What an album lists, in its order, as a crawl of it leaves the rows: ``(address, title)``."""
    conn = store.db.conn
    with transaction(conn):
        conn.execute(
            "INSERT INTO albums (id, title, url, size) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET title = excluded.title, url = excluded.url",
            (album.id, album.title, album.url, album.size),
        )
        for position, (address, title) in enumerate(members):
            held = store.find(address)
            conn.execute(
                "INSERT OR REPLACE INTO album_members (album_id, position, address, article_id, title)"
                " VALUES (?, ?, ?, ?, ?)",
                (
                    album.id,
                    position,
                    urls.canonical(address),
                    held.article_id if held else None,
                    title,
                ),
            )


def lose(store: Store, stored: Stored) -> None:
    """An article that the archive has no more, as after a merge: rows, words and file."""
    with transaction(store.db.conn):
        unindex_article(store.db.conn, stored.article_id)
        store.db.conn.execute("DELETE FROM articles WHERE id = ?", (stored.article_id,))
    store.files.remove(stored.path)


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    """Every Markdown and media file: its bytes and when it was written."""
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for folder in ("articles", "media")
        for path in sorted((root / folder).rglob("*"))
        if path.is_file()
    }


def written_at_once(conn: sqlite3.Connection, write: Callable[[], object]) -> bool:
    """Whether all that ``write`` changes is one transaction, committed when it returns: a kill
    leaves the state before or the one after."""
    said: list[str] = []
    conn.set_trace_callback(said.append)
    write()
    conn.set_trace_callback(None)
    words = [sql.split()[0] for sql in said]
    changes = [at for at, word in enumerate(words) if word in ("INSERT", "UPDATE", "DELETE")]
    bounds = [at for at, word in enumerate(words) if word in ("BEGIN", "COMMIT", "ROLLBACK")]
    return (
        not conn.in_transaction
        and ["BEGIN", "COMMIT"] == [words[at] for at in bounds]
        and bounds[0] < changes[0] <= changes[-1] < bounds[1]
    )
