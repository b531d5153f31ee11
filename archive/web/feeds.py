"""``/feeds/…``: the archive as feeds for any reader, full content, pictures from here.

``/feeds/all``, ``/feeds/account/NAME``, ``/feeds/album/ID``, ``/feeds/tag/TAG`` (a tag of one's
own), ``/feeds/topic/TAG`` (one of WeChat's), ``/feeds/group/NAME``, ``/feeds/search?q=`` and ``/feeds/alert/NAME`` (a
saved search), each with ``.atom``, ``.rss`` or ``.json``; ``/feeds/opml`` names them all.
``limit``, ``page``, ``title_include`` and ``title_exclude`` (words between ``|``) are those of
wewe-rss, whose ``/feeds``, ``/feeds/all.EXT`` and ``/feeds/MP_WXS_NUMBER.EXT`` answer too, so that
a reader only needs another host.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from archive.errors import NotHeld
from archive.exporters.feeds import FORMATS, opml
from archive.exporters.feeds.entries import entry, when
from archive.exporters.feeds.model import Entry, Feed
from archive.i18n import gettext as _
from archive.library import Library
from archive.search.terms import fold
from archive.store import Stored
from archive.store.browse import Tally
from archive.web import render
from archive.web.security import signature
from archive.web.site import site_of
from scraper.messages import mark

LIMIT, MOST = 50, 200
#: Articles looked at for ``title_include`` and ``page``: a word that stands nowhere must not read
#: the whole archive.
LOOKED_AT = 1000
#: wewe-rss names an account by the number that its ``__biz`` is in base64.
_WEWE = re.compile(r"MP_WXS_(\d{5,12})")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a feed is about: its name, the page that shows the same, and its articles, the newest
    first, up to a number."""

    title: str
    home: str
    newest: Callable[[int], Sequence[Stored]]


def feed(request: Request) -> Response:
    """``/feeds/WHAT.EXT``; without an extension Atom."""
    name, extension = _parted(request.path_params["name"])
    library = site_of(request).library
    chosen = _chosen(library, name, request.query_params)
    articles = _wanted(chosen, request.query_params)
    tag = _etag(request, extension, articles)
    headers = {"etag": tag, "cache-control": "private, max-age=60"}
    known = request.headers.get("if-none-match", "")
    if tag in known or known.strip() == "*":
        return Response(status_code=304, headers=headers)
    made = FORMATS[extension]
    body = made.write(_feed(request, chosen, articles))
    return Response(body, media_type=made.type, headers=headers)


def _parted(path: str) -> tuple[str, str]:
    name, dot, extension = path.rpartition(".")
    return (name, extension) if dot and extension in FORMATS else (path, "atom")


def _chosen(library: Library, path: str, query: QueryParams) -> Chosen:
    """Raises NotHeld, BadQuery, HTTPException (404)."""
    kind, _slash, name = path.partition("/")
    if path == "all":
        return Chosen(_("All articles"), "/", lambda most: _newest(library, most))
    if path == "search":
        return _search(library, query.get("q", ""))
    if kind in _NAMED and name:
        return _NAMED[kind](library, name)
    if found := _WEWE.fullmatch(path):
        return _account(library, base64.b64encode(found[1].encode()).decode())
    raise HTTPException(404)


def _newest(library: Library, most: int, **wanted: object) -> list[Stored]:
    return [card.stored for card in library.newest(limit=most, **wanted).cards]  # type: ignore[arg-type]


def _account(library: Library, name: str) -> Chosen:
    found = library.account(name)
    return Chosen(
        found.name or name,
        render.account_url(found.address),
        lambda most: _newest(library, most, account_id=found.account_id),
    )


def _album(library: Library, name: str) -> Chosen:
    found = library.album(name)
    keys = [member.key for member in found.members if member.key]

    def newest(most: int) -> list[Stored]:
        held = [card.stored for card in library.cards(keys)]
        return sorted(held, key=when, reverse=True)[:most]

    return Chosen(found.title or name, f"/albums/{render.quoted(name)}", newest)


def _tag(library: Library, name: str) -> Chosen:
    library.require_tag(name)
    home = f"/tags/{render.quoted(name)}"
    return Chosen(f"#{name}", home, lambda most: _newest(library, most, tag=name))


def _group(library: Library, name: str) -> Chosen:
    if fold(name) not in map(fold, library.group_names()):
        raise NotHeld(mark("there is no group called {name}", name=name))
    found = _search(library, f'group:"{name.replace(chr(34), " ")}"')
    return replace(found, title=name)


def _topic(library: Library, name: str) -> Chosen:
    library.require_topic(name)
    home = f"/topics/{render.quoted(name)}"
    return Chosen(f"#{name}", home, lambda most: _newest(library, most, topic=name))


def _alert(library: Library, name: str) -> Chosen:
    one = library.alert(name)
    return replace(_search(library, one.query), title=one.name)


#: What stands before a name.
_NAMED: dict[str, Callable[[Library, str], Chosen]] = {
    "account": _account,
    "album": _album,
    "alert": _alert,
    "tag": _tag,
    "topic": _topic,
    "group": _group,
}


def _search(library: Library, words: str) -> Chosen:
    if not words.strip():
        raise HTTPException(404)

    def newest(most: int) -> list[Stored]:
        hits = library.search(words, limit=most, newest=True)
        return [card.stored for card in library.cards([hit.key for hit in hits])]

    return Chosen(words, render.search_url(words, sort="newest"), newest)


