"""The comments under articles: kept as a tree, with when each was first and last seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from archive.db import checksums, discussion_tables
from archive.db.identity import exists as identity_exists
from archive.document.bounds import encodable
from archive.document.discussion import Discussion, KeptComment
from archive.errors import Corrupt
from archive.record import iso
from archive.store.articles import Articles
from archive.store.decide import image_id
from archive.store.sql import Sql
from archive.store.types import time
from scraper.messages import mark
from scraper.models import Image
from scraper.records import dataclass
from scraper.traffic.models import Comment

#: A name in ``meta``.
_IN_FILES = "comments_in_files"
#: The columns that say what a comment says; ``row_check`` is over them.
SAID = (
    "comment_id",
    "position",
    "author",
    "text",
    "written",
    "likes",
    "place",
    "by_author",
    "liked_by_author",
    "pinned",
    "reply_to",
    "reply_count",
    "first_seen",
    "last_seen",
    "gone",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What keeping a look changed: how many comments and replies are new, say something else, are
    gone.
    """

    new: int = 0
    changed: int = 0
    gone: int = 0

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)


class Discussions:
    """The tables ``discussions``, ``comments`` and ``comment_pictures``."""

    def __init__(self, sql: Sql, articles: Articles) -> None:
        self._sql = sql
        self._articles = articles

    def note(
        self,
        article_id: int,
        comments: Sequence[Comment],
        seen: datetime,
        *,
        total: int | None = None,
        complete: bool = False,
        first: int = 1,
    ) -> Noted:
        """Keep what a look at an article's comments showed; ``first`` is the place of the first.

        ``complete``: these are all; those that are not among them are gone. Replies that came with
        a comment are all of its replies where there are as many as it says it has. A look that is
        older than the last one changes nothing that is known. One transaction.
        """
        with self._sql.transaction():
            known = self._sql.one("SELECT * FROM discussions WHERE article_id = ?", article_id)
            if known is not None and iso(seen) < known["seen"]:
                gone = time(known["complete"]) if (known["complete"] or "") > iso(seen) else None
                return self._note_earlier(article_id, comments, seen, gone)
            noted = self._note_all(article_id, comments, seen, first)
            if complete:
                noted = replace(noted, gone=noted.gone + self._mark_gone(article_id, seen))
            self._sql.run(
                "INSERT INTO discussions (article_id, total, seen, complete) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (article_id) DO UPDATE SET total = coalesce(excluded.total, total), "
                "seen = excluded.seen, complete = coalesce(excluded.complete, complete)",
                article_id,
                total,
                iso(seen),
                iso(seen) if complete else None,
            )
            if noted:
                self._articles.mark_stale([article_id])
        return noted

    def note_replies(
        self,
        article_id: int,
        comment_id: str,
        replies: Sequence[Comment],
        seen: datetime,
        *,
        first: int | None = None,
    ) -> Noted:
        """Keep more replies to a comment that is held; nothing where it is not. ``first`` is the
        place of the first, behind those that are held unless given.
        """
        parent = self._row(article_id, comment_id)
        if parent is None:
            return Noted()
        with self._sql.transaction():
            held = self._sql.one(
                "SELECT coalesce(max(position), 0) AS n FROM comments WHERE parent_id = ?",
                parent["id"],
            )
            first = first or (held["n"] + 1 if held else 1)
            noted = self._note_all(article_id, replies, seen, first, parent)
            if noted:
                self._articles.mark_stale([article_id])
        return noted

    def all_replies_seen(self, article_id: int, comment_id: str, seen: datetime) -> int:
        """A look showed every reply to a comment: the others are gone; how many."""
        parent = self._row(article_id, comment_id)
        return self._mark_replies_gone(parent["id"], seen) if parent is not None else 0

    def show_in_files(self, shown: bool) -> None:
        """Whether Markdown files show comments; where that is another thing than before, those that
        have some become stale.
        """
        if shown == in_files(self._sql.conn):
            return
        with self._sql.transaction():
            self._sql.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", _IN_FILES, int(shown))
            for row in self._sql.all("SELECT DISTINCT article_id FROM comments"):
                self._articles.mark_stale([row["article_id"]])

    def seen_completely(self, article_id: int) -> datetime | None:
        """The last look at all of an article's comments."""
        row = self._sql.one("SELECT complete FROM discussions WHERE article_id = ?", article_id)
        return time(row["complete"]) if row else None

    def forget(self, number: int, article_id: int) -> None:
        """A damaged comment goes, with the replies to it; the next look brings it again."""
        with self._sql.transaction():
            self._sql.run("DELETE FROM comments WHERE id = ?", number)
            self._sql.run("UPDATE discussions SET complete = NULL WHERE article_id = ?", article_id)
            self._articles.mark_stale([article_id])

    def of(self, article_id: int) -> Discussion | None:
        """What is known of an article's comments, in WeChat's order; None where nobody looked.
        Raises Corrupt.
        """
        return discussion(self._sql.conn, article_id)

    # --- inside

    def _row(self, article_id: int, comment_id: str) -> sqlite3.Row | None:
        return self._sql.one(
            "SELECT * FROM comments WHERE article_id = ? AND comment_id = ?", article_id, comment_id
        )

    def _note_earlier(
        self, article_id: int, comments: Sequence[Comment], seen: datetime, gone: datetime | None
    ) -> Noted:
        """From an older recording: what is not known yet, and when something was seen first.
        ``gone``: when a later look at all of them did not show what is not known.
        """
        new = 0
        for position, one in enumerate(comments, start=1):
            for said, number in ((one, one.id), *((r, f"{one.id}/{r.id}") for r in one.replies)):
                row = self._row(article_id, number)
                if row is None:
                    parent = self._row(article_id, one.id) if said is not one else None
                    self._insert(article_id, said, number, position, seen, parent, gone)
                    new += 1
                elif iso(seen) < row["first_seen"]:
                    self._update(row, {"first_seen": iso(seen)})
        if new:
            self._articles.mark_stale([article_id])
        return Noted(new=new)

    def _note_all(
        self,
        article_id: int,
        comments: Sequence[Comment],
        seen: datetime,
        first: int,
        parent: sqlite3.Row | None = None,
    ) -> Noted:
        new = changed = gone = 0
        for position, one in enumerate(comments, start=first):
            number = one.id if parent is None else f"{parent['comment_id']}/{one.id}"
            row = self._row(article_id, number)
            if row is None:
                self._insert(article_id, one, number, position, seen, parent)
                new += 1
            else:
                changed += self._seen_again(row, one, position, seen)
            if one.replies:
                row = self._row(article_id, number)
                inner = self._note_all(article_id, one.replies, seen, 1, row)
                new, changed = new + inner.new, changed + inner.changed
                if row is not None and len(one.replies) >= one.reply_count:
                    gone += self._mark_replies_gone(row["id"], seen)
        return Noted(new=new, changed=changed, gone=gone)

    def _insert(
        self,
        article_id: int,
        one: Comment,
        number: str,
        position: int,
        seen: datetime,
        parent: sqlite3.Row | None,
        gone: datetime | None = None,
    ) -> None:
        said = {
            **_said(one),
            "comment_id": number,
            "position": position,
            "first_seen": iso(seen),
            "last_seen": iso(seen),
            "gone": iso(gone) if gone else None,
        }
        row_id = self._sql.insert(
            "comments",
            {
                **said,
                "article_id": article_id,
                "parent_id": parent["id"] if parent is not None else None,
                "row_check": checksums.checksum_of(said, SAID),
            },
        )
        self._pictures(row_id, one.pictures, seen)

    def _seen_again(self, row: sqlite3.Row, one: Comment, position: int, seen: datetime) -> bool:
        """Whether it says something else than before, or had been gone."""
        said = _said(one)
        changed = row["gone"] is not None or any(row[name] != said[name] for name in said)
        moved = {"position": position, "last_seen": iso(seen), "gone": None}
        self._update(row, {**said, **moved})
        self._pictures(row["id"], one.pictures, seen)
        return changed

    def _update(self, row: sqlite3.Row, values: dict[str, Any]) -> None:
        check = checksums.checksum_of({**dict(row), **values}, SAID)
        self._sql.update("comments", row["id"], {**values, "row_check": check})

    def _pictures(self, row_id: int, pictures: Sequence[Image], seen: datetime) -> None:
        """Its pictures; those that are not held wait to be fetched by the next run."""
        for position, one in enumerate(pictures):
            self._sql.run(
                "INSERT OR REPLACE INTO comment_pictures VALUES (?, ?, ?, ?, ?)",
                row_id,
                position,
                one.url,
                one.width,
                one.height,
            )
            self._sql.run(
                "INSERT OR IGNORE INTO media_addresses (url, image_id, attempts, due) "
                "VALUES (?, ?, 0, ?)",
                one.url,
                image_id(one.url),
                iso(seen),
            )

    def _mark_gone(self, article_id: int, seen: datetime) -> int:
        return self._all_gone(
            "article_id = ? AND gone IS NULL AND last_seen < ? AND parent_id IS NULL",
            seen,
            article_id,
        )

    def _mark_replies_gone(self, parent_id: int, seen: datetime) -> int:
        return self._all_gone("parent_id = ? AND gone IS NULL AND last_seen < ?", seen, parent_id)

    def _all_gone(self, condition: str, seen: datetime, of: int) -> int:
        rows = self._sql.all(f"SELECT * FROM comments WHERE {condition}", of, iso(seen))
        for row in rows:
            self._update(row, {"gone": iso(seen)})
            self._all_gone("parent_id = ? AND gone IS NULL AND last_seen < ?", seen, row["id"])
        return len(rows)


