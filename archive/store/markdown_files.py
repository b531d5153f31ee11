"""The Markdown files: rendered from the rows, written so that a person's own edit is never lost."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from archive import record
from archive.db import checksums
from archive.db.article_columns import Stored
from archive.db.errors import is_fatal
from archive.db.files import ChangedMeanwhile, Files
from archive.document.discussion import to_markdown as in_markdown
from archive.document.layout import Holding, is_untouched, relative, sealed, to_markdown
from archive.errors import Corrupt
from archive.record import iso
from archive.store.articles import Articles
from archive.store.discussions import asked_for_in_files, discussion
from archive.store.media import Media
from archive.store.own import OwnMarks
from archive.store.recordings import HeldRecording, Recordings
from archive.store.rows import address_of
from archive.store.sql import Sql
from archive.store.types import time
from scraper.clock import utc_now
from scraper.models import Article
from scraper.recordings import at_address

_LOG = logging.getLogger(__name__)
#: Files that are written in one transaction: others who write, and a signal, wait for no more.
_AT_ONCE = 10


class MarkdownFiles:
    """Rendering articles, and keeping their files in step with the rows."""

    def __init__(
        self,
        sql: Sql,
        files: Files,
        articles: Articles,
        media: Media,
        recordings: Recordings,
        marks: OwnMarks,
    ) -> None:
        self._sql = sql
        self._files = files
        self._articles = articles
        self._media = media
        self._recordings = recordings
        self._marks = marks

    def render(self, article_id: int) -> str:
        """The article's file as it should be: links to kept articles and held images are local.
        Raises Corrupt."""
        return self.render_row(self._articles.sound_row(article_id))

    def render_row(self, row: checksums.Row, path: str | None = None) -> str:
        """The file of a row of ``articles``, as it stands at ``path`` (its own unless given)."""
        article = record.loads(row["record"], row["body"], row["text"])
        return self.render_article(article, row, path)

    def render_article(self, article: Article, row: checksums.Row, path: str | None = None) -> str:
        """The same where the article is at hand."""
        path = path or row["path"]
        recordings = self._played(article, row["id"])
        pictures = self._pictures(article, row["id"], path)
        targets = self._targets(article, row["id"], path)
        played = {one.address: relative(one.path, path) for one in recordings if one.path}

        def link(url: str) -> str | None:
            if url in targets:
                return targets[url]
            recording = at_address(url) if played else None
            if recording is not None and recording.address in played:
                return played[recording.address]
            address = address_of(url) if "mp.weixin.qq.com" in url else None
            return targets.get(address.canonical) if address else None

        comments, count = self._comments(row["id"], path)
        missing = self._missing(article, row["id"], pictures)
        holding = replace(self._holding(row, pictures, missing, recordings), comments=count)
        return sealed(
            to_markdown(
                article,
                holding,
                image=pictures.get,
                link=link,
                play=played.get,
                comments=comments,
            )
        )

    def _played(self, article: Article, article_id: int) -> list[HeldRecording]:
        """The recordings of its cards."""
        return self._recordings.of(article_id) if article.media else []

    def _missing(
        self, article: Article, article_id: int, held: dict[str, str]
    ) -> tuple[tuple[str, str], ...]:
        """The pictures that could not be fetched, and why."""
        if not _has_pictures(article):
            return ()
        rows = self._sql.all(
            "SELECT DISTINCT i.url, m.error FROM images i JOIN media_addresses m ON m.url = i.url "
            "WHERE i.article_id = ? AND m.sha256 IS NULL AND m.error IS NOT NULL ORDER BY i.position",
            article_id,
        )
        return tuple((row["url"], row["error"]) for row in rows if row["url"] not in held)

    def _holding(
        self,
        row: checksums.Row,
        pictures: dict[str, str],
        missing: tuple[tuple[str, str], ...],
        recordings: list[HeldRecording],
    ) -> Holding:
        """What the archive knows of it; ``pictures`` those that are held."""
        return Holding(
            key=row["key"],
            archived=time(row["archived"]),
            changed=time(row["changed"]),
            gone=time(row["gone"]),
            gone_reason=row["gone_reason"],
            gone_shown=row["gone_shown"],
            missing=missing,
            images=tuple((file.rpartition("/")[2], url) for url, file in pictures.items()),
            missing_media=tuple((one.address, one.error) for one in recordings if one.error),
            media_files=tuple(
                (one.path.rpartition("/")[2], one.address) for one in recordings if one.path
            ),
            own=self._marks.of(row["id"]),
        )

    def _comments(self, article_id: int, path: str) -> tuple[str, int | None]:
        """The section of comments for the file at ``path``, and how many they are with replies;
        nothing where files are to show none.
        """
        is_asked_for = self._sql.has_tables("comments", "meta") and asked_for_in_files(
            self._sql.conn
        )
        found = discussion(self._sql.conn, article_id) if is_asked_for else None
        if found is None or not found.comments:
            return "", None
        held = {url: self._media.path_of(url) for url in found.pictures()}
        shown = {url: relative(file, path) for url, file in held.items() if file}
        return in_markdown(found, image=shown.get), sum(1 for _ in found.each())

    def _pictures(self, article: Article, article_id: int, path: str) -> dict[str, str]:
        """Each held image of the article, by its address there: the address of its file from
        ``path``.
        """
        if not _has_pictures(article):
            return {}
        rows = self._sql.all("SELECT DISTINCT url FROM images WHERE article_id = ?", article_id)
        held = {row["url"]: self._media.path_of(row["url"]) for row in rows}
        return {url: relative(file, path) for url, file in held.items() if file}

    def _targets(self, article: Article, article_id: int, path: str) -> dict[str, str]:
        """Each link of the text to a kept article, by address and by canonical address: its file
        from ``path``.
        """
        if not article.links:
            return {}
        rows = self._sql.all(
            "SELECT l.url, l.address, a.path FROM links l JOIN articles a ON a.id = l.target_id "
            "WHERE l.article_id = ? AND l.relation = 'text'",
            article_id,
        )
        files: dict[str, str] = {}
        for row in rows:
            file = relative(row["path"], path)
            files |= {address: file for address in (row["url"], row["address"]) if address}
        return files

    def rerender(self, article_id: int, *, now: datetime | None = None) -> str | None:
        """Write the article's file as the rows say now; see ``write``. Nothing is written where it
        is that already."""
        now = now or utc_now()
        with self._sql.transaction():
            row = self._articles.sound_row(article_id)
            if self.is_deleted(article_id):
                self._articles.mark_fresh(article_id)
                return None
            self.bring_back(row)
            text = self.render_row(row)
            digest, beside = sha256(text), None
            changed: dict[str, str | None] = {}
            if digest != row["markdown_hash"] or not self._files.exists(row["path"]):
                beside = self.write(row["path"], text, row["markdown_hash"])
                written = {"markdown_hash": digest, "edited": None}
                changed = {"edited": iso(now)} if beside else written
            if changed or row["stale"]:
                self._articles.change(row, **changed, stale=0)
            return beside

    def bring_back(self, row: checksums.Row) -> None:
        """Write a person's file as they left it, where it is not there though nobody deleted it: as
        after the loss of the whole folder. Raises DiskTrouble."""
        if row["edited"] is None or self._files.exists(row["path"]):
            return
        theirs = self._sql.one("SELECT markdown FROM own_texts WHERE article_id = ?", row["id"])
        if theirs is not None:
            self._files.write(row["path"], theirs["markdown"].encode())

    def write(self, path: str, text: str, known_hash: str | None) -> str | None:
        """Write ``text`` to ``path``; where a person changed the file there, beside it. Where it
        went, if beside.
        """
        if self._written(path, text, known_hash):
            self._clear_beside(path)
            return None
        stem, number = path.removesuffix(".md"), 1
        while True:
            beside = f"{stem}.new{'' if number == 1 else f'-{number}'}.md"
            if self._written(beside, text, None):
                return beside
            number += 1

    def _written(self, path: str, text: str, known_hash: str | None) -> bool:
        """Whether the file is ``text`` now; not where it is a person's, also since a moment ago."""
        data = text.encode()
        # A new article's is seldom there; where it is, writing says so.
        there = self._files.read(path) if known_hash else None
        while True:
            if not (there is None or _may_go(there, text, known_hash)):
                return False
            try:
                if there != data:
                    self._files.write(path, data, instead_of=there)
            except ChangedMeanwhile:
                there = self._files.read(path)
                continue
            return True

    def is_deleted(self, article_id: int) -> bool:
        """Whether a person deleted the article's file, which is then written again only when they
        say so."""
        sql = "SELECT 1 FROM missing_files WHERE article_id = ?"
        return self._sql.one(sql, article_id) is not None

    def is_edited(self, stored: Stored) -> bool:
        """Whether a person changed the article's file: noted when it was last written, or now."""
        if stored.edited is not None:
            return True
        there = self._files.read(stored.path)
        return (
            there is not None and not _has_hash(there, stored.markdown_hash) and not is_ours(there)
        )

    def _clear_beside(self, path: str) -> None:
        """The new text stands in the file itself again: the copy beside it, if nobody changed it,
        has done its work.
        """
        beside = f"{path.removesuffix('.md')}.new.md"
        there = self._files.read(beside)
        if there is not None and is_ours(there):
            self._files.remove(beside)

    def write_stale_files(self, stop: Callable[[], bool] = lambda: False) -> int:
        """Write every file that shows an older state of its links or images; how many were due.

        Call it when a run starts (a killed one may have left some) and ends. A few files are one
        transaction; a kill leaves those on the disk due, and the next call finds them as they should
        be. ``stop``, asked between them: whether the next call is to write the rest.
        """
        rows = self._sql.all("SELECT id FROM articles WHERE stale ORDER BY id")
        for begin in range(0, len(rows), _AT_ONCE):
            if stop():
                break
            with self._sql.transaction():
                for row in rows[begin : begin + _AT_ONCE]:
                    self._rerender_alone(row["id"])
        if not self._sql.conn.in_transaction:  # the rows are gone for good
            for row in self._sql.all("SELECT path FROM doomed_files"):
                self._delete_file(row["path"])
                with self._sql.transaction():
                    self._sql.run("DELETE FROM doomed_files WHERE path = ?", row["path"])
        return len(rows)

    def _rerender_alone(self, article_id: int) -> None:
        """One that cannot be written stays due, and the others are written all the same."""
        try:
            self.rerender(article_id)
        except Corrupt:
            pass  # `verify` names it
        except Exception as error:
            if is_fatal(error):
                raise
            _LOG.warning("the file of article number %d: %s", article_id, error, exc_info=error)

    def schedule_delete(self, path: str) -> None:
        """Have a file removed as soon as the transaction that took its row away is committed."""
        self._sql.run("INSERT OR IGNORE INTO doomed_files (path) VALUES (?)", path)

    def _delete_file(self, path: str) -> None:
        """Remove a file that no row names any more, unless a person changed it or a row names it
        after all.
        """
        there = self._files.read(path)
        if there is not None and is_ours(there) and not self._articles.is_path_taken(path):
            self._files.remove(path)


