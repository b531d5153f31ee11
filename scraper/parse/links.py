"""Everything that a page links to, with the relation kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scraper import urls
from scraper.models import Album, Link, Reprint
from scraper.parse import meta, values
from scraper.parse.parsed_page import ParsedPage
from scraper.plain import decoded_line

if TYPE_CHECKING:
    from scraper.body import Body


#: Pictures, texts and short posts.
_MESSAGES = frozenset((8, 10, 17))


def collect(
    parsed: ParsedPage,
    body: Body,
    kind: int,
    album: Album | None,
    reprint: Reprint | None,
    source_url: str | None,
) -> tuple[Link, ...]:
    """Links in the text first, in reading order, then the page's own lists. The same address may
    stand under several relations; under one relation it stands once for each text it has.
    """
    found: dict[Link, None] = dict.fromkeys(body.links)
    if kind in _MESSAGES and urls.HOST in body.text:
        # Messages cannot hold links everywhere, so their authors write addresses out.
        linked = {link.url for link in body.links}
        for address in urls.find(body.text):
            url = urls.clean_link(address.fetch)
            if url not in linked:
                found.setdefault(Link(url=url, relation="text"))
    for url, text in related(parsed):
        found.setdefault(Link(url=url, relation="ainfos", text=text))
    if album is not None:
        for link, relation in (
            (album.url, "album"),
            (album.previous, "album_previous"),
            (album.next, "album_next"),
        ):
            if link:
                found.setdefault(
                    Link(url=link, relation=relation, text=_album_text(parsed, relation, album))
                )
    for name, tagged in meta.tag_entries(parsed):
        if tagged:
            found.setdefault(
                Link(url=urls.clean_link(tagged), relation="tag", text=name and name.lstrip("#"))
            )
    if reprint is not None and reprint.url:
        found.setdefault(Link(url=reprint.url, relation="reprint", text=reprint.account))
    if source_url:
        found.setdefault(Link(url=source_url, relation="source", text=None))
    return tuple(found)


def related(parsed: ParsedPage) -> list[tuple[str, str | None]]:
    """``ainfos``: the articles that WeChat knows this one to link to, also on kinds 8 and 10."""
    found = []
    for entry in values.sequence(parsed.data("ainfos")):
        info = values.mapping(entry)
        url, title = values.address(info.get("url")), info.get("title")
        if url:
            found.append(
                (urls.clean_link(url), decoded_line(title) if isinstance(title, str) else None)
            )
    return found


def _album_text(parsed: ParsedPage, relation: str, album: Album) -> str | None:
    if relation == "album":
        return album.title
    info = values.mapping(parsed.data("appmsgalbuminfo"))
    title = info.get("pre_article_title" if relation == "album_previous" else "next_article_title")
    return decoded_line(title) if isinstance(title, str) else None