def _said(one: Comment) -> dict[str, Any]:
    return {
        "author": encodable(one.author) if one.author else None,
        "text": encodable(one.text),
        "written": iso(one.written) if one.written else None,
        "likes": one.likes,
        "place": encodable(one.place) if one.place else None,
        "by_author": int(one.by_author),
        "liked_by_author": int(one.liked_by_author),
        "pinned": int(one.pinned),
        "reply_to": encodable(one.to) if one.to else None,
        "reply_count": one.reply_count,
    }


def in_files(conn: sqlite3.Connection) -> bool:
    """Whether Markdown files show comments."""
    if not discussion_tables.exist(conn) or not identity_exists(conn):
        return False
    return asked_for_in_files(conn)


def asked_for_in_files(conn: sqlite3.Connection) -> bool:
    """The same of an archive that has the tables."""
    row = conn.execute("SELECT value FROM meta WHERE name = ?", (_IN_FILES,)).fetchone()
    return bool(row and row[0])


def discussion(conn: sqlite3.Connection, article_id: int) -> Discussion | None:
    """What is known of an article's comments. Raises Corrupt for one that changed since written."""
    if not discussion_tables.exist(conn):
        return None
    known = conn.execute("SELECT * FROM discussions WHERE article_id = ?", (article_id,)).fetchone()
    rows = conn.execute(
        "SELECT * FROM comments WHERE article_id = ? ORDER BY gone IS NOT NULL, position, id",
        (article_id,),
    ).fetchall()
    if known is None and not rows:
        return None
    replies: dict[int | None, list[sqlite3.Row]] = {}
    for row in rows:
        require_comment(row)
        replies.setdefault(row["parent_id"], []).append(row)
    found = tuple(_kept(conn, row, replies) for row in replies.get(None, ()))
    seen = time(known["seen"]) if known else max(one.last_seen for one in found)
    assert seen is not None
    return Discussion(
        comments=found,
        total=known["total"] if known else None,
        seen=seen,
        complete=time(known["complete"]) if known else None,
    )


