"""``/articles/KEY``: an article set to be read, and all that stands around it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from archive import i18n
from archive.exporters.tree import Player
from archive.library import ExportFormat
from archive.store import Edge
from archive.store.reading import Reading
from archive.web import counts, render
from archive.web.body import shown
from archive.web.security import RAW_POLICY
from archive.web.site import site_of
from scraper import urls
from scraper.errors import NotAnAddress
from scraper.recordings import recording_of
from scraper.redact import scrub

_ = i18n.gettext
#: What WeChat's own page hides until its script has run, which here it never does.
_UNHIDDEN = (
    b"<style>#js_content,#js_article{visibility:visible!important;opacity:1!important}</style>"
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Where an article's links lead, each once: articles that are held, that are not, and the rest
    of the web.
    """

    held: tuple[Edge, ...]
    missing: tuple[Edge, ...]
    other: tuple[Edge, ...]


def outgoing(edges: Iterable[Edge]) -> Outgoing:
    """The links by where they lead. Albums and their neighbours are left out: they stand with the
    album.
    """
    held: dict[str, Edge] = {}
    missing: dict[str, Edge] = {}
    other: dict[str, Edge] = {}
    for edge in edges:
        if edge.relation in ("album", "album_previous", "album_next", "tag"):
            continue
        if edge.target_key:
            held.setdefault(edge.target_key, edge)
        elif _is_article(edge.url):
            missing.setdefault(edge.address or edge.url, edge)
        else:
            other.setdefault(edge.url, edge)
    return Outgoing(tuple(held.values()), tuple(missing.values()), tuple(other.values()))


def _is_article(url: str) -> bool:
    try:
        return urls.parse(url).form != "album"
    except NotAnAddress:
        return False


def article(request: Request) -> Response:
    """The article's page. Another name of it (an address, an old key) leads to its own."""
    site_of(request).notice()
    name = request.path_params["name"]
    site = site_of(request)
    reading = site.library.read(name)
    key = reading.stored.key
    if name != key:
        return RedirectResponse(render.article_url(key), 301 if len(name) >= len(key) else 302)
    links = {
        edge.url: render.article_url(edge.target_key) for edge in reading.edges if edge.target_key
    }
    body = shown(
        reading.article.body, pictures=reading.pictures, links=links, players=players(reading)
    )
    return render.page(
        request,
        "article.html",
        reading=reading,
        stored=reading.stored,
        article=reading.article,
        body=body,
        lead=_lead(reading),
        counts=counts.of(reading.looks, request.scope.get("language", i18n.ENGLISH)),
        links=outgoing(reading.edges),
        unheard=list(_unheard(reading)),
        losses=[(loss_title(loss.kind), loss) for loss in reading.article.losses],
        own_versions=site.library.count_own_versions(reading.stored.article_id),
        **neighbours(reading),
    )


def players(reading: Reading) -> dict[str, Player]:
    """What plays each recording that is held, by its address."""
    covers = {
        found.address: f"/{reading.pictures[media.cover]}"
        for media in reading.article.media
        if media.cover in reading.pictures and (found := recording_of(media)) is not None
    }
    return {
        one.address: Player(f"/{one.path}", one.type, covers.get(one.address))
        for one in reading.recordings
        if one.path and one.type
    }


def _unheard(reading: Reading) -> Iterator[tuple[str, str, datetime | None]]:
    """Each recording that could not be fetched: its address, why, and when it is tried again."""
    for one in reading.recordings:
        if one.error:
            due = datetime.fromisoformat(one.due) if one.due else None
            yield one.address, i18n.recognised(one.error), due


def _lead(reading: Reading) -> str | None:
    """The digest, unless the text begins with it."""
    digest = reading.article.digest
    if not digest:
        return None
    begin = "".join(reading.article.text[: 2 * len(digest) + 200].split())
    return None if begin.startswith("".join(digest.split())[:60]) else digest


def neighbours(reading: Reading) -> dict[str, Any]:
    """Addresses of the article before and behind it in its album, as far as they are held."""
    for place in reading.albums:
        before, after = (
            render.article_url(one.key) if one and one.key else None
            for one in (place.previous, place.next)
        )
        if before or after:
            return {"before": before, "after": after}
    return {"before": None, "after": None}


