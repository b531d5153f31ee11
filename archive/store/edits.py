"""Files that a person changed: read, kept, searched, and never written over.

A person's tags, star and note are read out of the front matter. Where nothing else was changed but
line ends, the file is this program's again; else the whole of it is kept in ``own_texts``, the state
before in ``own_text_versions``, and from then on only the lines of those marks are written in it.

Everything here is one SQLite transaction that begins by taking the database's write lock: it needs
no lock on the archive and may go on beside a long ``run``, which writes each file inside such a
transaction too.
"""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from archive.db.article_columns import Stored
from archive.db.files import Files
from archive.document import frontmatter
from archive.document.facts import modernised
from archive.document.layout import is_body_untouched
from archive.document.own import NAMES, Own, own_of
from archive.document.own_block import says_more, with_own
from archive.document.own_lines import own_lines, own_values
from archive.errors import BadInput
from archive.record import iso
from archive.store.articles import Articles
from archive.store.indexing import index_article
from archive.store.markdown_files import MarkdownFiles, is_damaged, is_ours, sha256
from archive.store.own import Marking, OwnMarks
from archive.store.sql import Sql
from archive.store.types import OwnVersion, no_version
from scraper.messages import mark

Change = Literal["clean", "marks", "edited", "back", "unreadable", "missing"]
_OURS = frozenset({*NAMES, "wechat_tags", "check"})


@dataclass(frozen=True, slots=True)
class Text:
    """A file that a person changed: the whole of it, and what only they wrote."""

    noticed: str
    markdown: str
    lines: str