def require_comment(row: sqlite3.Row) -> None:
    """Raises Corrupt where a comment is not what was written."""
    if checksums.checksum_of(row, SAID) != row["row_check"]:
        raise Corrupt(
            mark(
                "comment {id} in the database changed since written; run "
                "`wechat-archive verify --repair`",
                id=row["id"],
            )
        )


def _kept(
    conn: sqlite3.Connection, row: sqlite3.Row, replies: dict[int | None, list[sqlite3.Row]]
) -> KeptComment:
    pictures = conn.execute(
        "SELECT * FROM comment_pictures WHERE comment_id = ? ORDER BY position", (row["id"],)
    )
    said = Comment(
        id=row["comment_id"].rpartition("/")[2],
        author=row["author"],
        text=row["text"],
        written=time(row["written"]),
        likes=row["likes"],
        place=row["place"],
        by_author=bool(row["by_author"]),
        liked_by_author=bool(row["liked_by_author"]),
        pinned=bool(row["pinned"]),
        to=row["reply_to"],
        pictures=tuple(
            Image(url=one["url"], role="comment", width=one["width"], height=one["height"])
            for one in pictures
        ),
        reply_count=row["reply_count"],
    )
    return KeptComment(
        comment=said,
        first_seen=datetime.fromisoformat(row["first_seen"]),
        last_seen=datetime.fromisoformat(row["last_seen"]),
        gone=time(row["gone"]),
        replies=tuple(_kept(conn, one, replies) for one in replies.get(row["id"], ())),
    )
