"""Candidates with all that is asked of them: whether they match, how well, and what is shown of
them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from archive.errors import NotIndexed
from archive.search.documents import row_checksum
from scraper.messages import mark

if TYPE_CHECKING:
    import sqlite3

#: In the order of `Row`'s fields. The text comes as UTF-8, since most is decided without decoding
#: it.
_SELECT = """SELECT d.id, d.article_id, d.published, d.tags, d.nature, d.seal,
    a.key, a.title, a.author, a.digest, d.captions, a.path, a.url, a.account_id,
    a.account, CAST(a.text AS BLOB),
    (SELECT m.text FROM search_mine m WHERE m.article_id = d.article_id)
    FROM search_documents d CROSS JOIN articles a ON a.id = d.article_id WHERE d.id"""

#: Rows read in one statement: what 20 results and the look for more need, then more and more. One
#: by one a row takes 5 µs, so 2.
_FIRST_BATCH, _LARGEST_BATCH = 24, 192
#: Bytes of text that are remembered, so that a program which keeps searching reads an article once;
#: SQLite keeps its pages too, but joining the two tables again is half of a search for the newest
#: 20.
_CACHE_BYTES = 16 << 20


class Row(NamedTuple):
    """An article that the index names.

    ``id``: its rowid there. ``published``: seconds since 1970, ``None`` where no page says it.
    ``tags`` between blanks. ``fold_flags``: `terms.fold_flags` of its texts together. A tuple,
    because SQLite's own becomes one in 0.2 µs.
    """

    id: int
    article_id: int
    published: int | None
    tags: str
    fold_flags: int
    checksum: int
    key: str
    title: str
    author: str | None
    digest: str | None
    captions: str | None
    path: str
    url: str | None
    account_id: int | None
    account: str | None
    utf8: bytes
    mine: str | None

    @property
    def text(self) -> str:
        return str(self.utf8, "utf-8")

    @property
    def is_intact(self) -> bool:
        """Whether it is what was indexed, to the bit."""
        found = row_checksum(
            self.key,
            self.title,
            self.author,
            self.digest,
            self.captions,
            self.path,
            self.url,
            self.account_id,
            self.account,
            self.published,
            self.tags,
            zlib.crc32(self.utf8),
            self.mine,
        )
        return found == self.checksum


class Rows:
    """Reads rows, and remembers them until `forget`."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._held: dict[int, Row] = {}
        self._intact: set[int] = set()
        self._size = 0

    def forget(self) -> None:
        """To be called when anybody has written."""
        self._held.clear()
        self._intact.clear()
        self._size = 0

    def read(self, ids: Iterable[int]) -> Iterator[Row]:
        """The rows of these rowids in their order; those whose article is not there are passed
        over."""
        ids, size = iter(ids), _FIRST_BATCH
        held = self._held
        while some := tuple(islice(ids, size)):
            if self._size > _CACHE_BYTES:
                self.forget()
            missing = [one for one in some if one not in held]
            if missing:
                self._fetch(missing)
            for one in some:
                row = held.get(one)
                if row is not None:
                    yield row
            size = min(2 * size, _LARGEST_BATCH)

    def one(self, rowid: int) -> Row | None:
        return next(self.read((rowid,)), None)

    def require_intact(self, row: Row) -> None:
        """Raises `Corrupt` where an article is not what was written, `NotIndexed` where what the
        index says is not."""
        if row.id in self._intact:
            return
        if not row.is_intact:
            from archive.db.checksums import require_sound  # rarely: no search should wait for it

            require_sound(self._conn, [row.key])
            raise NotIndexed(
                mark("the search index does not fit its articles: run `wechat-archive reindex`")
            )
        self._intact.add(row.id)

    def _fetch(self, missing: list[int]) -> None:
        cursor = self._conn.cursor()
        cursor.row_factory = None
        for row in map(
            Row._make, cursor.execute(f"{_SELECT} IN ({','.join('?' * len(missing))})", missing)
        ):
            self._held[row.id] = row
            self._size += len(row.utf8)
