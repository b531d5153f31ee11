"""What a model is told by each tool: text of bounded length, made from ``Library`` alone.

An answer is a line of JSON that is ours and a passage that is the articles' (see ``untrusted``).
Times are ISO 8601, UTC. Raised are the ArchiveErrors of ``Library`` and BadInput for an argument
that means nothing.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from archive.agents import untrusted
from archive.errors import BadInput
from scraper.messages import mark
from scraper.zone import iso_in_utc

if TYPE_CHECKING:
    from archive.library import Library
    from archive.search.api import Hit

MOST_HITS = 50
MOST_PASSED_OVER = 10_000  #: hits that a cursor may lead past
LONGEST_SLICE = 8_000  #: characters of an article or a diff in one answer
LONGEST_LIST = 24_000  #: characters of rows in one answer
_LONGEST_NAME = 300  #: characters of a title, a name or a link's text
MOST_ACCOUNTS = 40


def search(library: Library, query: str, limit: int, cursor: str, newest: bool) -> str:
    """Hits with snippets; ``cursor`` is the one of the answer before, empty at first."""
    offset = _offset(cursor)
    results = library.search(query, limit=limit, offset=offset, newest=newest)
    count = library.count(query)
    text, shown = untrusted.lines(map(_hit, results), LONGEST_LIST)
    more = results.more or shown < len(results)
    following = offset + shown
    facts: dict[str, Any] = {
        "matches": count.number,
        "at_least": count.more,
        "shown": shown,
        "cursor": str(following) if more and following <= MOST_PASSED_OVER else None,
    }
    if not count.number:
        facts["hint"] = (
            "Nothing matches. All words must be in one article: try fewer or shorter ones, or OR. The names that "
            "`account:` finds are in the answer of `status`."
        )
    return untrusted.answer(facts, text)


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and int(cursor[:9]) <= MOST_PASSED_OVER):
        raise BadInput(mark("cursor must be the `cursor` of the answer before, or be left out"))
    return int(cursor[:9])


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "key": hit.key,
        "title": _short(hit.title),
        "account": _short(hit.account),
        "author": _short(hit.author),
        "published": iso_in_utc(hit.published, date_only=hit.date_only) if hit.published else None,
        "url": _short(hit.url),
        "gone": hit.gone,
        "snippet": hit.snippet.marked("**", "**"),
    }


def read(library: Library, name: str, offset: int, limit: int, version: int | None) -> str:
    """A slice of an article's Markdown."""
    held = library.get(name)
    text = _markdown(library, held.key, version)
    piece, facts = _slice(text, offset, limit)
    return untrusted.answer(
        {"key": held.key, "version": version or held.version, "gone": bool(held.gone), **facts},
        piece,
    )


def _markdown(library: Library, key: str, version: int | None) -> str:
    if version is None:
        return library.markdown(key)
    from archive import to_markdown

    return to_markdown(library.version(key, version))


def _slice(text: str, offset: int, limit: int) -> tuple[str, dict[str, Any]]:
    """The characters from ``offset`` on, and what a reader needs for the next ones."""
    if offset and offset >= len(text):
        raise BadInput(
            mark(
                "offset {offset} is behind the end: the text has {n} characters",
                offset=offset,
                n=len(text),
            )
        )
    end = min(len(text), offset + limit)
    following = end if end < len(text) else None
    return text[offset:end], {"total": len(text), "offset": offset, "next_offset": following}


def related(library: Library, name: str, limit: int) -> str:
    """Reprints and near-duplicates, what it links to, and what links to it; at most ``limit`` of
    each kind.
    """
    key = library.get(name).key
    links = library.links_as_json(key)
    rows: list[dict[str, Any]] = [
        {
            "how": one.relation,
            "key": one.key,
            "title": _short(one.title),
            "account": _short(one.account),
            "published": one.published_iso,
        }
        for one in library.similar(key, limit)
    ]
    leading = [link for link in links["links"] if link["article"]]
    for link in islice(leading, limit):
        title = _short(link["title"] or link["text"])
        rows.append(
            {"how": "links to", "key": link["key"], "title": title, "url": _short(link["url"])}
        )
    for link in islice(links["backlinks"], limit):
        rows.append({"how": "linked from", "key": link["key"], "title": _short(link["title"])})
    text, shown = untrusted.lines(rows, LONGEST_LIST)
    facts = {
        "key": key,
        "shown": shown,
        "links": len(leading),
        "linked_from": len(links["backlinks"]),
        "left_out": len(rows) - shown,
    }
    return untrusted.answer(facts, text)


def versions(library: Library, name: str, older: int | None, newer: int | None, offset: int) -> str:
    """Every distinct content of an article, and the difference of two of them, the newest two
    unless told.
    """
    held = library.get(name)
    known = library.versions(held.key)
    rows = [
        {"version": one.number, "seen": one.seen.isoformat(), "current": one.current}
        for one in known[-MOST_HITS:]
    ]
    facts: dict[str, Any] = {"key": held.key, "count": len(known), "versions": rows}
    if len(known) == 1 and older is None and newer is None:
        return untrusted.answer({**facts, "diff": None}, "")
    newer = newer or held.version
    older = older or newer - 1
    piece, where = _slice(library.diff(held.key, older, newer), offset, LONGEST_SLICE)
    return untrusted.answer({**facts, "diff": {"from": older, "to": newer, **where}}, piece)


def status(library: Library) -> str:
    """What is held, waiting, failed and blocked, and the accounts with most articles."""
    found = library.status()
    facts = {name: found[name] for name in ("held", "waiting", "images", "sources", "writing")}
    block = found["blocked"]
    facts["blocked_until"] = block["until"] if block and block["in_force"] else None
    facts["failed"] = [
        {name: one[name] for name in ("class", "count", "next_due", "next")}
        for one in found["failed"][:MOST_HITS]
    ]
    facts["albums"] = {
        "count": len(found["albums"]),
        "complete": sum(bool(one["complete"]) for one in found["albums"]),
    }
    last = found["runs"][:1]
    facts["last_run"] = {name: last[0][name] for name in ("started", "ended")} if last else None
    rows = [
        {"account": _short(one.title), "articles": one.articles}
        for one in library.accounts()[:MOST_ACCOUNTS]
    ]
    return untrusted.answer(facts, untrusted.lines(rows, LONGEST_LIST)[0])


def _short(text: str | None) -> str | None:
    if text is None or len(text) <= _LONGEST_NAME:
        return text
    return text[: _LONGEST_NAME - 1] + "…"
