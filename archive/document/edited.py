"""An article as a person made it in its file. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import unquote

from archive.document.reading import read_body, read_head
from archive.errors import BadInput
from scraper.models import Article

#: A longer file is none that a person wrote by hand; it is shown as the page said it.
_LONGEST = 2**20


def edited_article(article: Article, text: str, link: Callable[[str], str | None]) -> Article:
    """``article`` with body, text and pictures as its file ``text`` has them; as it is where the
    file cannot be read. ``link`` gives the address of the article whose file a local link leads
    to."""
    if len(text) > _LONGEST:
        return article
    try:
        head = read_head(text, without_address=True)
    except BadInput:
        return article
    names = dict(head.holding.images)

    def image(shown: str) -> str | None:
        return names.get(unquote(shown).rpartition("/")[2])

    found = read_body(head, image=image, link=link)
    if not (found.text.strip() or found.images):
        return article
    others = tuple(one for one in article.links if one.relation != "text")
    links = tuple(one for one in found.links if one.relation == "text")
    return replace(
        article, body=found.body, text=found.text, images=found.images, links=(*links, *others)
    )
