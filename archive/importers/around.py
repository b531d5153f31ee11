"""Counts and comments out of a recording, put together and kept beside their articles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from archive.importers.report import ImportReport
from archive.store import Store
from scraper.traffic import comments, counts
from scraper.traffic.exchange import Exchange, Reference, kind_of, reference
from scraper.traffic.models import Comment


@dataclass(slots=True)
class _Look:
    """One look at an article's comments, page by page as the client asked for them."""

    article_id: int
    seen: datetime
    comments: list[Comment] = field(default_factory=list)
    total: int | None = None
    complete: bool = False
    began: bool = False
    replies: dict[str, list[Comment]] = field(default_factory=dict)
    #: Comments all of whose replies came.
    ended: set[str] = field(default_factory=set)


class Around:
    """Takes exchanges in the order in which a client made them; ``finish`` keeps what is open."""

    def __init__(self, store: Store, report: ImportReport) -> None:
        self._store = store
        self._report = report
        self._open: dict[int, _Look] = {}

    def take(self, exchange: Exchange, seen: datetime) -> bool:
        """Keep what an answer says; False where it is about an article that is not held.

        Raises Expired, Blocked, Unrecognised for an answer that says nothing.
        """
        asked = exchange.asked()
        article_id = article_of(self._store, reference(asked))
        if article_id is None:
            return False
        kind = kind_of(exchange.url)
        if kind == "counts":
            said = counts.read(exchange.body)
            self._report.counts_seen += self._store.counts.note(article_id, said, seen, "traffic")
        elif kind == "comments":
            self._page(article_id, comments.read(exchange.body), asked, seen)
        elif kind == "replies" and (number := asked.get("content_id")):
            self._replies(article_id, number, comments.read_replies(exchange.body), seen)
        return True

    def finish(self) -> None:
        """Keep every look that is open."""
        for article_id in list(self._open):
            self._keep(article_id)

    def _page(
        self, article_id: int, page: comments.CommentPage, asked: dict[str, str], seen: datetime
    ) -> None:
        is_first = not asked.get("buffer") and asked.get("offset", "0") in ("", "0")
        if is_first:
            self._keep(article_id)
        look = self._open.setdefault(article_id, _Look(article_id, seen, began=is_first))
        look.seen = max(look.seen, seen)
        look.comments += page.comments
        look.total = page.total if page.total is not None else look.total
        look.complete = look.began and not page.more

    def _replies(
        self, article_id: int, number: str, page: comments.ReplyPage, seen: datetime
    ) -> None:
        look = self._open.setdefault(article_id, _Look(article_id, seen))
        look.seen = max(look.seen, seen)
        look.replies.setdefault(number, []).extend(page.replies)

    def _keep(self, article_id: int) -> None:
        look = self._open.pop(article_id, None)
        if look is None:
            return
        kept = self._store.discussions
        with self._store.transaction():
            if look.comments or look.complete:
                noted = kept.note(
                    article_id, look.comments, look.seen, total=look.total, complete=look.complete
                )
                self._report.comments += noted.new
            for number, replies in look.replies.items():
                self._report.comments += kept.note_replies(
                    article_id, number, replies, look.seen
                ).new


def article_of(store: Store, of: Reference) -> int | None:
    """The number of the article that an answer is about, if it is held."""
    if of.identity is not None:
        row = store.db.conn.execute(
            "SELECT id FROM articles WHERE biz = ? AND mid = ? AND idx = ?",
            (of.identity.biz, of.identity.mid, of.identity.idx),
        ).fetchone()
        return int(row["id"]) if row else None
    found = list(_candidates(store, of))
    return found[0] if len(found) == 1 else None


def _candidates(store: Store, of: Reference) -> Iterator[int]:
    """By the message, and by the number of its comments that the article's page gives."""
    if not (of.biz and of.mid):
        return
    rows = store.db.conn.execute(
        "SELECT id, json_extract(record, '$.comment_id') AS comment_id FROM articles "
        "WHERE biz = ? AND mid = ?",
        (of.biz, of.mid),
    )
    for row in rows:
        if of.comment_id is None or str(row["comment_id"]) == of.comment_id:
            yield int(row["id"])
