"""Near-duplicates, reprints and related articles, found with the search index itself: no table of
its own.

Some dozens of an article's passages lead to the articles that hold them (`passages`); their texts
are then compared by shingles (every six characters in a row, folded, punctuation left out). A
reprint keeps most of its shingles even with another title, head and foot; two articles on one
subject share under a tenth.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from archive.errors import NotHeld
from archive.json_fields import AsDict, json_field, shown_as
from archive.search.passages import candidates
from archive.search.rows import Row
from archive.search.terms import IS_CJK, IS_WORD, composed, fold_character
from scraper.messages import mark
from scraper.zone import iso_in_utc

_SHINGLE = 6
_COMPARED = 40  # candidates whose text is read
_FEWEST = 24  # shingles; a shorter text says too little to call another its copy
_DUPLICATE, _REPRINT, _NEAR = 0.85, 0.4, 0.1
_CONTAINED = 0.75  # of the shorter text's shingles in the longer one: a reprint with additions
#: A link in more articles than this is in the account's footer.
_COMMON_LINK = 12
_LOOKED_THROUGH = 200  # hits that folding compares


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar(AsDict):
    """An article near another.

    ``relation``: ``duplicate`` (nearly every shingle), ``reprint`` (most of them, or the shorter
    whole inside the longer), ``near`` (some), ``links-to``, ``linked-from``, ``shared-links``.
    ``score``: the part of shingles in common, 0 to 1, or for links their number. ``published`` is
    aware, UTC; with ``date_only`` it is 00:00 of a day in China.
    """

    key: str
    title: str
    account: str | None
    published: datetime | None = json_field(hidden=True)
    path: str
    relation: str
    score: float
    date_only: bool = json_field(default=False, hidden=True)

    @property
    @shown_as("published")
    def published_iso(self) -> str | None:
        """ISO 8601 in UTC, a date where no time is known."""
        return iso_in_utc(self.published, date_only=self.date_only) if self.published else None


def similar(conn: sqlite3.Connection, name: str, *, limit: int = 20) -> list[Similar]:
    """Articles near the one with that key (or its first six characters or more, if no other begins
    so).

    Copies first, then what is linked with it. Raises `NotHeld`.
    """
    article_id = _article_id(conn, name)
    found = [*_near(conn, article_id), *_linked(conn, article_id)]
    seen: set[int] = set()
    out: list[Similar] = []
    for number, relation, score in found:
        if number in seen or len(out) >= limit:
            continue
        seen.add(number)
        key, title, account, published, path, date_only = conn.execute(
            """SELECT a.key, a.title, coalesce(a.account, accounts.name), a.published, a.path,
               EXISTS (SELECT 1 FROM article_days d WHERE d.article_id = a.id) FROM articles a
               LEFT JOIN accounts ON accounts.id = a.account_id WHERE a.id = ?""",
            (number,),
        ).fetchone()
        moment = None if published is None else datetime.fromisoformat(published)
        out.append(
            Similar(
                key=key,
                title=title,
                account=account,
                published=moment,
                path=path,
                relation=relation,
                score=score,
                date_only=bool(date_only),
            )
        )
    return out


def shingles(text: str) -> frozenset[str]:
    """Every six characters in a row of the folded letters, digits and ideographs; of fewer than six
    all in one."""
    return _cut(_plain(text))


class _Plain(dict[int, str]):
    """For ``str.translate``: what letters, digits and ideographs fold to; the rest goes. In one
    pass, since every candidate's text is made so."""

    def __missing__(self, code: int) -> str:
        folded = fold_character(chr(code))
        self[code] = kept = "".join(one for one in folded if IS_CJK[one] or IS_WORD[one])
        return kept


_PLAIN = _Plain()


def _plain(text: str) -> str:
    return composed(text).translate(_PLAIN)


def _cut(plain: str) -> frozenset[str]:
    return frozenset(
        plain[start : start + _SHINGLE]
        for start in range(max(bool(plain), len(plain) - _SHINGLE + 1))
    )


def _samples(plain: str) -> list[str]:
    """Some of its shingles, so near each other that whatever has `_FEWEST` in a row in common with
    it has one of them: making all shingles of a candidate takes ten times as long as looking for
    these in it."""
    return [plain[at : at + _SHINGLE] for at in range(0, len(plain) - _SHINGLE + 1, _FEWEST)]


