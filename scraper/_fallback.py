"""Until scraper.body.clean lands: paragraphs and images only. To be removed."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field

from scraper.models import Image, Link, Loss, Media
from scraper.source import parse_html


@dataclass(frozen=True)
class Body:
    html: str = ""
    text: str = ""
    images: tuple[Image, ...] = ()
    media: tuple[Media, ...] = ()
    links: tuple[Link, ...] = ()
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True)
class Hints:
    base_url: str | None = None
    videos: Mapping[str, Media] = field(default_factory=dict)
    voices: Mapping[str, Media] = field(default_factory=dict)


def clean(source: bytes | str, *, hints: Hints = Hints()) -> Body:
    tree = parse_html(source.encode() if isinstance(source, str) else source)
    if tree is None:
        return Body()
    lines, images, links = [], [], []
    for element in tree.iter("p", "section", "img", "a"):
        if element.tag == "img" and element.get("data-src"):
            images.append(Image(url=element.get("data-src") or ""))
        elif element.tag == "a" and element.get("href"):
            links.append(Link(url=element.get("href") or "", relation="text", text="".join(element.itertext())))
        elif element.tag == "p":
            lines.append(" ".join("".join(element.itertext()).split()))
    body = "".join(f"<p>{html.escape(line)}</p>" for line in lines if line)
    body += "".join(f'<p><img src="{html.escape(image.url)}"></p>' for image in images)
    return Body(body, "\n".join(lines), tuple(images), (), tuple(links))
