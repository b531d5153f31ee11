"""Looking at a piece of an archive: so many rows, or a folder's files. Reads only.

A row that cannot even be read is a finding like any other; nothing found stops the rest.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any

from archive import record
from archive.db import checksums, tallies
from archive.db.lock import holder_of
from archive.store import Store
from archive.store.discussions import SAID
from archive.store.markdown_files import is_damaged, is_ours, sha256
from archive.store.rows import PARTS
from archive.verify.findings import Finding
from archive.verify.index import (
    check_comments,
    check_document,
    count_strangers,
    doubtful,
    words_of,
)
from archive.verify.pieces import ROWS, Piece
from archive.verify.rows import ArticleRows, Row
from archive.verify.structure import differences, parts_of, wanted_parts
from scraper import urls
from scraper.errors import NotAnAddress
from scraper.messages import mark


class Looker:
    """The checks over one open archive."""

    def __init__(self, store: Store) -> None:
        self.store, self.conn, self.files = store, store.db.conn, store.files.steady()
        self._rows = ArticleRows(self.conn)

    def look(self, piece: Piece) -> list[Finding]:
        """What is wrong in a piece; where looking cannot go on, that."""
        found: list[Finding] = []
        try:
            found += getattr(self, piece.part)(piece)
        except Exception as error:  # a damaged database can answer anything
            found.append(
                Finding(
                    sort="database", what=mark("archive.db cannot be read: {error}", error=error)
                )
            )
        return found

    def alone(
        self, name: Callable[[], str], look: Callable[[], Iterator[Finding]]
    ) -> Iterator[Finding]:
        """What ``look`` finds of one thing; where it cannot go on, that, and the next is looked
        at."""
        try:
            yield from list(look())
        except Exception as error:  # a damaged row can hold anything
            yield Finding(
                sort="database",
                what=mark("{name} cannot be checked: {error}", name=name(), error=error),
            )

    def structure(self, _: Piece) -> Iterator[Finding]:
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

    def tallies(self, _: Piece) -> Iterator[Finding]:
        """What was counted, against a count."""
        for kind in tallies.wrong(self.conn):
            what = mark("archive.db: the numbers of {kind} are not those of a count", kind=kind)
            yield Finding(sort="database", name="tallies", what=what)

    def _ids(self, table: str, piece: Piece) -> list[int]:
        sql = f"SELECT id FROM {table} WHERE id BETWEEN ? AND ? ORDER BY id"
        return [row[0] for row in self.conn.execute(sql, (piece.first, piece.last))]

    def articles(self, piece: Piece) -> Iterator[Finding]:
        """Each article's row, what follows from it, and its file."""
        self._rows.read_ahead(piece.first, piece.last)
        for article_id in self._ids("articles", piece):
            try:
                found = list(self._article(article_id))
                if found:
                    # As it is now. Where a command is writing, there is a moment between its file
                    # and its row.
                    self._rows.forget()
                    time.sleep(0.3 if holder_of(self.store.root) is not None else 0)
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

    def _article(self, article_id: int) -> Iterator[Finding]:
        row = next(iter(self._rows.of("articles", article_id)), None)
        if row is None:
            return  # merged into another one, or forgotten, since the list was made
        name = f"article {row['key']} ({row['title']})"
        head, content = checksums.head_checksum(row) == row["head_check"], _is_whole(row)
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

    def _parts(self, row: Row, name: str) -> Iterator[Finding]:
        article = record.loads(str(row["record"], "utf-8"), "", "")  # no part follows from its text
        for table in self._rows.parts:
            expected, rows = PARTS[table](article), self._rows.of(table, row["id"])
            if (expected or rows) and not _are_same(expected, rows):
                what = mark(
                    "{name}: its {table} differ from what its page says", name=name, table=table
                )
                yield Finding(
                    sort="parts", article_id=row["id"], path=row["path"], name=table, what=what
                )
        links = self._rows.of("links", row["id"])
        wrong = sum(link["target_id"] != link["target_now"] for link in links)
        if wrong:
            what = mark(
                "{name}: {wrong} of its links lead to the wrong article", name=name, wrong=wrong
            )
            yield Finding(
                sort="parts", article_id=row["id"], path=row["path"], name="links", what=what
            )

    def _file(self, row: Row, name: str, *, derivable: bool) -> Iterator[Finding]:
        path = str(row["path"])
        data = self.files.read(path)
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

    def _expected(self, row: Row) -> bytes | None:
        text = self.store.markdown(row["id"])
        return text.encode() if sha256(text) == row["markdown_hash"] else None

    def versions(self, piece: Piece) -> Iterator[Finding]:
        """Each earlier version's row, and its file where it has one."""
        for version_id in self._ids("versions", piece):
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
                yield from self.alone(partial(str, name), partial(self._version_file, row, name))

    def _version_file(self, row: sqlite3.Row, name: str) -> Iterator[Finding]:
        if not is_ours(self.files.read(row["path"]) or b""):
            yield Finding(
                sort="version",
                article_id=row["article_id"],
                path=row["path"],
                name=str(row["id"]),
                what=mark(
                    "{name}: its file is missing or changed: {path}", name=name, path=row["path"]
                ),
            )

    def addresses(self, piece: Piece) -> Iterator[Finding]:
        """Each address, against the form that was asked for."""
        sql = "SELECT address, fetch FROM addresses WHERE rowid BETWEEN ? AND ?"
        for row in self.conn.execute(sql, (piece.first, piece.last)):
            yield from self.alone(
                partial(mark, "the address {address}", address=row["address"]),
                partial(self._address, row),
            )

    def _address(self, row: sqlite3.Row) -> Iterator[Finding]:
        if not _is_own_form(row["fetch"], row["address"]):
            yield Finding(
                sort="address",
                name=row["address"],
                what=mark(
                    "the address {address} is not that of {fetch}",
                    address=row["address"],
                    fetch=row["fetch"],
                ),
            )

    def comments(self, piece: Piece) -> Iterator[Finding]:
        """Each comment against its checksum."""
        sql = "SELECT * FROM comments WHERE id BETWEEN ? AND ? ORDER BY id"
        for row in self.conn.execute(sql, (piece.first, piece.last)):
            if checksums.checksum_of(row, SAID) != row["row_check"]:
                yield Finding(
                    sort="comment",
                    article_id=row["article_id"],
                    name=str(row["id"]),
                    what=f"comment {row['id']} of article number {row['article_id']}: changed "
                    "since written",
                )

    def media(self, piece: Piece) -> Iterator[Finding]:
        """Each image's file against its hash, and each row against its file."""
        sql = "SELECT * FROM media WHERE rowid BETWEEN ? AND ? ORDER BY rowid"
        for row in self.conn.execute(sql, (piece.first, piece.last)):
            yield from self.alone(
                partial("image {}".format, row["path"]), partial(self._image, row)
            )

    def _image(self, row: sqlite3.Row) -> Iterator[Finding]:
        digest, path = str(row["sha256"]), str(row["path"])
        place: dict[str, Any] = {"sort": "media", "name": digest, "path": path}
        found = (
            self.files.sha256(path) if path.startswith(f"media/{digest[:2]}/{digest}.") else None
        )
        if found is None:
            yield Finding(what=mark("image {path} is missing", path=path), **place)
        elif found != digest:
            yield Finding(what=mark("image {path} is not what its name says", path=path), **place)
        elif self.files.place(path).stat().st_size != row["bytes"]:
            yield Finding(
                what=mark("image {path}: the database has the wrong size", path=path), **place
            )

    def strays(self, piece: Piece) -> Iterator[Finding]:
        """Files of a folder that no row names: somebody's own, or left by a kill between file and
        row."""
        outer, _, inner = piece.folder.partition("/")
        paths = self.files.walk(piece.folder, deep=bool(inner))
        ours = (path for path in paths if ".new." not in path)
        while some := list(islice(ours, ROWS)):
            # By their places: a name that is no text comes back from SQLite as another one.
            for row in self.conn.execute(_UNNAMED[outer], (json.dumps(some),)):
                path = some[row[0]]
                yield Finding(
                    sort="stray", path=path, what=mark("no row names this file: {path}", path=path)
                )

    def index(self, piece: Piece) -> Iterator[Finding]:
        """What the search index knows of each article."""
        words = None if piece.sums is None else words_of(self.conn, piece.sums)
        for article_id in self._to_look_up(piece):
            name = partial(mark, "article number {article_id}", article_id=article_id)
            look = partial(check_document, self.conn, article_id, words)
            yield from self.alone(name, look)

    def _to_look_up(self, piece: Piece) -> list[int]:
        """The articles of a piece whose documents are looked at one by one."""
        if piece.sums is None:
            with suppress(sqlite3.Error):  # which is told of the article that it is
                return doubtful(self.conn, piece.first, piece.last)
        return self._ids("articles", piece)

    def strangers(self, _: Piece) -> Iterator[Finding]:
        """Documents of the search index without an article."""
        yield from count_strangers(self.conn)

    def said(self, _: Piece) -> Iterator[Finding]:
        """What the search index knows of comments."""
        yield from check_comments(self.conn)


