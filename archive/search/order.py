"""Where an article stands in ``search_terms``: the newer, the smaller its rowid.

FTS5 keeps each token's rowids ascending and reads them in that direction at once, in the other only
page by page from the end: over 100,000 articles the newest 20 came in 23 µs instead of 47. So the
newest stand first. Small differences between rowids make a small index, so they lie dense: time is
cut into spans of `SPAN` places, half of them left free.

================  ==================================================================================
below `OVERFLOW`  older articles whose span was full: in no order, a search sorts them in; a rebuild
                  puts them in order
up to `TOP`       span 0, the oldest, right below `TOP`, span 1 below that one, and so on downwards
from `TOP` on     what has no time, the later archived first
================  ==================================================================================

Inside a span the newest stands first too, unless the span is ``mixed``: then a search sorts its
hits.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Collection
from operator import attrgetter

from archive.errors import NotIndexed
from scraper.messages import mark
from scraper.records import dataclass

SPAN = 128
FILL = (
    SPAN // 2
)  #: articles a span gets when spans are cut; the rest is room for those that come later
OVERFLOW = 1 << 27
TOP = 1 << 28
#: An article without a time stands so far from `TOP`, less its own number.
UNDATED = 1 << 40
NO_SPAN = -1  #: `span_number` what has no time

#: When an article was published, seconds since 1970, and its number: what orders all that have a
#: time.
Moment = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Slot:
    """A rowid that an article had, and the moment it stood there for (``None``: without a time)."""

    rowid: int
    published: int | None


def rowid_range(number: int) -> tuple[int, int]:
    """The first and the last rowid of a span."""
    high = TOP - number * SPAN - 1
    return high - SPAN + 1, high


def span_number(rowid: int) -> int:
    """The span a rowid lies in; `NO_SPAN` for what has no time."""
    return max(NO_SPAN, (TOP - 1 - rowid) // SPAN)


def newest_first_key(published: int | None, article_id: int) -> tuple[int, int]:
    """To sort by: what has no time last, of one moment the later archived first."""
    return (1 if published is None else -published, -article_id)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, from ``since`` on until the next one's. ``mixed``: its rowids do not go by
    time."""

    since: Moment
    number: int
    mixed: bool = False
    is_last: bool = True


_SPANS = """SELECT published, article_id, number, mixed, NOT EXISTS (
        SELECT 1 FROM search_spans later
        WHERE (later.published, later.article_id) > (span.published, span.article_id))
    FROM search_spans span"""
_SPAN_AT = f"""{_SPANS} WHERE (published, article_id) <= (?, ?)
    ORDER BY published DESC, article_id DESC LIMIT 1"""


def _span(published: int, article_id: int, number: int, mixed: int, is_last: int) -> Span:
    return Span((int(published), int(article_id)), int(number), bool(mixed), bool(is_last))


def span_at(conn: sqlite3.Connection, moment: Moment) -> Span:
    """The span that a moment belongs to. Raises `NotIndexed` where there is none."""
    row = conn.execute(_SPAN_AT, moment).fetchone()
    if row is None:
        raise NotIndexed(
            mark("the search index has lost its spans of time: run `wechat-archive reindex`")
        )
    return _span(*row)


def _all_spans(conn: sqlite3.Connection) -> list[Span]:
    """By time; there is one for 64 articles."""
    return [_span(*row) for row in conn.execute(f"{_SPANS} ORDER BY published, article_id")]


def _number_at(spans: list[Span], moment: Moment) -> int | None:
    """As `span_at` says it, in a tenth of the time."""
    at = bisect_right(spans, moment, key=attrgetter("since"))
    return spans[at - 1].number if at else None


def is_in_order(conn: sqlite3.Connection) -> bool:
    """Whether every article with a time stands in its span, and the newest first where the span
    says so."""
    spans = _all_spans(conn)
    mixed = {span.number for span in spans if span.mixed}
    last: tuple[int, tuple[int, int]] | None = None
    for rowid, published, article_id in conn.execute(
        "SELECT id, published, article_id FROM search_documents "
        "WHERE id BETWEEN ? AND ? ORDER BY id",
        (OVERFLOW, TOP - 1),
    ):
        number, key = span_number(rowid), newest_first_key(published, article_id)
        if published is None or _number_at(spans, (published, article_id)) != number:
            return False
        if last is not None and last[0] == number and number not in mixed and last[1] > key:
            return False
        last = (number, key)
    return True


def allocate_rowid(
    conn: sqlite3.Connection, moment: Moment, own: Slot | None, retired: Collection[int]
) -> int:
    """A free rowid for an article with a time. ``own``: the place it had until just now.
    ``retired``: never to be used.

    Notes where a span is mixed from now on, and begins a new span when the last one is well filled.
    """
    span = span_at(conn, moment)
    low, high = rowid_range(span.number)
    if own is not None and low <= own.rowid <= high:
        if own.published != moment[0]:
            _mark_mixed(conn, span)
        return own.rowid
    if _starts_new_span(conn, span, moment):
        span = _add_span(conn, span.number + 1, moment[0])
        low, high = rowid_range(span.number)
    first = conn.execute(
        "SELECT id, published, article_id FROM search_documents "
        "WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1",
        (low, high),
    ).fetchone()
    free = high if first is None else int(first[0]) - 1
    while free in retired:
        free -= 1
    if free < low:
        return _overflow(conn, retired)
    if first is not None and (first[1], first[2]) > moment:
        _mark_mixed(conn, span)
    return free


def undated_rowid(article_id: int, retired: Collection[int]) -> int:
    """The rowid of an article without a time. (In place of a retired one it stands last until the
    next rebuild.)"""
    rowid = TOP + UNDATED - article_id
    while rowid in retired:
        rowid += UNDATED
    return rowid


def _starts_new_span(conn: sqlite3.Connection, span: Span, moment: Moment) -> bool:
    """Whether it is the last span, well filled, and the article newer than all in it."""
    if not span.is_last:
        return False
    held, newest = conn.execute(
        "SELECT count(*), max(published) FROM search_documents WHERE id BETWEEN ? AND ?",
        rowid_range(span.number),
    ).fetchone()
    return bool(held >= FILL and moment[0] > newest)


def _add_span(conn: sqlite3.Connection, number: int, published: int) -> Span:
    conn.execute(
        "INSERT INTO search_spans(published, article_id, number) VALUES (?, 0, ?)",
        (published, number),
    )
    return Span((published, 0), number)


def _mark_mixed(conn: sqlite3.Connection, span: Span) -> None:
    if not span.mixed:
        conn.execute(
            "UPDATE search_spans SET mixed = 1 WHERE published = ? AND article_id = ?", span.since
        )


def _overflow(conn: sqlite3.Connection, retired: Collection[int]) -> int:
    last = conn.execute(
        "SELECT max(id) FROM search_documents WHERE id < ?", (OVERFLOW,)
    ).fetchone()[0]
    rowid = 1 if last is None else int(last) + 1
    while rowid in retired:
        rowid += 1
    return rowid
