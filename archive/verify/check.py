"""Looking at every row, file, image, snapshot and the search index, one at a time: memory stays
flat.

A row that cannot even be read is a finding like any other; nothing found stops the rest.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from archive import record
from archive.db import checksums, discussion_tables, file_checksums
from archive.db.lock import holder_of
from archive.db.names import ARCHIVE_DB, SNAPSHOTS_DB
from archive.db.opening import open_database
from archive.errors import ArchiveError, NewerArchive, NotHeld
from archive.store import Store
from archive.store.discussions import SAID
from archive.store.markdown_files import is_damaged, is_ours, sha256
from archive.store.rows import PARTS
from archive.verify.findings import Finding
from archive.verify.index import check_index
from archive.verify.structure import differences, parts_of, wanted_parts
from scraper import urls
from scraper.errors import NotAnAddress
from scraper.messages import mark, message_of

Progress = Callable[[str, int, int], None]


def check(root: Path, progress: Progress | None = None) -> Iterator[Finding]:
    """Everything that is not as it was written, in the order database, articles, versions, images,
    snapshots, index.

    Reads only. ``progress(what, done, of)`` is told now and then. Raises NotHeld where there is no
    archive.
    """
    tell = progress or (lambda what, done, of: None)
    database = root / ARCHIVE_DB
    broken = file_checksums.broken_blocks(database) if database.exists() else []
    for what in broken or ():
        yield Finding(sort="database", what=what)
    try:
        db = open_database(database, readonly=True, outdated=True)
    except (NewerArchive, NotHeld):
        raise
    except ArchiveError as error:
        yield Finding(sort="database", what=message_of(error))
        return
    with db:
        # A flipped bit may leave bytes that are no UTF-8; they have to be read to be named.
        db.conn.text_factory = tolerant
        store = Store(db, root)
        looker = _Looker(store, tell)
        yield from looker.guarded(looker.structure)
        yield from looker.guarded(looker.articles)
        yield from looker.guarded(looker.versions)
        yield from looker.guarded(looker.addresses)
        yield from looker.guarded(looker.comments)
        yield from looker.guarded(looker.media)
        yield from looker.guarded(looker.strays)
        # Sound checksums of the file say as much about the index, and reading every posting takes
        # long.
        yield from looker.guarded(lambda: check_index(db.conn, deep=broken is None))
    yield from _snapshots(root, tell)


class _Looker:
    """The checks over one open archive."""

    def __init__(self, store: Store, tell: Progress) -> None:
        self.store, self.tell, self.conn = store, tell, store.db.conn
        sql = "SELECT name FROM sqlite_master WHERE type = 'table'"
        self.tables = {row[0] for row in self.conn.execute(sql)}

    def guarded(self, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        """What ``look`` finds; where it cannot go on, that."""
        try:
            yield from look()
        except Exception as error:  # a damaged database can answer anything
            yield Finding(
                sort="database", what=mark("archive.db cannot be read: {error}", error=error)
            )

    def alone(self, name: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
        """What ``look`` finds of one thing; where it cannot go on, that, and the next is looked
        at."""
        try:
            yield from list(look())
        except Exception as error:  # a damaged row can hold anything
            yield Finding(
                sort="database",
                what=mark("{name} cannot be checked: {error}", name=name, error=error),
            )

    def structure(self) -> Iterator[Finding]:
        """SQLite's own checks."""
        for pragma in ("integrity_check", "foreign_key_check"):
            for row in self.conn.execute(f"PRAGMA {pragma}"):
                if row[0] != "ok":
                    said = " ".join(str(part) for part in row)
                    yield Finding(
                        sort="database", what=mark("archive.db: {what}", what=f"{pragma}: {said}")
                    )

        for part, how in differences(parts_of(self.conn), wanted_parts(self.conn)):
            yield Finding(
                sort="database",
                what=mark(
                    "archive.db: {type} {name} {how}", type=part.type, name=part.name, how=how
                ),
            )

    def _ids(self, table: str) -> list[int]:
        return [row[0] for row in self.conn.execute(f"SELECT id FROM {table} ORDER BY id")]

    def articles(self) -> Iterator[Finding]:
        """Each article's row, what follows from it, and its file."""
        ids = self._ids("articles")
        for at, article_id in enumerate(ids):
            try:
                found = list(self._article(article_id))
                if found and holder_of(self.store.root) is not None:
                    time.sleep(
                        0.3
                    )  # a command is writing: between its file and its row there is a moment
                    found = list(self._article(article_id))
                yield from found
            except Exception as error:  # a damaged row can hold anything
                yield Finding(
                    sort="content",
                    article_id=article_id,
                    what=mark(
                        "article number {article_id}: {error}", article_id=article_id, error=error
                    ),
                )
            self.tell(mark("articles"), at + 1, len(ids))

    def _article(self, article_id: int) -> Iterator[Finding]:
        row = self.conn.execute("SELECT * FROM articles WHERE id = ?", (article_id,)).fetchone()
        if row is None:
            return  # merged into another one, or forgotten, since the list was made
        name = f"article {row['key']} ({row['title']})"
        head, content = (
            checksums.head_checksum(row) == row["head_check"],
            checksums.content_checksum(row) == row["content_check"],
        )
        if not head:
            yield Finding(
                sort="row",
                article_id=article_id,
                path=row["path"],
                what=mark("{name}: its facts changed since written", name=name),
            )
        if not content:
            yield Finding(
                sort="content",
                article_id=article_id,
                path=row["path"],
                what=mark("{name}: its text changed since written", name=name),
            )
        if content:
            yield from self._parts(row, name)
        if head:
            yield from self._file(row, name, derivable=content)

    def _parts(self, row: sqlite3.Row, name: str) -> Iterator[Finding]:
        article = record.loads(row["record"], row["body"], row["text"])
        for table, rows_of in PARTS.items():
            if table not in self.tables:
                continue  # one that a migration has still to make
            expected = rows_of(article)
            columns = ", ".join(expected[0]) if expected else "article_id"
            found = [
                tuple(part)
                for part in self.conn.execute(
                    f"SELECT {columns} FROM {table} WHERE article_id = ?", (row["id"],)
                )
            ]
            if sorted(map(repr, found)) != sorted(repr(tuple(part.values())) for part in expected):
                what = mark(
                    "{name}: its {table} differ from what its page says", name=name, table=table
                )
                yield Finding(
                    sort="parts", article_id=row["id"], path=row["path"], name=table, what=what
                )
        wrong = self.conn.execute(
            "SELECT count(*) FROM links WHERE article_id = ? AND target_id IS NOT coalesce("
            "(SELECT a.id FROM articles a WHERE a.biz = links.biz AND a.mid = links.mid AND a.idx = links.idx), "
            "(SELECT d.article_id FROM addresses d WHERE d.address = links.address))",
            (row["id"],),
        ).fetchone()[0]
        if wrong:
            what = mark(
                "{name}: {wrong} of its links lead to the wrong article", name=name, wrong=wrong
            )
            yield Finding(
                sort="parts", article_id=row["id"], path=row["path"], name="links", what=what
            )

    def _file(self, row: sqlite3.Row, name: str, *, derivable: bool) -> Iterator[Finding]:
        path = str(row["path"])
        data = self.store.files.read(path)
        place: dict[str, Any] = {"article_id": row["id"], "path": path}
        if data is None and self._is_deleted(row["id"]):
            yield Finding(
                sort="deleted",
                what=mark(
                    "{name}: its file was deleted by hand: {path}; `wechat-archive remove {key}` "
                    "removes the article, `wechat-archive remove --undo {key}` writes the file again",
                    name=name,
                    path=path,
                    key=row["key"],
                ),
                **place,
            )
        elif data is None:
            yield Finding(
                sort="markdown",
                what=mark("{name}: its file is missing: {path}", name=name, path=path),
                **place,
            )
        elif hashlib.sha256(data).hexdigest() == row["markdown_hash"]:
            if row["stale"]:
                yield Finding(
                    sort="due",
                    what=mark(
                        "{name}: its file does not show the newest links yet; the next `run` "
                        "writes it",
                        name=name,
                    ),
                    **place,
                )
        elif is_ours(data):
            yield Finding(
                sort="markdown",
                what=mark(
                    "{name}: its file is not the one the database knows: {path}",
                    name=name,
                    path=path,
                ),
                **place,
            )
        elif is_damaged(data, self._expected(row) if derivable else None):
            yield Finding(
                sort="markdown",
                what=mark("{name}: its file is damaged: {path}", name=name, path=path),
                **place,
            )
        else:
            yield Finding(
                sort="edited",
                what=mark(
                    "{name}: its file was changed by hand, which is kept: {path}",
                    name=name,
                    path=path,
                ),
                **place,
            )

    def _is_deleted(self, article_id: int) -> bool:
        sql = "SELECT 1 FROM missing_files WHERE article_id = ?"
        return self.conn.execute(sql, (article_id,)).fetchone() is not None

    def _expected(self, row: sqlite3.Row) -> bytes | None:
        text = self.store.markdown(row["id"])
        return text.encode() if sha256(text) == row["markdown_hash"] else None

    def versions(self) -> Iterator[Finding]:
        """Each earlier version's row, and its file where it has one."""
        for version_id in self._ids("versions"):
            article_id = None
            try:
                row = self.conn.execute(
                    "SELECT * FROM versions WHERE id = ?", (version_id,)
                ).fetchone()
                article_id = row["article_id"]
                sound = checksums.content_checksum(row) == row["content_check"]
                name = mark(
                    "version {number} of article number {article_id} ({title})",
                    number=row["number"],
                    article_id=row["article_id"],
                    title=row["title"],
                )
                if sound:
                    from archive.store.decide import content_hash

                    article = record.loads(row["record"], row["body"], row["text"])
                    sound = (
                        article.title == row["title"]
                        and content_hash(article) == row["content_hash"]
                    )
            except Exception as error:  # a damaged row can hold anything
                sound, name = (
                    False,
                    mark("version row {version_id}: {error}", version_id=version_id, error=error),
                )
            if not sound:
                what = mark("{name}: changed since written", name=name)
                yield Finding(
                    sort="version", article_id=article_id, name=str(version_id), what=what
                )
            elif row["path"]:
                yield from self.alone(name, partial(self._version_file, row, name))

    def _version_file(self, row: sqlite3.Row, name: str) -> Iterator[Finding]:
        if not is_ours(self.store.files.read(row["path"]) or b""):
            yield Finding(
                sort="version",
                article_id=row["article_id"],
                path=row["path"],
                name=str(row["id"]),
                what=mark(
                    "{name}: its file is missing or changed: {path}", name=name, path=row["path"]
                ),
            )

    def addresses(self) -> Iterator[Finding]:
        """Each address, against the form that was asked for."""
        for row in self.conn.execute("SELECT address, fetch FROM addresses"):
            yield from self.alone(
                mark("the address {address}", address=row["address"]), partial(self._address, row)
            )

    def _address(self, row: sqlite3.Row) -> Iterator[Finding]:
        try:
            sound = urls.canonical(row["fetch"]) == row["address"]
        except NotAnAddress:
            sound = False
        if not sound:
            yield Finding(
                sort="address",
                name=row["address"],
                what=mark(
                    "the address {address} is not that of {fetch}",
                    address=row["address"],
                    fetch=row["fetch"],
                ),
            )

    def comments(self) -> Iterator[Finding]:
        """Each comment against its checksum."""
        if not discussion_tables.exist(self.conn):
            return
        for row in self.conn.execute("SELECT * FROM comments ORDER BY id"):
            if checksums.checksum_of(row, SAID) != row["row_check"]:
                yield Finding(
                    sort="comment",
                    article_id=row["article_id"],
                    name=str(row["id"]),
                    what=f"comment {row['id']} of article number {row['article_id']}: changed "
                    "since written",
                )

    def media(self) -> Iterator[Finding]:
        """Each image's file against its hash, and each row against its file."""
        rows = self.conn.execute("SELECT * FROM media ORDER BY sha256").fetchall()
        for at, row in enumerate(rows):
            yield from self.alone(f"image {row['path']}", partial(self._image, row))
            self.tell(mark("images"), at + 1, len(rows))

    def _image(self, row: sqlite3.Row) -> Iterator[Finding]:
        digest, path = str(row["sha256"]), str(row["path"])
        place: dict[str, Any] = {"sort": "media", "name": digest, "path": path}
        found = (
            self.store.files.sha256(path)
            if path.startswith(f"media/{digest[:2]}/{digest}.")
            else None
        )
        if found is None:
            yield Finding(what=mark("image {path} is missing", path=path), **place)
        elif found != digest:
            yield Finding(what=mark("image {path} is not what its name says", path=path), **place)
        elif self.store.files.place(path).stat().st_size != row["bytes"]:
            yield Finding(
                what=mark("image {path}: the database has the wrong size", path=path), **place
            )

    def strays(self) -> Iterator[Finding]:
        """Files that no row names: somebody's own, or left by a kill between file and row."""
        for folder, sql in (
            (
                "articles",
                "SELECT 1 FROM articles WHERE path = :path UNION SELECT 1 FROM versions WHERE path = :path",
            ),
            ("media", "SELECT 1 FROM media WHERE path = :path"),
        ):
            for path in self.store.files.walk(folder):
                if ".new." not in path and not self.conn.execute(sql, {"path": path}).fetchone():
                    yield Finding(
                        sort="stray",
                        path=path,
                        what=mark("no row names this file: {path}", path=path),
                    )


def tolerant(data: bytes) -> str:
    """A column's text, whatever bytes it has; those that are no UTF-8 stand as lone surrogates."""
    return data.decode("utf-8", "surrogateescape")


def _snapshots(root: Path, tell: Progress) -> Iterator[Finding]:
    place = root / SNAPSHOTS_DB
    if not place.exists():
        return
    from archive.snapshots import Snapshots

    try:
        with Snapshots(place, readonly=True) as kept:
            for damage in kept.check(lambda done, of: tell(mark("raw pages"), done, of)):
                addresses = " ".join(damage.addresses)
                yield Finding(sort="snapshot", what=damage.what, name=addresses or None)
    except Exception as error:
        yield Finding(
            sort="snapshot", what=mark("snapshots.db cannot be read: {error}", error=error)
        )