def _is_own_form(fetch: str, address: str) -> bool:
    """Whether ``address`` is the canonical form of ``fetch``."""
    if fetch == address and _SHORT.fullmatch(fetch):
        return True  # half of all, and known by their looks
    try:
        return urls.canonical(fetch) == address
    except NotAnAddress:
        return False


#: A short address as WeChat makes it, which is its own canonical form.
_SHORT = re.compile(r"https://mp\.weixin\.qq\.com/s/[A-Za-z0-9_-]{22}")


def _is_whole(row: Row) -> bool:
    """Whether an article's long columns are what was written."""
    content = [row[name] for name in checksums.CONTENT]
    return row["is_text"] == 1 and checksums.is_content(content, row["content_check"])


def _are_same(expected: Sequence[Mapping[str, Any]], rows: Sequence[Row]) -> bool:
    """Whether a table holds just these rows of an article, in whatever order."""
    if len(expected) != len(rows):
        return False
    columns = tuple(expected[0])
    found = [tuple([row[column] for column in columns]) for row in rows]
    wanted = [tuple(one.values()) for one in expected]
    if found == wanted and _types(found) == _types(wanted):
        return True
    # Compared as text, since 1 is neither 1.0 nor "1".
    return sorted(map(repr, found)) == sorted(map(repr, wanted))


def _types(rows: Sequence[tuple[Any, ...]]) -> list[type]:
    return [type(value) for row in rows for value in row]


#: Which of many paths no row names, by the folder that they lie in. Versions, whose paths have no
#: index, are read once for all paths that are no article's.
_UNNAMED = {
    "articles": "SELECT key FROM json_each(?) "
    "WHERE NOT EXISTS (SELECT 1 FROM articles WHERE path = value) "
    "AND value NOT IN (SELECT path FROM versions WHERE path IS NOT NULL)",
    "media": "SELECT key FROM json_each(?) WHERE NOT EXISTS (SELECT 1 FROM media WHERE path = value)",
}
