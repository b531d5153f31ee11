"""From a parsed page to rows and a file: new, changed, unchanged, gone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from archive import record
from archive.db import checksums
from archive.db.tombstones import removed_identity, told_removed
from archive.document.own import Own
from archive.document.paths import path_of
from archive.errors import BadInput
from archive.record import iso
from archive.store import decide
from archive.store.derived import Derived
from archive.store.finding import identified
from archive.store.indexing import index_article
from archive.store.merging import Merging
from archive.store.rows import addresses_of, article_row, identity_of
from archive.store.tables import Tables
from archive.store.types import Kept
from scraper.errors import Gone, Unrecognised
from scraper.messages import mark
from scraper.models import Article

T = TypeVar("T")

#: As long as a hash, which takes its place in the same transaction: a row that changes its length is
#: written a second time, ten pages of 4 KB.
NO_FILE_YET = "0" * 64


class _Undone(Exception):
    """Takes a trial back."""


class Keeper:
    """Articles coming in."""

    def __init__(self, tables: Tables, merging: Merging, derived: Derived) -> None:
        self._tables = tables
        self._merging = merging
        self._derived = derived

    def keep(
        self,
        article: Article,
        *,
        address: str,
        now: datetime,
        snapshot_id: int | None = None,
        parser_version: int | None = None,
        refresh: bool = False,
        again: bool = False,
        key: str | None = None,
        path: str | None = None,
        own: Own | None = None,
    ) -> Kept:
        """Keep what a page said, and remember that it was seen under ``address``.

        New: a file and rows. Changed by its author: the file shows the new content, the old one
        becomes a version. Unchanged: not a byte is written, except that ``refresh`` notes when it
        was looked at. ``again`` says that the same page was read by another parser (``reparse``):
        what differs is taken over without a new version. ``parser_version`` is this program's own
        unless given; ``now`` is aware. ``key`` and ``path`` are those that an archive rebuilt from
        its files gave a new article before, used where they are free; ``own`` is what a person said
        of it there: in the rows before the file is written, which has nothing else of it.

        Raises Unrecognised for a page without any content, which can never replace one, DiskTrouble
        and CannotCreate where nothing could be written; the archive is then as it was.
        """
        article, written = record.storable_and_record(article)
        if decide.is_hollow(article):
            raise Unrecognised(
                mark(
                    "{address} has a title but no text and no pictures: not kept", address=address
                ),
                url=address,
            )
        addresses = addresses_of(article, address)
        known = identified(article, identity_of(article, addresses))
        made_by = parser_version if parser_version is not None else current_parser()
        fresh = article_row(known, made_by, written if known is article else None)
        article = known
        with self._tables.sql.transaction():
            row = self._merging.row_of(article, addresses)
            if row is None:
                kept = self._add(article, fresh, now, snapshot_id, key, path, own)
                for one in addresses:
                    self._tables.addresses.take(one, kept.article_id, now)
            else:
                learned = self._merging.merge_identity(row, article, addresses, now)
                row = self._tables.articles.row(row["id"])
                kept = self._compare(row, article, fresh, now, snapshot_id, refresh, again, learned)
                for one in addresses:
                    self._tables.addresses.note(one, kept.article_id, now)
        return kept

    def trial(self, article: Article, address: str, now: datetime, ask: Callable[[int], T]) -> T:
        """What ``ask`` says of a new article, given its number, as it would be kept: with its row,
        parts and search terms, but without a file. Nothing of it stays."""
        article = record.storable(article)
        article = identified(article, identity_of(article, addresses_of(article, address)))
        with self._tables.sql.transaction():
            try:
                with self._tables.sql.transaction():
                    answer = ask(self._insert_for_trial(article, now))
                    raise _Undone
            except _Undone:
                return answer

    def _insert_for_trial(self, article: Article, now: datetime) -> int:
        key = self._tables.articles.free_key(article)
        number_of = self._tables.accounts.number_of
        row = self._tables.articles.insert(
            {
                **article_row(article, current_parser()),
                "key": key,
                "path": path_of(article, key),
                "account_id": number_of(article.account, article.published, now),
                "markdown_hash": "",
                "archived": iso(now),
                "checked": iso(now),
                "version": 1,
            }
        )
        article_id = int(row["id"])
        self._derived.write_parts(article, article_id)
        self._tables.accounts.note_album(article)
        index_article(self._tables.sql.conn, article_id)
        return article_id

    def _add(
        self,
        article: Article,
        fresh: dict[str, Any],
        now: datetime,
        snapshot_id: int | None,
        key: str | None,
        path: str | None,
        own: Own | None,
    ) -> Kept:
        self._refuse_removed(article)
        if key is None or self._tables.finder.by_key(key) is not None:
            key = self._tables.articles.free_key(article)
        if path is None or self._tables.articles.is_path_taken(path):
            path = path_of(article, key)
        said = {
            **fresh,
            "key": key,
            "path": path,
            "account_id": self._tables.accounts.number_of(article.account, article.published, now),
            "markdown_hash": NO_FILE_YET,
            "snapshot_id": snapshot_id,
            "archived": iso(now),
            "checked": iso(now),
            "version": 1,
        }
        row = self._tables.articles.insert(said)
        article_id = int(row["id"])
        self._tables.articles.note_change(article_id, "new")
        if article.identity is not None:
            self._tables.links.relink_identity(article.identity, article_id)
        if own is not None:
            self._tables.marks.put(article_id, own, now)
        beside = self._derived.write(article, {**row, "markdown_hash": ""}, now, new=True)
        return Kept(article_id, key, path, "new", beside)

    def _refuse_removed(self, article: Article) -> None:
        """What a person removed comes back when they say so, by no page that happens to show it."""
        found = removed_identity(self._tables.sql.conn, article.identity)
        if found is not None:
            raise BadInput(told_removed(*found))

    def _compare(
        self,
        row: sqlite3.Row,
        article: Article,
        fresh: dict[str, Any],
        now: datetime,
        snapshot_id: int | None,
        refresh: bool,
        again: bool,
        learned: bool,
    ) -> Kept:
        article_id = int(row["id"])
        came_back = row["gone"] is not None and not again
        back = {"gone": None, "gone_reason": None, "gone_shown": None} if came_back else {}
        change = self._change(row, article, fresh, again, learned)
        if change == "unchanged":
            looked = {"checked": iso(now)} if refresh or came_back else {}
            beside = self._leave(row, {**back, **looked}, now, came_back=came_back)
            return Kept(article_id, row["key"], row["path"], change, beside)
        values: dict[str, Any] = {
            **fresh,
            **back,
            "account_id": self._tables.accounts.number_of(article.account, article.published, now),
        }
        if snapshot_id is not None:
            values["snapshot_id"] = snapshot_id
        if change == "modified":
            values |= self._new_version(row, article, now)
        elif refresh:
            values["checked"] = iso(now)
        beside = self._derived.write(article, self._tables.articles.change(row, **values), now)
        return Kept(article_id, row["key"], row["path"], change, beside)

    def _leave(
        self, row: sqlite3.Row, notes: dict[str, Any], now: datetime, *, came_back: bool
    ) -> str | None:
        """Note that nothing has changed; its file is written where it is not there, or says that
        the article is gone."""
        article_id = int(row["id"])
        if notes:
            self._tables.articles.change(row, **notes)
        if came_back:
            index_article(self._tables.sql.conn, article_id)
        if came_back or not self._tables.files.exists(row["path"]):
            return self._tables.markdown.rerender(article_id, now=now)
        return None

    def _new_version(self, row: sqlite3.Row, article: Article, now: datetime) -> dict[str, Any]:
        """Put the version that is held away; what the row says of the new one."""
        article_id = int(row["id"])
        self._tables.versions.archive_version(row, row["version"], article_id)
        self._tables.articles.note_change(article_id, "modified")
        differs = decide.differences(self._article_of(row), article)
        return {
            "checked": iso(now),
            "changed": iso(now),
            "version": row["version"] + 1,
            "changes": json.dumps(differs, ensure_ascii=False),
        }

    def _change(
        self, row: sqlite3.Row, article: Article, fresh: dict[str, Any], again: bool, learned: bool
    ) -> decide.Change:
        same = all(
            fresh[name] == row[name] for name in ("record", "body", "text", "parser_version")
        )
        if again:
            return "unchanged" if same else "reparsed"
        if fresh["content_hash"] == row["content_hash"]:
            # A page that says which article it is says more than the one that did not: account,
            # date, links.
            return "reparsed" if learned and not same else "unchanged"
        # The same words, seen by a newer parser: not the author's doing.
        newer_parser = fresh["parser_version"] != row["parser_version"]
        if newer_parser and decide.words_hash(self._article_of(row)) == decide.words_hash(article):
            return "reparsed"
        return "modified"

    def _article_of(self, row: sqlite3.Row) -> Article:
        checksums.require_content(row)
        return record.loads(row["record"], row["body"], row["text"])

    # --- tombstones ---------------------------------------------------------------------------------------------------

    def gone(self, address: str, error: Gone, now: datetime) -> str | None:
        """Note that an article is not there any more; its key, or None where the archive does not
        hold it.

        The kept content stays as it is; the file's front matter gains the date and the reason. Said
        again, nothing is written.
        """
        found = self._tables.finder.find(address)
        if found is None:
            return None
        if found.gone is None:
            with self._tables.sql.transaction():
                self._tables.articles.update(
                    found.article_id,
                    gone=iso(now),
                    checked=iso(now),
                    gone_reason=error.reason,
                    gone_shown=error.shown,
                )
                index_article(self._tables.sql.conn, found.article_id)
                self._tables.markdown.rerender(found.article_id, now=now)
        return found.key


def current_parser() -> int:
    """The version of this program's parser, which each article notes."""
    import scraper

    return scraper.PARSER_VERSION
