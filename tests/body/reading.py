"""What a reader sees of HTML and of Markdown, for comparing the two; written apart from the
program's own code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import lxml.etree as etree
from markdown_it import MarkdownIt

from scraper.text import names

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_UNSEEN = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\u00ad]+")
_BLOCKS = names(
    "p div ul ol li blockquote h1 h2 h3 h4 h5 h6 hr table thead tbody tr td th pre br figure figcaption"
)

#: Between two code spans these show nothing.
_LOOKS = names("strong b em i del s")


@dataclass(frozen=True)
class Seen:
    """The lines of text, the bold text (outside headings and code), the code spans (those that touch
    are one to whoever reads them) and blocks.
    """

    lines: tuple[str, ...]
    bold: str
    spans: tuple[str, ...]
    blocks: tuple[str, ...]
    images: tuple[str, ...]
    links: tuple[str, ...]


def squeezed(text: str) -> str:
    return _UNSEEN.sub("", text)


def seen(html: str) -> Seen:
    """What a reader sees of ``html``."""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True)
    root = etree.fromstring(f"<div>{html} </div>".encode(), parser)
    lines: list[str] = []
    line: list[str] = []
    spans = _Spans()

    def end() -> None:
        text = squeezed("".join(line))
        line.clear()
        if text:
            lines.append(text)

    def take(text: str | None, pre: bool) -> None:
        spans.part(not text)
        for number, piece in enumerate((text or "").split("\n") if pre else [text or ""]):
            if number:
                end()
            line.append(piece)

    def walk(element: etree._Element, pre: bool) -> None:
        pre = pre or element.tag == "pre"
        if element.tag == "code" and not pre:
            line.append(_text(element))
            spans.add(_text(element))
            return
        spans.part(element.tag in _LOOKS)
        if element.tag in _BLOCKS:
            end()
        take(element.text, pre)
        for child in element:
            walk(child, pre)
            spans.part(child.tag in _LOOKS or child.tag == "code")
            take(child.tail, pre)
        if element.tag in _BLOCKS:
            end()

    walk(root, False)
    end()
    return Seen(
        lines=tuple(lines),
        bold=squeezed("".join(_bold(root))),
        spans=tuple(spans.found),
        blocks=tuple(_text(code).strip("\n") for code in root.iterfind(".//pre/code")),
        images=tuple(str(e.get("src")) for e in root.iter("img")),
        links=tuple(str(e.get("href")) for e in root.iter("a")),
    )


class _Spans:
    """Code spans, those that touch as one."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._touching = False

    def add(self, text: str) -> None:
        if self._touching:
            self.found[-1] += text
        else:
            self.found.append(text)
        self._touching = True

    def part(self, nothing: bool) -> None:
        """Something stands behind the last span, unless it is ``nothing`` to see."""
        self._touching = self._touching and nothing


def _text(element: etree._Element) -> str:
    return "".join(map(str, element.itertext()))


def _bold(root: etree._Element) -> list[str]:
    found = []
    for element in root.iter("strong", "b"):
        above = {ancestor.tag for ancestor in element.iterancestors()}
        if not above & {"strong", "b", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}:
            found.append(_text(element))
    return found


def shown(markdown: str) -> Seen:
    """What a reader sees of ``markdown``, by a CommonMark renderer with tables and strike-outs."""
    return seen(MARKDOWN.render(markdown))
