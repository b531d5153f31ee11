"""Lists to leaf through: the newest articles page by page, and what there is to choose from. Reads
only.

Pages go on from a ``Place``, never by counting rows, so the thousandth page costs what the first
does and an article that arrives meanwhile moves none of them.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

from archive.db import article_columns, checksums
from archive.db.article_columns import Stored
from archive.db.tallies import number as number_of
from archive.db.tallies import numbers
from archive.errors import NotHeld
from archive.record import iso
from archive.store.decide import image_id
from scraper import urls
from scraper.errors import NotAnAddress
from scraper.messages import mark
from scraper.zone import CHINA

Order = Literal["archived", "published", "starred"]

_PLACE = re.compile(r"([0-9T:+.-]{0,40})~(\d{1,18})")
_OPENING = 160  #: characters of an article's first words
#: A picture smaller than this is a line or a dot between paragraphs.
_SMALLEST_PICTURE = 6000
#: How many of an article's pictures are looked at to find one that is held.
_PICTURES_TRIED = 4


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: behind the article with this time (as stored: of publication, or since
    when its star stands) and number.
    """

    published: str | None
    article_id: int

    def __str__(self) -> str:
        return f"{self.published or ''}~{self.article_id}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """What ``str`` wrote; ``None`` for anything else."""
        found = _PLACE.fullmatch(text)
        return cls(found[1] or None, int(found[2])) if found else None


@dataclass(frozen=True, slots=True)
class Card:
    """An article in a list. ``opening``: its digest or first words; ``picture``: path of a held
    one, from the archive's folder, or ``None``."""

    stored: Stored
    opening: str
    picture: str | None


@dataclass(frozen=True, slots=True)
class Cards:
    """A page of a list; ``next``: where the following one begins, ``None`` at the end."""

    cards: tuple[Card, ...]
    next: Place | None


@dataclass(frozen=True, slots=True)
class Tally:
    """Something to choose from, and how many articles there are of it. ``name`` is what finds it
    again.
    """

    name: str
    title: str
    articles: int