def likeness(one: frozenset[str], other: frozenset[str]) -> tuple[str | None, float]:
    """The relation of two texts by their shingles, and the part of them in common (Jaccard)."""
    both = len(one & other)
    share = both / (len(one | other) or 1)
    held = both / (min(len(one), len(other)) or 1)
    if min(len(one), len(other)) < _FEWEST:
        return ("duplicate", 1.0) if one and one == other else (None, 0.0)
    if share >= _DUPLICATE:
        return "duplicate", share
    if share >= _REPRINT or held >= _CONTAINED:
        return "reprint", share
    return ("near", share) if share >= _NEAR else (None, share)


def fold_reprints(
    found: Iterable[tuple[Row, float]],
) -> Iterator[tuple[Row, float, tuple[str, ...]]]:
    """Hits in their order, each with the keys of later hits that are its copies; those are left
    out.

    Among the first `_LOOKED_THROUGH` hits; the others follow as they are.
    """
    hits = iter(found)
    groups: list[_Group] = []
    by_sample: dict[str, list[int]] = {}
    for row, score in islice(hits, _LOOKED_THROUGH):
        mine = shingles(row.text)
        sample = [one for one in mine if ord(one[0]) % 8 == 3] or list(mine)
        shared = Counter(number for one in sample for number in by_sample.get(one, ()))
        near = (groups[n] for n, times in shared.most_common(3) if times * 5 >= len(sample))
        original = next((group for group in near if _is_copy(group.shingles, mine)), None)
        if original is not None:
            original.copies.append(row.key)
            continue
        for one in sample:
            by_sample.setdefault(one, []).append(len(groups))
        groups.append(_Group(row, score, [], mine))
    yield from ((group.row, group.score, tuple(group.copies)) for group in groups)
    yield from ((row, score, ()) for row, score in hits)


@dataclass(frozen=True, slots=True)
class _Group:
    """A hit with the keys of its copies."""

    row: Row
    score: float
    copies: list[str]
    shingles: frozenset[str]


def _is_copy(first: frozenset[str], other: frozenset[str]) -> bool:
    return likeness(first, other)[0] in ("duplicate", "reprint")


def _article_id(conn: sqlite3.Connection, name: str) -> int:
    rows = conn.execute(
        "SELECT id FROM articles WHERE key = :name "
        "OR (length(:name) >= 6 AND key >= :name AND key < :name || '~') LIMIT 2",
        {"name": name},
    ).fetchall()
    if len(rows) == 1:
        return int(rows[0][0])
    why = (
        mark("more than one key begins so")
        if rows
        else mark("see `wechat-archive list` for the keys")
    )
    raise NotHeld(mark("no article with the key {name}: {why}", name=name, why=why))


def _near(conn: sqlite3.Connection, article_id: int) -> list[tuple[int, str, float]]:
    (text,) = conn.execute("SELECT text FROM articles WHERE id = ?", (article_id,)).fetchone()
    plain = _plain(text)
    mine, samples = _cut(plain), _samples(plain)
    found = []
    for rowid in candidates(conn, text, _COMPARED + 1):
        row = conn.execute(
            "SELECT a.id, a.text FROM search_documents d JOIN articles a ON a.id = d.article_id "
            "WHERE d.id = ?",
            (rowid,),
        ).fetchone()
        if row is None or row[0] == article_id:
            continue
        other = _plain(row[1])
        if samples and not any(map(other.__contains__, samples)):
            continue
        relation, score = likeness(mine, _cut(other))
        if relation is not None:
            found.append((int(row[0]), relation, round(score, 3)))
    order = ("duplicate", "reprint", "near")
    return sorted(found, key=lambda one: (order.index(one[1]), -one[2], one[0]))


def _linked(conn: sqlite3.Connection, article_id: int) -> list[tuple[int, str, float]]:
    found = [
        (int(row[0]), "links-to", 1.0)
        for row in conn.execute(
            "SELECT DISTINCT target_id FROM links "
            "WHERE article_id = ? AND target_id IS NOT NULL AND target_id <> article_id",
            (article_id,),
        )
    ]
    found += [
        (int(row[0]), "linked-from", 1.0)
        for row in conn.execute(
            "SELECT DISTINCT article_id FROM links WHERE target_id = ? AND article_id <> target_id",
            (article_id,),
        )
    ]
    shared: Counter[int] = Counter()
    addresses = conn.execute(
        "SELECT DISTINCT address FROM links WHERE article_id = ? AND address IS NOT NULL",
        (article_id,),
    ).fetchall()
    for (address,) in addresses:
        others = conn.execute(
            "SELECT DISTINCT article_id FROM links WHERE address = ? AND article_id <> ? LIMIT ?",
            (address, article_id, _COMMON_LINK + 1),
        ).fetchall()
        if len(others) <= _COMMON_LINK:
            shared.update(row[0] for row in others)
    found += [(number, "shared-links", float(times)) for number, times in shared.most_common()]
    return found
