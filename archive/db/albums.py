"""Which articles stand in an album (合集)."""

from __future__ import annotations

import sqlite3

from scraper import urls
from scraper.errors import NotAnAddress


def articles_of(conn: sqlite3.Connection, album_id: str, url: str | None) -> set[int]:
    """The ids of the held articles that the album's list shows, or that name it themselves."""
    listed = conn.execute(
        "SELECT article_id FROM album_members WHERE album_id = ? AND article_id IS NOT NULL",
        (album_id,),
    )
    found = {int(row[0]) for row in listed}
    try:
        address = urls.canonical(url or "")
    except NotAnAddress:
        return found
    naming = conn.execute(
        "SELECT article_id FROM links WHERE address = ? AND relation = 'album'", (address,)
    )
    return found | {int(row[0]) for row in naming}