@dataclass(frozen=True, slots=True)
class Shelves:
    """What the archive holds at a glance: the most frequent first, years the newest first. ``tags``
    are a person's own, ``topics`` WeChat's."""

    articles: int
    accounts: tuple[Tally, ...]
    albums: tuple[Tally, ...]
    tags: tuple[Tally, ...]
    topics: tuple[Tally, ...]
    years: tuple[Tally, ...]


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account that publishes: ``name`` as its newest page shows it."""

    account_id: int
    biz: str | None
    name: str | None
    user_name: str | None
    alias: str | None
    signature: str | None
    articles: int

    @property
    def address(self) -> str:
        """What finds it again: its biz, else its name."""
        return self.biz or self.name or str(self.account_id)


@dataclass(frozen=True, slots=True)
class AlbumMember:
    """An article that an album lists; ``key`` where it is held, else only ``url``."""

    title: str | None
    url: str
    key: str | None


@dataclass(frozen=True, slots=True)
class AlbumFacts:
    """An album (合集): ``size`` as WeChat says, ``members`` in its order as far as they are
    known.
    """

    album_id: str
    title: str | None
    url: str | None
    size: int | None
    members: tuple[AlbumMember, ...]


# --- lists ------------------------------------------------------------------------------------------------------------


def newest(
    conn: sqlite3.Connection,
    *,
    order: Order = "archived",
    account_id: int | None = None,
    tag: str | None = None,
    topic: str | None = None,
    starred: bool = False,
    year: int | None = None,
    before: Place | None = None,
    limit: int = 30,
) -> Cards:
    """The newest articles, by when they were first kept, by publication (what has no date then
    comes last), or by when they were starred (those alone).
    """
    where, values = _wanted(account_id, tag, topic, year)
    if starred:
        where.append("a.id IN (SELECT article_id FROM own_marks WHERE starred IS NOT NULL)")
    rows = _ORDERED[order](conn, where, values, before, limit + 1)
    cards = tuple(card(conn, row) for row in rows[:limit])
    last = rows[limit - 1] if len(rows) > limit else None
    time = "starred" if order == "starred" else "published"
    return Cards(cards, Place(last[time], last["id"]) if last is not None else None)


def _wanted(
    account_id: int | None, tag: str | None, topic: str | None, year: int | None
) -> tuple[list[str], list[Any]]:
    where: list[str] = []
    values: list[Any] = []
    if account_id is not None:
        where.append("a.account_id = ?")
        values.append(account_id)
    if tag is not None:
        where.append("a.id IN (SELECT article_id FROM own_tags WHERE tag = ?)")
        values.append(tag)
    if topic is not None:
        where.append("a.id IN (SELECT article_id FROM tags WHERE tag = ?)")
        values.append(topic)
    if year is not None:
        where.append("a.published >= ? AND a.published < ?")
        values += year_bounds(year)
    return where, values


def year_bounds(year: int) -> tuple[str, str]:
    """From when until before when it is that year in China, as times are stored. Raises ValueError
    outside 1–9998.
    """
    begin, end = (iso(datetime(one, 1, 1, tzinfo=CHINA)) for one in (year, year + 1))
    assert begin is not None
    assert end is not None
    return begin, end


def _by_number(
    conn: sqlite3.Connection,
    where: Sequence[str],
    values: Sequence[Any],
    before: Place | None,
    limit: int,
) -> list[sqlite3.Row]:
    if before is not None:
        where, values = [*where, "a.id < ?"], [*values, before.article_id]
    return _select(conn, where, values, "a.id DESC", limit)


def _by_publication(
    conn: sqlite3.Connection,
    where: Sequence[str],
    values: Sequence[Any],
    before: Place | None,
    limit: int,
) -> list[sqlite3.Row]:
    rows: list[sqlite3.Row] = []
    if before is None or before.published is not None:
        dated, keys = [*where, "a.published IS NOT NULL"], list(values)
        if before is not None:
            dated.append("(a.published, a.id) < (?, ?)")
            keys += [before.published, before.article_id]
        rows = _select(conn, dated, keys, "a.published DESC, a.id DESC", limit)
        before = None
    if len(rows) < limit:
        rows += _by_number(conn, [*where, "a.published IS NULL"], values, before, limit - len(rows))
    return rows


def _by_star(
    conn: sqlite3.Connection,
    where: Sequence[str],
    values: Sequence[Any],
    before: Place | None,
    limit: int,
) -> list[sqlite3.Row]:
    since = "(SELECT m.starred FROM own_marks m WHERE m.article_id = a.id)"
    where, values = [*where, f"{since} IS NOT NULL"], list(values)
    if before is not None:
        where.append(f"({since}, a.id) < (?, ?)")
        values += [before.published or "", before.article_id]
    return _select(conn, where, values, f"{since} DESC, a.id DESC", limit)


_ORDERED: dict[Order, Callable[..., list[sqlite3.Row]]] = {
    "archived": _by_number,
    "published": _by_publication,
    "starred": _by_star,
}


def _select(
    conn: sqlite3.Connection, where: Sequence[str], values: Sequence[Any], order: str, limit: int
) -> list[sqlite3.Row]:
    condition = f"WHERE {' AND '.join(where)}" if where else ""
    sql = f"SELECT {article_columns.ARTICLES.select('a')} FROM articles a {condition} ORDER BY {order} LIMIT ?"
    return conn.execute(sql, (*values, limit)).fetchall()


def card(conn: sqlite3.Connection, row: sqlite3.Row) -> Card:
    """A row of ``ARTICLES.select`` as it stands in a list. Raises Corrupt."""
    checksums.require_head(row)
    facts = article_columns.ARTICLES.read(row)
    return Card(facts, _opening(conn, facts), _picture(conn, facts))


def cards_of(conn: sqlite3.Connection, keys: Sequence[str]) -> list[Card]:
    """The articles with these keys that are held, in this order."""
    found = []
    for key in keys:
        rows = _select(conn, ["a.key = ?"], [key], "a.id", 1)
        found += [card(conn, row) for row in rows]
    return found


def account_names(conn: sqlite3.Connection, keys: Sequence[str]) -> dict[str, str | None]:
    """Key → its account's name as its page shows it, for those that are held."""
    found = {}
    for key in keys:
        row = conn.execute("SELECT account FROM articles WHERE key = ?", (key,)).fetchone()
        if row is not None:
            found[key] = row[0]
    return found


def _opening(conn: sqlite3.Connection, facts: Stored) -> str:
    text = facts.digest
    if not text:
        row = conn.execute(
            "SELECT key, record, body, text, content_check FROM articles WHERE id = ?",
            (facts.article_id,),
        ).fetchone()
        checksums.require_content(row)
        text = row["text"][: 4 * _OPENING]
    words = " ".join(text.split())
    return words if len(words) <= _OPENING else words[:_OPENING].rstrip() + "…"


