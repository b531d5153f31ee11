"""What a person says of an article, as rows: ``own_marks`` and ``own_tags``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from archive.document.own import Own, note_of, tag_of
from archive.record import iso
from archive.store.sql import Sql
from scraper.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """What is to change; None: stays as it is. ``note=""`` takes the note away. A tag is taken away
    however its letters are written."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    starred: bool | None = None
    read: bool | None = None
    note: str | None = None

    @classmethod
    def of(
        cls,
        *,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
        starred: bool | None = None,
        read: bool | None = None,
        note: str | None = None,
    ) -> Marking:
        """One whose tags and note are as they are kept. Raises BadInput for what is too long."""
        return cls(
            add=tuple(tag for text in add if (tag := tag_of(text))),
            remove=tuple(tag for text in remove if (tag := tag_of(text))),
            starred=starred,
            read=read,
            note=None if note is None else note_of(note) or "",
        )

    def applied(self, own: Own) -> Own:
        """``own`` after the change."""
        return replace(
            own,
            tags=self._tags(own.tags),
            starred=own.starred if self.starred is None else self.starred,
            read=own.read if self.read is None else self.read,
            note=own.note if self.note is None else self.note or None,
        )

    def _tags(self, held: tuple[str, ...]) -> tuple[str, ...]:
        unwanted = {tag.casefold() for tag in self.remove}
        found = {tag.casefold(): tag for tag in held if tag.casefold() not in unwanted}
        for tag in self.add:
            found.setdefault(tag.casefold(), tag)
        return tuple(found.values())


class OwnMarks:
    """The two tables. Writing happens inside the caller's transaction."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def of(self, article_id: int) -> Own:
        """What is said of the article."""
        row = self._sql.one("SELECT * FROM own_marks WHERE article_id = ?", article_id)
        tags = self._sql.all(
            "SELECT tag FROM own_tags WHERE article_id = ? ORDER BY rowid", article_id
        )
        return Own(
            tags=tuple(found["tag"] for found in tags),
            starred=row is not None and row["starred"] is not None,
            read=row is not None and row["read"] is not None,
            note=row["note"] if row is not None else None,
        )

    def put(self, article_id: int, own: Own, now: datetime) -> None:
        """Say this of the article from now on; since when a star stands stays as it was."""
        was = self._sql.one("SELECT * FROM own_marks WHERE article_id = ?", article_id)
        self._sql.run("DELETE FROM own_tags WHERE article_id = ?", article_id)
        for tag in own.tags:
            self._sql.run("INSERT INTO own_tags VALUES (?, ?)", article_id, tag)
        since = {
            name: ((was[name] if was is not None else None) or iso(now)) if wanted else None
            for name, wanted in (("starred", own.starred), ("read", own.read))
        }
        self._sql.run(
            "INSERT OR REPLACE INTO own_marks (article_id, starred, read, note) "
            "VALUES (?, ?, ?, ?)",
            article_id,
            since["starred"],
            since["read"],
            own.note,
        )

    def merge(self, other: int, into: int, now: datetime) -> None:
        """Two articles turn out to be one: what was said of either is said of it."""
        one, two = self.of(into), self.of(other)
        notes = [note for note in dict.fromkeys((one.note, two.note)) if note]
        self.put(
            into,
            Own(
                tags=tuple(dict.fromkeys((*one.tags, *two.tags))),
                starred=one.starred or two.starred,
                read=one.read or two.read,
                note="\n".join(notes) or None,
            ),
            now,
        )
