"""Pure. A Markdown file, as this program writes it or as others do, as an ``Article``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import unescape
from itertools import product
from typing import Any

from archive.document import bounds, discussion, frontmatter, related
from archive.document.facts import Holding, article_of, holding_of, modernised
from archive.document.layout import header, is_untouched
from archive.document.reading_foreign import article_of_foreign, foreign, visible
from archive.document.reading_html import SIGN, to_html
from scraper.body import Hints, cards, clean
from scraper.body.cards import quote
from scraper.models import Article, Loss, Media

Local = Callable[[str], "str | None"]

#: A picture that came as a file has an address of this form: ``file:///`` and its name.
LOCAL = "file:///"
LOST_PICTURE = "local-picture"
_HAS_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Head:
    """What a file says about itself before its body; ``ours``: this program wrote it."""

    article: Article
    holding: Holding
    body: str
    ours: bool


def read_head(text: str, *, name: str | None = None, without_address: bool = False) -> Head:
    """The facts of a file and the Markdown of its body, which costs little.

    Raises BadInput for a file that is not about a WeChat article; ``without_address`` believes that
    it is, and ``name`` (the file's) is its title where it gives none.
    """
    values, rest = frontmatter.read(text.replace("\r\n", "\n").replace("\r", "\n"))
    if _is_ours(values):
        values = modernised(values, untouched=is_untouched(text))
        article = article_of(values)
        if bounds.integer(values.get("comments")):
            rest = discussion.without(rest)
        return Head(article, holding_of(values), _without_header(article, rest), ours=True)
    values, body = foreign(values, rest)
    article = article_of_foreign(values, name=name, without_address=without_address)
    return Head(article, Holding(), body, ours=False)


def read_body(head: Head, *, image: Local | None = None, link: Local | None = None) -> Article:
    """The whole article. ``image`` and ``link`` tell the address of what the file shows as a local
    path.

    A picture on somebody's disk that ``image`` does not know is named as a loss: no address is made
    up for it.
    """
    article = head.article
    lost: list[str] = []

    def picture(shown: str) -> str | None:
        address = image(shown) if image else None
        if address is None and not _HAS_SCHEME.match(shown):
            lost.append(shown)
            return ""
        return address.removeprefix(LOCAL) if address else None

    source = to_html(head.body, ours=head.ours, image=picture, link=link)
    body = clean(source, hints=Hints(base_url=LOCAL))
    html, text, in_cards, images = body.html, body.text, set[str](), body.images
    if head.ours:
        html = html.replace(f' width="{SIGN}"', "")
        images = tuple(replace(found, width=None) for found in images)
        html, text, in_cards = _with_cards(html, text, article.media)
    if article.kind == 8:  # picture pages name theirs so
        images = tuple(replace(found, role="picture") for found in images)
    in_text = dict.fromkeys(link for link in body.links if link.url not in in_cards)
    return replace(
        article,
        body=html,
        text=text,
        images=images,
        media=article.media or body.media,
        losses=(*article.losses, *_told(lost, article.losses)),
        links=(
            *in_text,
            *related.resolved(
                (found for found in article.links if found.relation != "text"), in_text
            ),
        ),
    )


def _told(lost: list[str], known: tuple[Loss, ...]) -> tuple[Loss, ...]:
    """The pictures that are not there, unless the file tells of them already."""
    if not lost or any(loss.kind == LOST_PICTURE for loss in known):
        return ()
    return (Loss(kind=LOST_PICTURE, where=lost[0], count=len(lost)),)


def _is_ours(values: Mapping[str, Any]) -> bool:
    return all(isinstance(values.get(name), str) for name in ("title", "key", "kind"))


def _without_header(article: Article, rest: str) -> str:
    """The body: everything behind the header that this program wrote; of an edited file, behind
    what looks like it.
    """
    rest = rest.lstrip("\n")
    # Where the body says what the digest does, the file does not say it twice.
    for headed, account in product((article, replace(article, digest=None)), (True, False)):
        expected = "\n\n".join(header(headed, account=account))
        if rest.startswith(expected):
            return rest[len(expected) :].lstrip("\n")
    return foreign({}, rest)[1]


# --- cards


def _with_cards(html: str, text: str, media: tuple[Media, ...]) -> tuple[str, str, set[str]]:
    """Body and text with the card lines of our own files (``视频: …``) as cards again, each matched
    with the front matter's ``media`` in order; and the addresses that stand in cards, which are no
    links of the text."""
    at, lines, addresses = 0, text.split("\n"), set[str]()
    for one in media:
        start = html.find(f"<p>{cards.label(one)}: ", at)
        end = html.find("</p>", start)
        if start < 0:
            continue
        shown = html[start : end + 4]
        card = cards.line(one)
        if visible(shown) != visible(card):
            continue  # edited by hand: the words stay
        html = html[:start] + card + html[end + 4 :]
        at = start + len(card)
        if (
            "about",
            quote.ABOUT,
        ) not in one.extra:  # the source of a quote is a link of the text too
            addresses.update(unescape(found) for found in _HREF.findall(shown))
        bare = visible(shown).strip()
        if bare in lines:
            lines[lines.index(bare)] = cards.text(one)
    return html, "\n".join(lines), addresses


_HREF = re.compile(r'href="([^"]*)"')