def _picture(conn: sqlite3.Connection, facts: Stored) -> str | None:
    """The cover, where it is held, else the first picture of the body that is one."""
    if facts.cover and (path := _held_picture(conn, facts.cover)):
        return path
    rows = conn.execute(
        "SELECT url FROM images WHERE article_id = ? AND role IN ('body', 'picture') ORDER BY position LIMIT ?",
        (facts.article_id, _PICTURES_TRIED),
    )
    return next((path for (url,) in rows.fetchall() if (path := _held_picture(conn, url))), None)


def _held_picture(conn: sqlite3.Connection, url: str) -> str | None:
    for column, value in (("url", url), ("image_id", image_id(url))):
        row = conn.execute(
            "SELECT m.path FROM media_addresses d JOIN media m ON m.sha256 = d.sha256 "
            f"WHERE d.{column} = ? AND m.bytes >= ? AND m.type LIKE 'image/%' ORDER BY m.bytes DESC LIMIT 1",
            (value, _SMALLEST_PICTURE),
        ).fetchone()
        if row is not None:
            return str(row[0])
    return None


def last_number(conn: sqlite3.Connection) -> int:
    """The highest number of an article; 0 where there is none."""
    (number,) = conn.execute("SELECT max(id) FROM articles").fetchone()
    return number or 0


def count_after(conn: sqlite3.Connection, article_id: int) -> int:
    """How many articles have a higher number."""
    (count,) = conn.execute("SELECT count(*) FROM articles WHERE id > ?", (article_id,)).fetchone()
    return int(count)


def marked(
    conn: sqlite3.Connection, keys: Sequence[str], mark: Literal["starred", "read"]
) -> frozenset[str]:
    """Those of these articles that somebody starred, or marked as read."""
    marks = ", ".join("?" * len(keys))
    rows = conn.execute(
        "SELECT a.key FROM own_marks m JOIN articles a ON a.id = m.article_id "
        f"WHERE m.{mark} IS NOT NULL AND a.key IN ({marks})",
        tuple(keys),
    )
    return frozenset(row["key"] for row in rows)


# --- what there is to choose from -------------------------------------------------------------------------------------


def shelves(conn: sqlite3.Connection, most: int = 40) -> Shelves:
    """What there is, the ``most`` frequent of each. Reads what is counted already, however many
    articles there are."""
    articles = number_of(conn, "article")
    return Shelves(
        articles=articles,
        accounts=tuple(accounts(conn)[:most]),
        albums=tuple(albums(conn)[:most]),
        tags=tuple(tags(conn)[:most]),
        topics=tuple(topics(conn)[:most]),
        years=tuple(years(conn)),
    )


def accounts(conn: sqlite3.Connection) -> list[Tally]:
    """Every account with articles, the one with most first."""
    held = numbers(conn, "account")
    rows = [
        row
        for row in conn.execute("SELECT id, biz, name FROM accounts ORDER BY name, id").fetchall()
        if str(row["id"]) in held
    ]
    tallies = [
        Tally(
            row["biz"] or row["name"] or str(row["id"]),
            row["name"] or row["biz"] or "?",
            held[str(row["id"])],
        )
        for row in rows
    ]
    return sorted(tallies, key=lambda one: -one.articles)


def albums(conn: sqlite3.Connection) -> list[Tally]:
    """Every album with a held article, by how many of them its list shows or say that they stand in
    it.
    """
    rows = conn.execute(
        "SELECT b.id, b.title, b.url, count(m.article_id) AS listed FROM albums b "
        "LEFT JOIN album_members m ON m.album_id = b.id GROUP BY b.id"
    ).fetchall()
    found = []
    for row in rows:
        held = max(row["listed"], len(_saying_so(conn, row["url"])))
        if held:
            found.append(Tally(row["id"], row["title"] or row["id"], held))
    return sorted(found, key=lambda one: (-one.articles, one.title, one.name))


def tags(conn: sqlite3.Connection) -> list[Tally]:
    """Every tag that a person gave, the most frequent first."""
    rows = conn.execute(
        "SELECT tag, count(*) AS n FROM own_tags GROUP BY tag ORDER BY n DESC, tag"
    ).fetchall()
    return [Tally(tag, tag, n) for tag, n in rows]


def topics(conn: sqlite3.Connection) -> list[Tally]:
    """Every tag that stands on WeChat's pages, the most frequent first."""
    found = sorted(numbers(conn, "topic").items(), key=lambda one: (-one[1], one[0]))
    return [Tally(tag, tag, n) for tag, n in found]


