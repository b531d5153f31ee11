"""Mending what ``check`` found: derived again from what is sound, or marked to be fetched again.

What is mended from what: files from rows; rows from the raw page, or from their own hash where a
single bit flipped; links, images and tags from the article's record; the search index from the
rows; images from the network, by the next ``run``. Nothing is thrown away that may be somebody's: a
damaged Markdown file stays beside the new one.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from archive import record
from archive.db import checksums, tallies
from archive.db.files import Disk
from archive.db.names import ARCHIVE_DB, SNAPSHOTS_DB
from archive.db.opening import open_database
from archive.db.transactions import transaction
from archive.document import frontmatter
from archive.document.layout import holding_of
from archive.errors import ArchiveError
from archive.record import iso
from archive.snapshots import Snapshots
from archive.store import Store
from archive.store.decide import content_hash
from archive.store.finding import may_be_same
from archive.store.markdown_files import is_ours
from archive.store.rows import article_row
from archive.verify.check import check
from archive.verify.findings import Finding
from archive.verify.flips import unflipped
from archive.verify.structure import redefine
from archive.verify.texts import tolerant
from scraper import urls
from scraper.errors import NotAnAddress, ScrapeError, Unexpected
from scraper.messages import mark, message_of
from scraper.models import Article, Identity

#: What is left when SQLite cannot read its own file any more; the Markdown files hold everything
#: but raw pages.
ANEW = mark(
    "put a backup in its place, or move archive.db away and give the folder `articles` to "
    "`wechat-archive import`, which makes the database again from the files"
)


def repair(
    root: Path, findings: Iterable[Finding], now: datetime, *, disk: Disk | None = None
) -> Iterator[Finding]:
    """Each finding again, with what was done about it. Call it under the archive's lock."""
    findings = list(findings)
    if not any(finding.sort not in ("stray", "edited", "lost") for finding in findings):
        yield from findings
        return
    database = root / ARCHIVE_DB
    try:
        db = open_database(database)
    except ArchiveError:
        yield from (
            replace(f, repaired=False, how=mark("cannot be opened: {anew}", anew=ANEW))
            for f in findings
        )
        return
    with db:
        mender = _Mender(Store(db, root, eager=False, disk=disk), now)
        for finding in findings:
            if finding.sort == "database":
                yield mender.mend(finding)
        if mender.redefined:
            findings = list(check(root))
        for finding in sorted(findings, key=_turn):
            if finding.sort != "database":
                yield mender.mend(finding)
        mender.finish()


#: Rows first: files, index and links are made again from them.
_ORDER = (
    "row",
    "content",
    "address",
    "parts",
    "version",
    "comment",
    "media",
    "markdown",
    "index",
    "snapshot",
    "due",
)


def _turn(finding: Finding) -> int:
    return _ORDER.index(finding.sort) if finding.sort in _ORDER else len(_ORDER)


