"""Articles as rows → the `Document` that is indexed. One reading for saving, rebuilding and checking alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime

from archive.search.index import Document

_VIDEO = {"video", "channels", "live"}
_AUDIO = {"audio", "music"}

_ROWS = """SELECT articles.id, articles.title, articles.text, articles.published, articles.author, accounts.name,
                  articles.digest, articles.kind_name, articles.place, articles.gone IS NOT NULL,
                  instr(articles.body, '<pre'),
                  EXISTS (SELECT 1 FROM images WHERE article_id = articles.id AND role NOT IN ('cover', 'card')),
                  (SELECT group_concat(sort, ' ') FROM embeds WHERE article_id = articles.id)
           FROM articles LEFT JOIN accounts ON accounts.id = articles.account_id WHERE articles.id = ?"""


def documents(conn: sqlite3.Connection, article_ids: Iterable[int]) -> Iterator[Document]:
    """What each article's rows say now; ids without a row are passed over."""
    for article_id in article_ids:
        row = conn.execute(_ROWS, (article_id,)).fetchone()
        if row is None:
            continue
        number, title, text, published, author, account, digest, kind_name, place, gone, code, image, sorts = row
        embedded = set((sorts or "").split())
        held = {
            "code": bool(code),
            "image": bool(image),
            "video": bool(embedded & _VIDEO),
            "audio": bool(embedded & _AUDIO),
        }
        yield Document(
            article_id=number,
            title=title,
            text=text,
            published=None if published is None else datetime.fromisoformat(published),
            author=author,
            account=account,
            digest=digest,
            kind_name=kind_name,
            place=place,
            gone=bool(gone),
            has=frozenset(name for name, there in held.items() if there),
        )