class Edits:
    """Taking in what a person did to files, and writing marks into them."""

    def __init__(
        self, sql: Sql, files: Files, articles: Articles, markdown: MarkdownFiles, marks: OwnMarks
    ) -> None:
        self._sql = sql
        self._files = files
        self._articles = articles
        self._markdown = markdown
        self._marks = marks

    def text(self, article_id: int) -> Text | None:
        """The article's file as a person left it; None where it is this program's."""
        row = self._sql.one("SELECT * FROM own_texts WHERE article_id = ?", article_id)
        return Text(row["noticed"], row["markdown"], row["lines"]) if row else None

    def states(self, article_id: int) -> list[OwnVersion]:
        """Every state that a person left the file in, oldest first; the last is the file of now
        where it is theirs."""
        rows = [
            *self._sql.all(
                "SELECT noticed, markdown, 0 AS current FROM own_text_versions "
                "WHERE article_id = ? ORDER BY id",
                article_id,
            ),
            *self._sql.all(
                "SELECT noticed, markdown, 1 AS current FROM own_texts WHERE article_id = ?",
                article_id,
            ),
        ]
        return [
            OwnVersion(
                number,
                datetime.fromisoformat(row["noticed"]),
                row["markdown"],
                bool(row["current"]),
            )
            for number, row in enumerate(rows, start=1)
        ]

    def count_states(self, article_id: int) -> int:
        """How many there are, without reading them."""
        row = self._sql.one(
            "SELECT (SELECT count(*) FROM own_text_versions WHERE article_id = ?) "
            "+ (SELECT count(*) FROM own_texts WHERE article_id = ?) AS n",
            article_id,
            article_id,
        )
        return int(row["n"]) if row else 0

    def state(self, article_id: int, number: int) -> OwnVersion:
        """One of them. Raises NotHeld."""
        found = self.states(article_id)
        if not 0 < number <= len(found):
            held = self._articles.stored(article_id)
            raise no_version(held.key, f"m{number}", held.version, len(found))
        return found[number - 1]

    # --- from the file ---

    def take_in(self, article_id: int, now: datetime) -> Change:
        """Read the article's file and keep what a person did to it; what that was. Raises NotHeld,
        Corrupt, DiskTrouble."""
        with self._sql.transaction():
            row = self._articles.sound_row(article_id)
            data = self._files.read(row["path"])
            if data is None:
                return "missing"
            digest = hashlib.sha256(data).hexdigest()
            if digest == row["markdown_hash"]:
                return self._is_ours_again(row, now)
            if is_ours(data):
                return self._written_before(row, data.decode("utf-8"), now)
            held = self._sql.one("SELECT * FROM own_texts WHERE article_id = ?", article_id)
            if held is not None and held["file_hash"] == digest:
                return "clean"
            plain = self._markdown.render_row(row)
            expected = plain.encode() if sha256(plain) == row["markdown_hash"] else None
            if is_damaged(data, expected):
                return "clean"  # no person's doing: `verify` tells, and mends it
            return self._changed(row, data.decode("utf-8"), now)

    def _is_ours_again(self, row: sqlite3.Row, now: datetime) -> Change:
        held = self._sql.one("SELECT * FROM own_texts WHERE article_id = ?", row["id"])
        if held is None:
            return "clean"
        self._put_by(held)
        self._sql.run("DELETE FROM own_texts WHERE article_id = ?", row["id"])
        self._markdown.rerender(row["id"], now=now)
        self._articles.update(row["id"], edited=None)
        index_article(self._sql.conn, row["id"])
        return "back"

    def _written_before(self, row: sqlite3.Row, text: str, now: datetime) -> Change:
        """A file of this program's that the row does not know: a command was killed between file
        and row, or somebody brought an earlier state back. Its marks hold in both cases."""
        marks = self._read_marks(row["id"], text) if is_body_untouched(text) else None
        if marks is None or marks == self._marks.of(row["id"]):
            return self._is_ours_again(row, now)
        self._marks.put(row["id"], marks, now)
        self._is_ours_again(row, now)
        self._markdown.rerender(row["id"], now=now)
        index_article(self._sql.conn, row["id"])
        return "marks"

    def _changed(self, row: sqlite3.Row, text: str, now: datetime) -> Change:
        article_id = int(row["id"])
        marks = self._read_marks(article_id, text)
        if marks is not None and marks != self._marks.of(article_id):
            self._marks.put(article_id, marks, now)
        plain = self._markdown.render_row(row)
        if marks is not None and self._says_nothing_else(text, plain):
            self._absorb(row, text, plain)
            change: Change = "marks"
        else:
            self._keep(row, text, plain, now)
            change = "edited" if marks is not None else "unreadable"
        index_article(self._sql.conn, article_id)
        return change

    def _read_marks(self, article_id: int, text: str) -> Own | None:
        """What the front matter says; None where it cannot be read."""
        try:
            values = frontmatter.read(text)[0]
        except BadInput:
            return None
        if "tags" in values and "wechat_tags" not in values:
            # From before a person's own tags stood apart: WeChat's stand among them.
            theirs = {
                found["tag"]
                for found in self._sql.all("SELECT tag FROM tags WHERE article_id = ?", article_id)
            }
            kept = [tag for tag in own_of(values).tags if tag not in theirs]
            values = {**modernised(values, untouched=False), "tags": kept}
        return own_of(values)

    def _says_nothing_else(self, text: str, plain: str) -> bool:
        text = text.replace("\r\n", "\n")  # editors save line ends in their own way: nobody's words
        same_body = frontmatter.read(text)[1] == frontmatter.read(plain)[1]
        return (same_body or is_body_untouched(text)) and not says_more(text, plain)

    def _absorb(self, row: sqlite3.Row, text: str, plain: str) -> None:
        """The file holds nothing that the rows do not: it is written as this program does, so that
        later links and pictures reach it."""
        held = self._sql.one("SELECT * FROM own_texts WHERE article_id = ?", row["id"])
        if held is not None:
            self._put_by(held)
            self._sql.run("DELETE FROM own_texts WHERE article_id = ?", row["id"])
        self._markdown.write(row["path"], plain, sha256(text))
        self._articles.update(row["id"], markdown_hash=sha256(plain), edited=None)
        self._articles.mark_fresh(row["id"])

    def _keep(self, row: sqlite3.Row, text: str, plain: str, now: datetime) -> None:
        article_id = int(row["id"])
        held = self._sql.one("SELECT * FROM own_texts WHERE article_id = ?", article_id)
        if held is not None:
            self._put_by(held)
        self._put(article_id, text, plain, iso(now) or "")
        if row["edited"] is None:
            self._articles.update(article_id, edited=iso(now))

    def _put(self, article_id: int, text: str, plain: str, noticed: str) -> None:
        self._sql.run(
            "INSERT OR REPLACE INTO own_texts (article_id, file_hash, noticed, markdown, lines) "
            "VALUES (?, ?, ?, ?, ?)",
            article_id,
            sha256(text),
            noticed,
            text,
            lines_of(text, plain),
        )

    def _put_by(self, held: sqlite3.Row) -> None:
        self._sql.run(
            "INSERT INTO own_text_versions (article_id, noticed, markdown) VALUES (?, ?, ?)",
            held["article_id"],
            held["noticed"],
            held["markdown"],
        )

    def restore(self, article_id: int, markdown: str, now: datetime) -> None:
        """The file as a person left it in another archive, where it is this program's own here. Raises
        DiskTrouble, Corrupt."""
        with self._sql.transaction():
            row = self._articles.sound_row(article_id)
            data = self._files.read(row["path"])
            if data is None or not is_ours(data) or self.text(article_id) is not None:
                return
            self._files.write(row["path"], markdown.encode(), instead_of=data)
            self.take_in(article_id, now)

    # --- moved and deleted files ---

    def follow(self, article_id: int, path: str, now: datetime) -> None:
        """The article's file stands elsewhere since a person moved it there. Raises DiskTrouble,
        Corrupt."""
        with self._sql.transaction():
            self._articles.update(article_id, path=path)
            pointing = self._sql.all(
                "SELECT DISTINCT article_id FROM links WHERE target_id = ?", article_id
            )
            self._articles.mark_stale(row["article_id"] for row in pointing)
            self._sql.run("DELETE FROM missing_files WHERE article_id = ?", article_id)
            if self.take_in(article_id, now) == "clean":
                row = self._articles.row(article_id)
                if row["edited"] is None:  # pictures are elsewhere from there
                    self._markdown.rerender(article_id, now=now)
            index_article(self._sql.conn, article_id)

    def note_missing(self, article_id: int, noticed: str) -> None:
        """The article's file was deleted: it is not written again until somebody wants it."""
        with self._sql.transaction():
            self._sql.run(
                "INSERT OR IGNORE INTO missing_files (article_id, noticed) VALUES (?, ?)",
                article_id,
                noticed,
            )

    def forget_missing(self, article_id: int) -> None:
        """Its file is there again."""
        with self._sql.transaction():
            self._sql.run("DELETE FROM missing_files WHERE article_id = ?", article_id)

    def write_again(self, article_id: int, now: datetime) -> None:
        """Write a file that was deleted: as a person left it, where it was theirs. Raises
        DiskTrouble, Corrupt."""
        with self._sql.transaction():
            self._sql.run("DELETE FROM missing_files WHERE article_id = ?", article_id)
            self._markdown.rerender(article_id, now=now)

    # --- into the file ---

    def mark(self, held: Stored, marking: Marking, now: datetime) -> Own:
        """Change what is said of the article, in its rows and in its file; what is said now.

        What a person wrote into the file meanwhile is taken in first. Raises BadInput where the
        file's front matter cannot be read or written without loss, DiskTrouble, CannotCreate,
        Corrupt; nothing has changed then.
        """
        with self._sql.transaction():
            if self.take_in(held.article_id, now) == "unreadable":
                raise BadInput(
                    mark(
                        "the front matter of {path} cannot be read: mend it, then do it again",
                        path=held.path,
                    )
                )
            was = self._marks.of(held.article_id)
            own = marking.applied(was)
            if own != was:
                self._marks.put(held.article_id, own, now)
                self._write(held.article_id, own, now)
                index_article(self._sql.conn, held.article_id)
        return own

    def mark_row(self, held: Stored, marking: Marking, now: datetime) -> None:
        """The same in the rows alone, for a file that cannot be written to."""
        with self._sql.transaction():
            own = marking.applied(self._marks.of(held.article_id))
            self._marks.put(held.article_id, own, now)
            index_article(self._sql.conn, held.article_id)

    def _write(self, article_id: int, own: Own, now: datetime) -> None:
        row = self._articles.row(article_id)
        data = self._files.read(row["path"])
        if data is None:
            return  # deleted by a person, who is asked about it
        if hashlib.sha256(data).hexdigest() == row["markdown_hash"] or is_ours(data):
            self._markdown.rerender(article_id, now=now)
            return
        held = self._sql.one("SELECT * FROM own_texts WHERE article_id = ?", article_id)
        tags = self._sql.all("SELECT tag FROM tags WHERE article_id = ?", article_id)
        try:
            text = with_own(data.decode("utf-8"), own, [found["tag"] for found in tags])
        except BadInput as error:
            told = mark("{path}: {error}; change it there", path=row["path"], error=error)
            raise BadInput(told) from error
        self._files.write(row["path"], text.encode(), instead_of=data)
        noticed = held["noticed"] if held is not None else iso(now)
        self._put(article_id, text, self._markdown.render_row(row), noticed or "")


def lines_of(text: str, plain: str) -> str:
    """What a file says that it would not say without a person: lines of its text, values of names
    that are not this program's."""
    try:
        values, body = frontmatter.read(text)
    except BadInput:
        values, body = {}, text
    known, rest = frontmatter.read(plain)
    named = own_values(values, {**known, **dict.fromkeys(_OURS)})
    return "\n".join(part for part in (named, own_lines(body, rest)) if part)