class _Mender:
    def __init__(self, store: Store, now: datetime) -> None:
        self.store, self.now, self.conn = store, now, store.db.conn
        # A flipped bit may leave bytes that are no UTF-8; they have to be read to be mended.
        self.conn.text_factory = tolerant
        self._reindexed = False
        self._rebuilt: bool | None = None
        #: Tables that got columns back, empty: what should stand in them is known to a new look.
        self.redefined: list[str] = []
        self._damaged: set[str] | None = None

    def mend(self, finding: Finding) -> Finding:
        """The finding with what came of it. Never raises for what one of them is about."""
        ways: dict[str, Callable[[Finding], tuple[bool, str]]] = {
            "database": self._database,
            "content": self._content,
            "row": self._row,
            "address": self._address,
            "parts": self._parts,
            "version": self._version,
            "comment": self._comment,
            "media": self._media,
            "markdown": self._markdown,
            "index": self._index,
            "snapshot": self._snapshot,
            "due": self._due,
        }
        way = ways.get(finding.sort)
        if way is None:
            return finding
        try:
            repaired, how = way(finding)
            return replace(finding, repaired=repaired, how=how)
        except (ArchiveError, sqlite3.Error, OSError, ValueError) as error:
            how = message_of(error)
        except Exception as error:  # one of them; the others are mended all the same
            how = message_of(Unexpected.of(error))
        return replace(finding, repaired=False, how=how)

    def _comment(self, finding: Finding) -> tuple[bool, str]:
        if finding.article_id is None or finding.name is None:
            return False, "nothing says which one it is"
        self.store.discussions.forget(int(finding.name), finding.article_id)
        return True, "it is left out, with the replies to it; `discuss` asks for it again"

    def finish(self) -> None:
        """Write the files that the mending made stale."""
        self.store.write_stale_files()

    # --- the database file --------------------------------------------------------------------------------------------

    def _database(self, finding: Finding) -> tuple[bool, str]:
        if self._rebuilt is None:
            self.redefined = redefine(self.conn)
            with transaction(self.conn):
                tallies.fill(self.conn)
            self.conn.execute("REINDEX")
            # Writes every page anew: what flipped in free room or in a header is gone.
            self.conn.execute("VACUUM")
            rows = self.conn.execute("PRAGMA integrity_check").fetchall()
            self._rebuilt = [tuple(row) for row in rows] == [("ok",)]
        if self._rebuilt:
            return True, mark("the database file was written anew and is sound")
        return False, mark("damaged beyond its indexes: {anew}", anew=ANEW)

    # --- rows ---------------------------------------------------------------------------------------------------------

    def _content(self, finding: Finding) -> tuple[bool, str]:
        row = self._article_row(finding)
        checksums.require_head(row)
        for source, article in self._sources(row):
            if content_hash(article) == row["content_hash"] or source == mark("its raw page"):
                self.store.maintenance.replace_content(row["id"], article, self.now)
                return True, mark("made again from {source}", source=source)
        return False, mark("no raw page of it is kept: `save --refresh` fetches it again")

    def _sources(self, row: sqlite3.Row) -> Iterator[tuple[str, Article]]:
        """The article again, best source first."""
        mended = unflipped(
            {name: row[name] for name in checksums.CONTENT},
            checksums.content_checksum,
            row["content_check"],
        )
        if mended is not None:
            yield (
                mark("its own hash"),
                record.loads(mended["record"], mended["body"], mended["text"]),
            )
        place = self.store.root / SNAPSHOTS_DB
        if not place.exists():
            return
        from scraper import parse

        with Snapshots(place, readonly=True) as kept:
            numbers = [row["snapshot_id"]] if row["snapshot_id"] is not None else []
            numbers += [snapshot.id for snapshot in kept.of(self._canonical(row["id"]))]
            for number in dict.fromkeys(numbers):
                try:
                    article = parse(kept.get(number))
                except (ArchiveError, ScrapeError):
                    continue
                if number != row["snapshot_id"]:
                    yield mark("a raw page"), article
                elif self._is_of(article, row["id"]):
                    yield mark("its raw page"), article

    def _is_of(self, page: Article, article_id: int) -> bool:
        """Whether a page that the article's row names may be its own."""
        held = self.conn.execute(
            "SELECT biz, mid, idx FROM articles WHERE id = ?", (article_id,)
        ).fetchone()
        return may_be_same(page.identity, None if None in held else Identity(*held))

    def _canonical(self, article_id: int) -> list[str]:
        return [
            r[0]
            for r in self.conn.execute(
                "SELECT address FROM addresses WHERE article_id = ?", (article_id,)
            )
        ]

    def _row(self, finding: Finding) -> tuple[bool, str]:
        row = self._article_row(finding)
        as_it_is = {name: row[name] for name in checksums.head_names()}
        candidates = [as_it_is]
        said: dict[str, Any] | None = None
        if checksums.content_checksum(row) == row["content_check"]:
            article = record.loads(row["record"], row["body"], row["text"])
            said = {
                n: v
                for n, v in article_row(article, row["parser_version"]).items()
                if n in as_it_is
            }
            said["account_id"] = self._account_of(article)
            candidates.insert(0, {**as_it_is, **said})
        for candidate in candidates:
            mended = unflipped(candidate, checksums.head_checksum, row["head_check"])
            if mended is not None:
                self._write_head(row["id"], mended)
                return True, mark("made again from its record and its hash")
        told = self._from_file(row) if said is not None else None
        if said is None or told is None:
            return (
                False,
                mark("its facts cannot be told from its hash: `save --refresh` fetches it again"),
            )
        self._write_head(row["id"], {**as_it_is, **said, **told})
        return True, mark("made again from its record and its file")

    def _account_of(self, article: Article) -> int | None:
        row = self.conn.execute(
            "SELECT id FROM accounts WHERE biz = :biz OR (:biz IS NULL AND name = :name) ORDER BY id LIMIT 1",
            {"biz": article.account.biz, "name": article.account.name},
        ).fetchone()
        return int(row["id"]) if row else None

    def _write_head(self, article_id: int, values: dict[str, Any]) -> None:
        columns = {name: value for name, value in values.items() if name != "id"}
        self.store.maintenance.update_article(article_id, **columns)

    def _from_file(self, row: sqlite3.Row) -> dict[str, Any] | None:
        """What only the archive knew, as the article's own file says it."""
        data = self.store.files.read(row["path"])
        if data is None or not is_ours(data):
            return None
        holding = holding_of(frontmatter.read(data.decode())[0])
        if holding.key is None or holding.archived is None:
            return None
        versions = self.conn.execute(
            "SELECT count(*) FROM versions WHERE article_id = ?", (row["id"],)
        ).fetchone()[0]
        return {
            "key": holding.key,
            "archived": iso(holding.archived),
            "checked": iso(holding.changed or holding.archived),
            "changed": iso(holding.changed) if holding.changed else None,
            "changes": row["changes"] if holding.changed else None,
            "version": versions + 1,
            "gone": iso(holding.gone) if holding.gone else None,
            "gone_reason": holding.gone_reason,
            "gone_shown": holding.gone_shown,
            "edited": None,
            "markdown_hash": hashlib.sha256(data).hexdigest(),
        }

    def _article_row(self, finding: Finding) -> sqlite3.Row:
        row: sqlite3.Row | None = self.conn.execute(
            "SELECT * FROM articles WHERE id = ?", (finding.article_id,)
        ).fetchone()
        if row is None:
            raise ArchiveError(mark("the row is not there any more"))
        return row

    def _parts(self, finding: Finding) -> tuple[bool, str]:
        assert finding.article_id is not None
        self.store.maintenance.derive_again(finding.article_id, self.now)
        return True, mark("made again from the article's record")

    def _version(self, finding: Finding) -> tuple[bool, str]:
        row = self.conn.execute("SELECT * FROM versions WHERE id = ?", (finding.name,)).fetchone()
        if finding.path is not None:
            beside = self.store.maintenance.write_version_file(row, finding.path)
            return (
                True,
                mark("its file was written again beside the changed one: {beside}", beside=beside)
                if beside
                else mark("its file was written again"),
            )
        mended = unflipped(
            {name: row[name] for name in checksums.CONTENT},
            checksums.content_checksum,
            row["content_check"],
        )
        article = (
            record.loads(mended["record"], mended["body"], mended["text"])
            if mended
            else self._from_page(row)
        )
        if article is None:
            return False, mark("no raw page of this version is kept")
        self.store.maintenance.replace_version(row, article)
        return True, mark("made again from its own hash") if mended else mark(
            "made again from its raw page"
        )

    def _from_page(self, row: sqlite3.Row) -> Article | None:
        place = self.store.root / SNAPSHOTS_DB
        if row["snapshot_id"] is None or not place.exists():
            return None
        from scraper import parse

        with Snapshots(place, readonly=True) as kept:
            article = parse(kept.get(row["snapshot_id"]))
        return article if self._is_of(article, row["article_id"]) else None

    def _address(self, finding: Finding) -> tuple[bool, str]:
        row = self.conn.execute(
            "SELECT * FROM addresses WHERE address = ?", (finding.name,)
        ).fetchone()
        try:
            right = urls.canonical(row["fetch"])
        except NotAnAddress:
            right = None
        self.store.maintenance.replace_address(row["address"], right)
        return (
            True,
            mark("made again from the address that was asked for")
            if right
            else mark("forgotten: it opens nothing"),
        )

    # --- files --------------------------------------------------------------------------------------------------------

    def _media(self, finding: Finding) -> tuple[bool, str]:
        assert finding.name is not None
        self.store.maintenance.forget_media(finding.name, finding.path, self.now)
        return True, mark("marked to be fetched again: `wechat-archive run` does")

    def _markdown(self, finding: Finding) -> tuple[bool, str]:
        assert finding.article_id is not None
        row = self._article_row(finding)
        text = self.store.shown_markdown(row["id"]).encode()
        there = self.store.files.read(row["path"])
        how = mark("written again from the database")
        if there is not None and not is_ours(there):
            aside = self._aside(row["path"], there)
            self.store.files.write(aside, there)
            how = mark("{how}; what was there is kept as {aside}", how=how, aside=aside)
        if there != text:
            self.store.files.write(row["path"], text)
        self.store.rerender(row["id"], now=self.now)
        return True, how

    def _aside(self, path: str, data: bytes) -> str:
        """Where a damaged file is kept; the same place for the same bytes."""
        number = 1
        while True:
            aside = f"{path.removesuffix('.md')}.damaged{'' if number == 1 else f'-{number}'}.md"
            if self.store.files.read(aside) in (None, data):
                return aside
            number += 1

    def _index(self, finding: Finding) -> tuple[bool, str]:
        if not self._reindexed:
            from archive.search.rebuild import reindex

            reindex(self.conn)
            self._reindexed = True
        return True, mark("the search index was built again")

    def _due(self, finding: Finding) -> tuple[bool, str]:
        if finding.name == "index":
            return self._index(finding)
        assert finding.article_id is not None
        self.store.rerender(finding.article_id, now=self.now)
        return True, "written"

    def _snapshot(self, finding: Finding) -> tuple[bool, str]:
        place = self.store.root / SNAPSHOTS_DB
        if self._damaged is None:
            with Snapshots(place) as kept:
                kept.mend()
            with Snapshots(place, readonly=True) as kept:
                self._damaged = {damage.what for damage in kept.check()}
        if finding.what not in self._damaged:
            return True, mark("made again from the rest of snapshots.db")
        return False, mark(
            "a raw page cannot be derived: `save --refresh` fetches what is still there"
        )