def _wanted(chosen: Chosen, query: QueryParams) -> list[Stored]:
    """Those whose titles are wanted, ``limit`` of them from ``page`` on."""
    limit, page = _number(query, "limit", LIMIT, MOST), _number(query, "page", 1, LOOKED_AT)
    include, exclude = (_words(query.get(f"title_{way}")) for way in ("include", "exclude"))
    filtered = bool(include or exclude)
    found = chosen.newest(LOOKED_AT if filtered else min(limit * page, LOOKED_AT))
    kept = [
        stored
        for stored in found
        if not _names(stored, exclude) and (not include or _names(stored, include))
    ]
    return kept[limit * (page - 1) : limit * page]


def _number(query: QueryParams, name: str, default: int, most: int) -> int:
    said = query.get(name, "")
    known = said.isascii() and said.isdigit() and len(said) < 8 and int(said) > 0
    return min(int(said), most) if known else default


def _words(text: str | None) -> list[str]:
    return [word.casefold() for part in (text or "").split("|") if (word := part.strip())]


def _names(stored: Stored, words: list[str]) -> bool:
    title = stored.title.casefold()
    return any(word in title for word in words)


def _etag(request: Request, extension: str, articles: Sequence[Stored]) -> str:
    """Changes with the articles, their versions, and where the feed's addresses lead."""
    facts = [request.headers.get("host", ""), request.scope.get("language", ""), extension]
    facts += [f"{one.key}.{one.version}.{one.gone is not None}" for one in articles]
    return f'"{hashlib.sha256(" ".join(facts).encode()).hexdigest()[:32]}"'


def _feed(request: Request, chosen: Chosen, articles: Sequence[Stored]) -> Feed:
    base = str(request.base_url).rstrip("/")
    return Feed(
        id=f"tag:wechat-archive,2026:feed:{hashlib.sha256(chosen.home.encode()).hexdigest()[:16]}",
        title=chosen.title,
        description=_("Articles kept by wechat-archive"),
        url=base + render.here(request),
        home=base + chosen.home,
        entries=tuple(_entry(request, base, stored) for stored in articles),
    )


def _entry(request: Request, base: str, stored: Stored) -> Entry:
    site = site_of(request)
    article = site.library.article(stored.key)
    pictures = site.library.pictures(article)

    def picture(url: str) -> str | None:
        return _picture(base, pictures[url], site.settings.token) if url in pictures else None

    return entry(stored, article, url=base + render.article_url(stored.key), picture=picture)


def _picture(base: str, path: str, token: str | None) -> str:
    """A picture of the archive under an absolute address, opened by its own signature where a token
    is asked for.
    """
    sign = signature(token, f"/{path}")
    return f"{base}/{path}" + (f"?sig={sign}" if sign else "")


def outlines(request: Request) -> Response:
    """``/feeds/opml``: every feed there is. With the server's token in their addresses, where it
    has one: a reader has no other way to show it, and who may read this list knows it."""
    site = site_of(request)
    base = str(request.base_url).rstrip("/")
    token = f"?{urlencode({'token': site.settings.token})}" if site.settings.token else ""

    def outline(title: str, feed: str, home: str) -> opml.Outline:
        return opml.Outline(title, f"{base}/feeds/{feed}.atom{token}", base + home)

    def tags(kind: str, tallies: Iterable[Tally]) -> list[opml.Outline]:
        names = [(one.name, render.quoted(one.name)) for one in tallies]
        return [outline(f"#{name}", f"{kind}/{url}", f"/{kind}s/{url}") for name, url in names]

    library = site.library
    shelves = library.shelves()
    groups = {
        "": [outline(_("All articles"), "all", "/")],
        _("Saved searches"): [
            outline(
                one.name,
                f"alert/{render.quoted(one.name)}",
                render.search_url(one.query, sort="newest"),
            )
            for one in library.alerts()
        ],
        _("Accounts"): [
            outline(one.title, f"account/{render.quoted(one.name)}", render.account_url(one.name))
            for one in library.accounts()
        ],
        _("Albums"): [
            outline(
                one.title, f"album/{render.quoted(one.name)}", f"/albums/{render.quoted(one.name)}"
            )
            for one in library.albums()
        ],
        _("My groups"): [
            outline(
                name,
                f"group/{render.quoted(name)}",
                render.search_url(f'group:"{name}"', sort="newest"),
            )
            for name in library.group_names()
        ],
        _("My tags"): tags("tag", shelves.tags),
        _("Tags"): tags("topic", shelves.topics),
    }
    headers = {"content-disposition": 'attachment; filename="wechat-archive.opml"'}
    body = opml.write(_("WeChat archive"), groups)
    return Response(body, media_type="text/x-opml; charset=utf-8", headers=headers)


def listed(request: Request) -> Response:
    """``/feeds``: the accounts as wewe-rss lists its feeds."""
    feeds = []
    for one in site_of(request).library.accounts():
        number = _wewe_number(one.name)
        feeds.append({"id": f"MP_WXS_{number}" if number else one.name, "name": one.title})
    return JSONResponse(feeds)


def _wewe_number(biz: str) -> str | None:
    try:
        number = base64.b64decode(biz, validate=True).decode("ascii")
    except (ValueError, UnicodeDecodeError):
        return None
    return number if _WEWE.fullmatch(f"MP_WXS_{number}") else None
