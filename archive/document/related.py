"""The links of a page beside its text, as short as a file can say them, and back. Pure.

An index article links to hundreds of others, and its page lists them all once more; an album's
neighbours stand in ``album`` already. What follows from something else in the file is not written a
second time:

* ``related`` are the related reads that the page lists (``ainfos``): the words alone where a link of the text has the
  same words and leads there, else words and address.
* Links to the album, to its neighbours, to the original and to 阅读原文 follow from ``album``, ``reprint`` and
  ``source_url``.
* ``links`` holds what is left, or everything (``all_links: true``) for a page that has other links than these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from archive.document import bounds
from scraper.models import Album, Article, Link
from scraper.patterns import lazy

#: The order in which the parser finds them.
_ORDER = ("ainfos", "album", "album_previous", "album_next", "tag", "reprint", "source")
_WITH_ADDRESS = lazy(r"(?:(.*) )?(https?://\S+)", re.DOTALL)


def written(article: Article) -> dict[str, Any]:
    """``related``, ``links`` and ``all_links`` for the front matter."""
    beside = [link for link in article.links if link.relation != "text"]
    words = _words(article.links)
    follows = set(_following(article, _titles(article)))
    related = [_shown(link, words) for link in beside if link.relation == "ainfos"]
    rest = [_fields(link) for link in beside if link.relation != "ainfos" and link not in follows]
    values = {"related": related, "links": rest, "album": album(article)}
    if resolved(read(values, article), article.links) != tuple(beside):
        return {"links": [_fields(link) for link in beside], "all_links": True}
    return {"related": related, "links": rest}


def album(article: Article) -> dict[str, Any] | None:
    """The album with the titles of its neighbours."""
    if article.album is None:
        return None
    return _fields(article.album) | {
        name: title for name, title in _titles(article).items() if title
    }


def read(values: Mapping[str, Any], article: Article) -> tuple[Link, ...]:
    """The links that the front matter names; related reads that only the text's links can resolve
    have no address yet.

    ``article`` has what else the front matter says; its links are not looked at.
    """
    links = [
        Link(url=url, relation=relation, text=bounds.text(link.get("text")))
        for link in _list(values.get("links"))
        if isinstance(link, Mapping)
        and (url := bounds.text(link.get("url")))
        and (relation := bounds.text(link.get("relation")))
    ]
    if values.get("all_links") is True:
        return tuple(links)
    related = [_read(shown) for shown in _list(values.get("related")) if isinstance(shown, str)]
    named = values.get("album")
    titles = (
        {name: bounds.text(named.get(name)) for name in _TITLES}
        if isinstance(named, Mapping)
        else {}
    )
    links = [*related, *_following(article, titles), *links]
    rank = {relation: place for place, relation in enumerate(_ORDER)}
    return tuple(dict.fromkeys(sorted(links, key=lambda link: rank.get(link.relation, len(rank)))))


def resolved(links: Iterable[Link], text: Iterable[Link]) -> tuple[Link, ...]:
    """``links`` with the addresses that the links of the text give them; one whose words are gone
    is left out.
    """
    words = _words(text)
    found = (
        replace(link, url=words.get(link.text or "", "")) if not link.url else link
        for link in links
    )
    return tuple(link for link in found if link.url)


_TITLES = ("previous_title", "next_title")


def _titles(article: Article) -> dict[str, str | None]:
    found = {link.relation: link.text for link in reversed(article.links)}
    return {name: found.get(f"album_{name.removesuffix('_title')}") for name in _TITLES}


def _following(article: Article, titles: Mapping[str, str | None]) -> Iterable[Link]:
    one: Album | None = article.album
    if one is not None:
        for url, relation, text in (
            (one.url, "album", one.title),
            (one.previous, "album_previous", titles.get("previous_title")),
            (one.next, "album_next", titles.get("next_title")),
            # An album shows as a tag of the same name.
            (one.url if one.title in article.tags else None, "tag", one.title),
        ):
            if url:
                yield Link(url=url, relation=relation, text=text)
    if article.reprint is not None and article.reprint.url:
        yield Link(url=article.reprint.url, relation="reprint", text=article.reprint.account)
    if article.source_url:
        yield Link(url=article.source_url, relation="source")


def _words(links: Iterable[Link]) -> dict[str, str]:
    """Words → address of the links of the text; of equal words the first."""
    found: dict[str, str] = {}
    for link in links:
        if link.relation == "text" and link.text:
            found.setdefault(link.text, link.url)
    return found


def _shown(link: Link, words: Mapping[str, str]) -> str:
    text = link.text or ""
    if words.get(text) == link.url and not _WITH_ADDRESS().fullmatch(text):
        return text
    return f"{text} {link.url}" if text else link.url


def _read(shown: str) -> Link:
    found = _WITH_ADDRESS().fullmatch(shown)
    if found is None:
        return Link(url="", relation="ainfos", text=shown)
    return Link(url=found[2], relation="ainfos", text=found[1])


def _fields(value: Any) -> dict[str, Any]:
    return {
        name: getattr(value, name) for name in value.__slots__ if getattr(value, name) is not None
    }


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
