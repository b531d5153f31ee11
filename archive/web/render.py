"""Templates, and how times, sizes and numbers are shown in them."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache, lru_cache
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from markupsafe import escape as markup_escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from archive import i18n
from archive.exporters.tree import address as web_address
from archive.web import seal
from archive.web.compressed import compressed
from archive.web.site import STATIC, site_of, static_file
from scraper.zone import day_in_china, for_people, minute_in_china

if TYPE_CHECKING:
    from archive.search.similar import Similar

_ = i18n.gettext
_IN_BACKTICKS = re.compile("`([^`\n]+)`")


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """The page that ``template`` makes of ``values``, in the reader's language."""
    site = site_of(request)
    html = (
        environment()
        .get_template(template)
        .render(
            request=request,
            path=request.url.path,
            here=here(request),
            language=request.scope.get("language", i18n.ENGLISH),
            read_only=site.settings.read_only,
            **values,
        )
    )
    told = dict(headers or {})
    return HTMLResponse(compressed(request, html.encode(), told), status, told)


def here(request: Request) -> str:
    """The address of this page on this server, with its query; the token is never repeated."""
    if request.method not in ("GET", "HEAD"):
        return "/"
    asked = [one for one in request.query_params.multi_items() if one[0] != "token"]
    return request.url.path + (f"?{urlencode(asked)}" if asked else "")


@cache
def environment() -> Environment:
    """Jinja with our filters. Everything is escaped unless it says that it is HTML already."""
    made = Environment(
        loader=PackageLoader("archive.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.filters |= {
        "day": day,
        "moment": moment,
        "marked": marked,
        "coded": coded,
        "size": size,
        "local": local,
        "stamp": stamp,
        "number": number,
        "in_language": i18n.recognised,
    }
    made.globals |= {
        "static": {name: f"/static/{name}?v={static_file(name)[1]}" for name in STATIC},
        "web_address": web_address,
        "article_url": article_url,
        "account_url": account_url,
        "search_url": search_url,
        "album_url": lambda name: f"/albums/{quoted(name)}",
        "tag_url": lambda name: f"/tags/{quoted(name)}",
        "topic_url": lambda name: f"/topics/{quoted(name)}",
        "feed_url": feed_url,
        "year_url": lambda name: f"/years/{quoted(name)}",
        "kind_title": kind_title,
        "relation_title": relation_title,
        "seal": seal.of,
        "quote": quote,
    }
    return made


def day(value: datetime | None) -> str:
    """The day in China, ``2026-11-28``; empty where there is none."""
    return day_in_china(value) if value else ""


def moment(value: datetime | None) -> str:
    """Day and minute in China."""
    return minute_in_china(value) if value else ""


def local(value: datetime | None) -> str:
    """As commands show it: to the minute, in this machine's zone and with it."""
    return for_people(value) if value else ""


def stamp(value: datetime | None) -> str:
    """For a program: ISO 8601, UTC."""
    return value.isoformat() if value else ""


def number(value: int) -> str:
    """``12,345``."""
    return f"{value:,}"


def size(count: int) -> str:
    """Bytes for a person: ``3.2 MB``."""
    amount = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


def coded(text: str) -> Markup:
    """A message with what it sets in backticks as code, as a person is to type it."""
    # What a template translates is Markup already, which `html.escape` would escape twice.
    return Markup(_IN_BACKTICKS.sub(r"<code>\1</code>", str(markup_escape(text))))


def marked(text: str, marks: tuple[tuple[int, int], ...]) -> Markup:
    """``text`` with what was searched for in ``<mark>``."""
    parts, last = [], 0
    for start, end in marks:
        parts += [escape(text[last:start]), "<mark>", escape(text[start:end]), "</mark>"]
        last = end
    return Markup("".join((*parts, escape(text[last:]))))


#: How two articles belong together.
RELATIONS = {
    "duplicate": i18n.mark("the same text"),
    "reprint": i18n.mark("reprint"),
    "near": i18n.mark("shares passages"),
    "links-to": i18n.mark("linked from here"),
    "linked-from": i18n.mark("links here"),
    "shared-links": i18n.mark("links to the same"),
}


def relation_title(one: Similar) -> str:
    """How it belongs to the article; for texts with the part in common."""
    title = _(RELATIONS[one.relation]) if one.relation in RELATIONS else one.relation
    return f"{title} {one.score:.0%}" if one.relation in ("reprint", "near") else title


#: What kinds of article are called.
KINDS = {
    "article": i18n.mark("article"),
    "video": i18n.mark("video"),
    "music": i18n.mark("music"),
    "audio": i18n.mark("audio"),
    "picture": i18n.mark("pictures"),
    "text": i18n.mark("text"),
    "shared": i18n.mark("shared"),
    "qa": i18n.mark("questions and answers"),
    "live": i18n.mark("live"),
    "short": i18n.mark("short"),
}


def kind_title(name: str) -> str:
    """The kind in the reader's language."""
    return _(KINDS[name]) if name in KINDS else name


@lru_cache(1024)
def quoted(name: str) -> str:
    """``name`` as one part of an address."""
    return quote(name, safe="")


def article_url(key: str, tail: str = "") -> str:
    """Where an article's page is."""
    return f"/articles/{quote(key)}{tail}"


def account_url(name: str | None) -> str:
    """Where an account's page is, by its biz, name or 微信号."""
    return f"/accounts/{quoted(name or '')}"


def feed_url(kind: str, name: str = "", **more: str) -> str:
    """Where a feed is: of all articles, or of what bears the name."""
    path = f"/feeds/{kind}/{quoted(name)}.atom" if name else f"/feeds/{kind}.atom"
    return path + (f"?{urlencode(more)}" if more else "")


def search_url(q: str = "", **more: Any) -> str:
    """The address of a search; what is empty is left out."""
    given = {"q": q, **more}
    return "/search?" + urlencode(
        {name: value for name, value in given.items() if value not in ("", None, False)}
    )