def require_tag(conn: sqlite3.Connection, name: str, table: Literal["own_tags", "tags"]) -> None:
    """Raises NotHeld where no article has it."""
    if conn.execute(f"SELECT 1 FROM {table} WHERE tag = ? LIMIT 1", (name,)).fetchone() is None:
        raise NotHeld(mark("no article has the tag {name}", name=name))


def years(conn: sqlite3.Connection, account_id: int | None = None) -> list[Tally]:
    """The years in China with articles, the newest first."""
    if account_id is None:
        found = sorted(numbers(conn, "year").items(), reverse=True)
        return [Tally(str(int(year)), str(int(year)), n) for year, n in found]
    return [
        one
        for year in _years_of(conn, account_id)
        if (one := _year(conn, account_id, year)).articles
    ]


def _years_of(conn: sqlite3.Connection, account_id: int) -> range:
    """Those from an account's last article to its first."""
    first, last = conn.execute(
        "SELECT min(published), max(published) FROM articles "
        "WHERE published IS NOT NULL AND account_id = ?",
        (account_id,),
    ).fetchone()
    if first is None:
        return range(0)
    low, high = (datetime.fromisoformat(text).astimezone(CHINA).year for text in (first, last))
    return range(high, low - 1, -1)


def _year(conn: sqlite3.Connection, account_id: int, year: int) -> Tally:
    (count,) = conn.execute(
        "SELECT count(*) FROM articles WHERE account_id = ? AND published >= ? AND published < ?",
        (account_id, *year_bounds(year)),
    ).fetchone()
    return Tally(str(year), str(year), count)


def account(conn: sqlite3.Connection, name: str) -> AccountFacts:
    """The account with this biz, 微信号, ``gh_…``, name or number. Raises NotHeld."""
    for column in ("biz", "user_name", "alias", "name"):
        row = conn.execute(
            f"SELECT * FROM accounts WHERE {column} = ? ORDER BY id LIMIT 1", (name,)
        ).fetchone()
        if row is not None:
            break
    else:
        number = int(name) if name.isascii() and name.isdigit() and len(name) < 19 else -1
        row = conn.execute("SELECT * FROM accounts WHERE id = ?", (number,)).fetchone()
    if row is None:
        raise NotHeld(mark("the archive holds no account called {name}", name=name))
    return AccountFacts(
        account_id=row["id"],
        biz=row["biz"],
        name=row["name"],
        user_name=row["user_name"],
        alias=row["alias"],
        signature=row["signature"],
        articles=number_of(conn, "account", str(row["id"])),
    )


def album(conn: sqlite3.Connection, album_id: str) -> AlbumFacts:
    """An album with its list; where that was never read, the held articles that say they stand in
    it, oldest first.

    Raises NotHeld.
    """
    row = conn.execute("SELECT * FROM albums WHERE id = ?", (album_id,)).fetchone()
    if row is None:
        raise NotHeld(mark("the archive knows no album {album_id}", album_id=album_id))
    listed = conn.execute(
        "SELECT coalesce(m.title, a.title) AS title, coalesce(m.url, m.address) AS url, a.key FROM album_members m "
        "LEFT JOIN articles a ON a.id = m.article_id WHERE m.album_id = ? GROUP BY m.address ORDER BY min(m.position)",
        (album_id,),
    ).fetchall()
    if not listed:
        listed = _saying_so(conn, row["url"])
    members = tuple(AlbumMember(one["title"], one["url"] or "", one["key"]) for one in listed)
    return AlbumFacts(row["id"], row["title"], row["url"], row["size"], members)


def _saying_so(conn: sqlite3.Connection, url: str | None) -> list[sqlite3.Row]:
    try:
        address = urls.canonical(url or "")
    except NotAnAddress:
        return []
    return conn.execute(
        "SELECT DISTINCT a.title, a.url, a.key, a.published, a.id FROM links l JOIN articles a ON a.id = l.article_id "
        "WHERE l.address = ? AND l.relation = 'album' ORDER BY a.published, a.id",
        (address,),
    ).fetchall()


# --- media ------------------------------------------------------------------------------------------------------------


def media_type(conn: sqlite3.Connection, path: str) -> str | None:
    """The true type of the file that is held under ``path``; ``None`` where none is."""
    row = conn.execute("SELECT type FROM media WHERE path = ?", (path,)).fetchone()
    return str(row[0]) if row else None


def media_bytes(conn: sqlite3.Connection) -> int:
    """How large all held media are together."""
    (total,) = conn.execute("SELECT coalesce(sum(bytes), 0) FROM media").fetchone()
    return int(total)
