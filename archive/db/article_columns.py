"""The columns of ``articles``: one line each, and nowhere else.

A new one: a field here with ``since="m0…"``, and a migration of that name that calls
``add_columns``. ``list --json``, CSV (with ``csv=True``), the row's checksum and ``verify`` have it
then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from archive.db.columns import Column, Table, column
from scraper.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An article as the archive holds it, without its text.

    Times are aware, UTC; ``path`` is from the archive's folder, with ``/``.
    """

    article_id: int = column(name="id", sql="PRIMARY KEY", json=False)
    key: str = column("10 characters; stands in the file's name", sql="UNIQUE", csv=True)
    path: str = column(
        "of the Markdown file, from the archive's folder, with /", sql="UNIQUE", csv=True
    )
    title: str = column(page="title", csv=True)
    author: str | None = column(page="author", csv=True)
    account: str | None = column(
        "the account's name as this page shows it; accounts change theirs",
        page="account.name",
        csv=True,
    )
    account_id: int | None = column(sql="REFERENCES accounts(id)", json=False)
    biz: str | None = column("with mid and idx the identity", page="account.biz")
    mid: str | None = column("NULL where the page gives none", page="mid")
    idx: str | None = column(page="idx")
    url: str | None = column("the page's own permanent link", page="url", csv=True)
    kind: int = column("WeChat's item_show_type", page="kind", csv=True)
    kind_name: str = column(page="kind_name")
    published: datetime | None = column(page="published", csv=True)
    modified: datetime | None = column("by the author, as the page says", page="modified", csv=True)
    place: str | None = column(page="place", csv=True)
    digest: str | None = column(page="digest", csv=True)
    cover: str | None = column(page="cover")
    archived: datetime = column("first kept", csv=True)
    checked: datetime = column("last compared with the server's page")
    changed: datetime | None = column("when this content was first seen, if it is not the first")
    changes: str | None = column("JSON: what differs from the version before", json=False)
    version: int = column(sql="DEFAULT 1")
    gone: datetime | None = column("when it was found deleted; NULL while it is there", csv=True)
    gone_reason: str | None = column(csv=True)
    gone_shown: str | None = column("as the page says it")
    edited: datetime | None = column("when a hand-made change of the file was noticed")
    snapshot_id: int | None = column("in snapshots.db; NULL without one")
    parser_version: int = column()
    content_hash: str = column(
        "over what an author can change, volatile parts left out", json=False
    )
    markdown_hash: str = column("sha256 of the file as this program wrote it", json=False)
    images: int = column(
        "pictures of the body",
        csv=True,
        computed="(SELECT count(*) FROM images i WHERE i.article_id = {}.id AND i.role != 'cover')",
    )
    published_day: str | None = column(
        "the day in China, where the page tells no time",
        json=False,
        computed="(SELECT d.day FROM article_days d WHERE d.article_id = {}.id)",
    )
    starred: datetime | None = column(
        "since when a person's star stands",
        computed="(SELECT m.starred FROM own_marks m WHERE m.article_id = {}.id)",
    )
    read: datetime | None = column(
        "when a person marked it as read",
        computed="(SELECT m.read FROM own_marks m WHERE m.article_id = {}.id)",
    )
    note: str | None = column(
        "a person's note",
        csv=True,
        computed="(SELECT m.note FROM own_marks m WHERE m.article_id = {}.id)",
    )
    tags: str | None = column(
        "the reader's own tags, a line each",
        csv=True,
        computed="(SELECT group_concat(tag, char(10)) FROM (SELECT t.tag FROM own_tags t "
        "WHERE t.article_id = {}.id ORDER BY t.rowid))",
    )

    @property
    def own_tags(self) -> tuple[str, ...]:
        """The person's own tags."""
        return tuple((self.tags or "").splitlines())

    def as_dict(self) -> dict[str, Any]:
        """Names and values for ``list --json``: every name is always there; times ISO 8601, UTC;
        ``published`` is a date where its time is not known; ``tags`` as a list."""
        found = ARTICLES.as_dict(self)
        if self.published_day:
            found["published"] = self.published_day
        return {**found, "tags": list(self.own_tags)}


#: The long columns stand last: what is before them is read without them.
_OTHERS = (
    Column(
        name="stale",
        sql="INTEGER NOT NULL DEFAULT 0",
        comment="1: the file does not show the newest links or images yet",
    ),
    Column(
        name="head_check",
        sql="TEXT NOT NULL",
        comment="over every column but text, body and record (see archive/db/checksums.py)",
    ),
    Column(name="content_check", sql="TEXT NOT NULL", comment="over text, body and record"),
    Column(name="text", sql="TEXT NOT NULL", comment="the lines a reader sees", page="text"),
    Column(name="body", sql="TEXT NOT NULL", comment="clean HTML", page="body"),
    Column(name="record", sql="TEXT NOT NULL", comment="JSON: everything else the page said"),
)

ARTICLES = Table("articles", Stored, _OTHERS, "UNIQUE (biz, mid, idx)")

#: What ``published_day`` is computed from. It came later: an archive that is only read before the
#: table stands has an empty one in memory.
DAYS_DDL: tuple[str, ...] = (
    """CREATE TABLE article_days (        -- articles whose page tells a day and no time
        article_id INTEGER PRIMARY KEY REFERENCES articles(id) ON DELETE CASCADE,
        day TEXT NOT NULL             -- in China, 2014-08-23; published is its 00:00 there
    )""",
)
