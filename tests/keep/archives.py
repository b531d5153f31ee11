"""Archives for these tests, filled from pages without any network, the way `save FILE` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from archive.db.opening import open_database
from archive.saved.pictures import LocalImage
from archive.snapshots import Snapshots
from archive.store import Store
from scraper.models import Page
from scraper.parse import parse
from tests.keep.articles import PICTURE, page
from tests.weixin.media import png

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@contextmanager
def opened(root: Path) -> Iterator[tuple[Store, Snapshots]]:
    """An archive, open for writing."""
    with open_database(root / "archive.db") as db, Snapshots(root / "snapshots.db") as snapshots:
        yield Store(db, root), snapshots


def fill(root: Path, pages: Iterable[Page], *, now: datetime = NOW) -> list[str]:
    """Keep each page; the keys."""
    keys = []
    with opened(root) as (store, snapshots):
        for page in pages:
            article = parse(page)
            address = article.url or page.url
            found = store.keep(
                article, address=address, now=now, snapshot_id=snapshots.put(page, address=address)
            )
            keys.append(found.key)
    return keys


def contents(root: Path) -> dict[str, bytes]:
    """Every Markdown and media file by its path."""
    paths = [
        p
        for folder in ("articles", "media")
        for p in sorted((root / folder).rglob("*"))
        if p.is_file()
    ]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def rows(
    root: Path,
    *,
    but: Iterable[str] = ("archived", "checked", "snapshot_id", "head_check", "changed"),
) -> object:
    """What the database says about the articles, without the times at which they were kept."""
    with open_database(root / "archive.db", readonly=True) as db:
        tables = {}
        for table in (
            "articles",
            "links",
            "images",
            "embeds",
            "losses",
            "tags",
            "albums",
            "addresses",
        ):
            left_out = {*but, "first_seen", *(["id"] if table == "links" else [])}
            found = db.conn.execute(f"SELECT * FROM {table}").fetchall()
            tables[table] = [{k: r[k] for k in r.keys() if k not in left_out} for r in found]  # noqa: SIM118
        return tables


def three_linked(root: Path) -> Path:
    """Three articles, 1 and 2 linked with each other, one picture held."""
    fill(root, [page(1, links=(2,)), page(2, links=(1,)), page(3)])
    with opened(root) as (store, _):
        store.add_media(PICTURE.format(1), LocalImage(png(1), "image/png", "png"), NOW)
        store.write_stale_files()
    return root