def _has_pictures(article: Article) -> bool:
    """Whether ``images`` may have rows of it; with media, since covers of cards stood there once."""
    return bool(article.images or article.media)


def _has_hash(data: bytes, known_hash: str | None) -> bool:
    return hashlib.sha256(data).hexdigest() == known_hash


def is_ours(data: bytes) -> bool:
    """Whether these bytes are a file exactly as this program wrote it."""
    try:
        return is_untouched(data.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _may_go(there: bytes, text: str, known_hash: str | None) -> bool:
    """Whether a file may make way for ``text``: one as this program wrote it. Of a new article, whose
    file has no hash yet, it must not hold marks besides: those of a database that was lost."""
    if _has_hash(there, known_hash):
        return True
    return is_ours(there) and (bool(known_hash) or not _has_other_marks(there, text))


def _has_other_marks(data: bytes, text: str) -> bool:
    """Whether a file of ours has tags, a star, a note or a mark as read that ``text`` has not."""
    from archive.document import frontmatter
    from archive.document.own import Own, own_of

    there, new = (own_of(frontmatter.read(one)[0]) for one in (data.decode(), text))
    return there not in (Own(), new)


def is_damaged(data: bytes, expected: bytes | None) -> bool:
    """Whether a changed file looks like a broken disk rather than like a person: not text any more,
    cut short, or with single bits flipped in place. A person's edit that looks the same is kept
    beside by a repair all the same."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    if any(char < " " and char not in "\n\r\t" for char in text):
        return True
    if expected is None:
        return False
    if len(data) < len(expected):
        return expected.startswith(data)
    return len(data) == len(expected) and all(
        (a ^ b).bit_count() <= 1 for a, b in zip(data, expected, strict=True)
    )


def sha256(text: str) -> str:
    """The hash of the file that holds ``text``."""
    return hashlib.sha256(text.encode()).hexdigest()