#: What can be lost of a body, in words.
LOSSES = {
    "animation": i18n.mark("animations"),
    "audio-address": i18n.mark("recordings without an address"),
    "data-image": i18n.mark("pictures written into the page itself"),
    "depth": i18n.mark("what was nested too deep"),
    "drawing": i18n.mark("drawings made by a script"),
    "embedded": i18n.mark("embedded programs"),
    "form": i18n.mark("forms"),
    "image-without-address": i18n.mark("pictures without an address"),
    "live-photo": i18n.mark("the moving part of a live photo"),
    "music-address": i18n.mark("music without an address"),
    "unpaid-part": i18n.mark("the part that must be paid for"),
    "unseen-text": i18n.mark("text that readers do not see"),
}


def loss_title(kind: str) -> str:
    """The kind of a loss in the reader's language; what nobody translated stays as the parser names
    it.
    """
    return _(LOSSES[kind]) if kind in LOSSES else kind.replace("-", " ").replace("_", " ")


def similar(request: Request) -> Response:
    """``/articles/KEY/similar``: reprints and related ones; a part of a page for the script."""
    library = site_of(request).library
    key = library.get(request.path_params["name"]).key
    found = library.similar(key, limit=12)
    template = "similar-part.html" if "part" in request.query_params else "similar.html"
    return render.page(request, template, key=key, stored=library.get(key), similar=found)


def markdown(request: Request) -> Response:
    """``/articles/KEY.md``: the Markdown file."""
    library = site_of(request).library
    held = library.get(request.path_params["name"])
    name = held.path.rsplit("/", 1)[-1]
    return Response(
        library.markdown(held.key),
        media_type="text/markdown; charset=utf-8",
        headers={"content-disposition": f"inline; filename*=utf-8''{quote(name)}"},
    )


def export_html(request: Request) -> Response:
    """``/articles/KEY.html``: the article as one file, its pictures inside."""
    return _export(request, "html", "text/html; charset=utf-8")


def export_epub(request: Request) -> Response:
    """``/articles/KEY.epub``."""
    return _export(request, "epub", "application/epub+zip")


def _export(request: Request, format: ExportFormat, media_type: str) -> Response:
    library = site_of(request).library
    held = library.get(request.path_params["name"])
    name = held.path.rsplit("/", 1)[-1].removesuffix(".md")
    return Response(
        library.export(held.key, format),
        media_type=media_type,
        headers={
            "content-disposition": f"attachment; filename*=utf-8''{quote(name)}.{format}",
            "content-security-policy": RAW_POLICY,
        },
    )


def raw(request: Request) -> Response:
    """``/articles/KEY/raw``: the page as it came, in a frame that can load nothing."""
    library = site_of(request).library
    held = library.get(request.path_params["name"])
    versions = [one for one in library.versions(held.key) if one.snapshot_id is not None]
    wanted = number(request.query_params.get("version")) or held.version
    kept = library.raw_page(held.key, wanted)
    return render.page(
        request,
        "raw.html",
        stored=held,
        kept=kept,
        versions=versions,
        number=wanted,
    )


def raw_page(request: Request) -> Response:
    """``/articles/KEY/raw/N``: what stands in that frame; ``?source`` as text."""
    page = site_of(request).library.raw_page(
        request.path_params["name"], number(request.path_params["number"])
    )
    if page is None:
        raise HTTPException(404)
    headers = {"content-security-policy": RAW_POLICY}
    body = scrub(page.body)  # a reader of this page need not know who read it first
    if "source" in request.query_params:
        return Response(body, media_type="text/plain; charset=utf-8", headers=headers)
    kind = dict(page.headers).get("content-type") or "text/html"
    if not kind.startswith("text/html"):
        return Response(body, media_type="text/plain; charset=utf-8", headers=headers)
    if "charset" not in kind and b"charset" not in body[:2048].lower():
        kind = "text/html; charset=utf-8"
    return Response(body + _UNHIDDEN, headers={**headers, "content-type": kind})


def number(text: str | None) -> int | None:
    """A number in an address; ``None`` for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None
