"""The one walk over a body: the author's nested, styled tree in, clean blocks out.

No recursion: lxml's ``iterwalk`` gives the starts and ends, and what they change (looks, link, list, cell) is kept on
a stack. A container (list, quote, figure) is written only when something in it is, so nothing empty comes out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html import escape

import lxml.etree as etree

from scraper.body import cards, code, formulas, images, runs, style, tables
from scraper.body.hints import Hints
from scraper.body.runs import ATOM, BREAK, CODE, DEL, EM, STRONG, SUB, SUP, Run
from scraper.body.tree import TOO_DEEP, TooDeep
from scraper.body.vocabulary import (
    BLOCK_DISPLAYS,
    BLOCKS,
    HEADINGS,
    INLINE_LOOKS,
    LINKABLE,
    LOST,
    LOST_WITH_CONTENT,
    ORDINARY,
    PAGE_WRAPPERS,
    SKIPPED,
    TRANSPARENT,
)
from scraper.models import Image, Link, Loss, Media
from scraper.text import one_line
from scraper.urls import clean_link

#: In ``flags`` beside the looks: line feeds in the text are line ends (``white-space: pre…``).
_PREFORMATTED = 128
_LOOKS = STRONG | EM | DEL | SUP | SUB | CODE
#: Lists and quotes deeper than this are read on at this depth.
_DEEPEST = 12


@dataclass(slots=True)
class _Container:
    """A list, item, quote or figure that is open: its start tag, and whether it is written and has content."""

    tag: str
    start: str
    written: bool = False
    filled: bool = False
    reopened: bool = False


@dataclass(slots=True)
class Walker:
    """Collects the blocks, lines, images, media, links and losses of one body."""

    hints: Hints
    #: Whether the body may hold formulas, which are looked for on every element.
    formulas: bool = False
    out: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    media: list[Media] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    losses: dict[str, Loss] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    flags: int = 0
    href: str | None = None
    heading: int = 0
    caption: bool = False
    containers: list[_Container] = field(default_factory=list)
    table: tables.Table | None = None
    cell: bool = False
    queued: list[Media] = field(default_factory=list)
    backgrounds: set[str] = field(default_factory=set)
    words: list[str] = field(default_factory=list)

    def walk(self, root: etree._Element) -> None:
        """Reads the whole tree. Raises ``TooDeep`` where libxml2 may have stopped reading.

        Most elements are ``<span>``s that say nothing new (``leaf``, a font size): they cost one look at their style.
        """
        stack: list[tuple[int, str | None, Callable[[], None] | None] | None] = []
        events = etree.iterwalk(root, events=("start", "end"))
        for event, element in events:
            if event == "start":
                if element.tag in TRANSPARENT and not self.formulas:
                    looks = style.read(element.get("style"))
                    if looks is style.NOTHING:
                        stack.append(None)
                        if element.text:
                            self._add(element.text)
                        continue
                before = (self.flags, self.href)
                descend, at_end = self._start(element)
                stack.append((*before, at_end))
                if not descend:
                    events.skip_subtree()
                elif element.text:
                    self._add(element.text)
                if len(stack) > TOO_DEEP:
                    raise TooDeep
            else:
                entry = stack.pop()
                if entry is not None:
                    flags, href, at_end = entry
                    if at_end is not None:
                        at_end()
                    self.flags, self.href = flags, href
                if element.tail:
                    self._add(element.tail)
        self._flush()

    # -- one element

    def _start(self, element: etree._Element) -> tuple[bool, Callable[[], None] | None]:
        """(whether to go into the element, what to do at its end)."""
        tag = element.tag
        if tag == "br":
            self.runs.append(BREAK)
            return False, None
        if tag in SKIPPED:
            return False, None
        looks = style.read(element.get("style"))
        if (looks.hidden or looks.invisible) and element.get("id") not in PAGE_WRAPPERS:
            return False, None
        if self.formulas:
            formula = formulas.tex(element)
            if formula is not None:
                self._formula(*formula)
                return False, None
        if tag not in ORDINARY:
            special = self._special(tag, element)
            if special is not None:
                return special
        if tag in INLINE_LOOKS:
            self.flags |= INLINE_LOOKS[tag]
        if looks is not style.NOTHING:
            self._restyle(looks)
        block = tag in BLOCKS or looks.display in BLOCK_DISPLAYS
        at_end: Callable[[], None] | None = None
        if block:
            self._flush()
            at_end = self._open_block(tag, element) or self._flush
        background = looks.background or element.get("data-lazy-bgimg")
        if background:
            self._background(background, block)
        if tag == "a":
            at_end = self._link(element, at_end)
        return True, at_end

    def _restyle(self, looks: style.Style) -> None:
        if looks.bold is not None:
            self.flags = self.flags | STRONG if looks.bold else self.flags & ~STRONG
        if looks.italic is not None:
            self.flags = self.flags | EM if looks.italic else self.flags & ~EM
        if looks.struck:
            self.flags |= DEL
        if looks.preformatted is not None:
            self.flags = self.flags | _PREFORMATTED if looks.preformatted else self.flags & ~_PREFORMATTED

    def _special(self, tag: str, element: etree._Element) -> tuple[bool, Callable[[], None] | None] | None:
        """Elements that are read as a whole: pictures, code, cards, formulas, rules."""
        if tag in ("img", "image"):
            self._image(element)
            return False, None
        if tag == "pre" or (tag == "code" and not self.flags & CODE and element.find(".//br") is not None):
            self._code(element)
            return False, None
        if tag == "hr":
            self._flush()
            if not self.cell:
                self._write("<hr>")
            return False, None
        if cards.is_card(tag):
            return self._card_element(element)
        if tag in ("ul", "ol") and code.is_line_numbers(element):
            return False, None
        if tag in LOST:
            self._lose(LOST[tag])
            return tag not in LOST_WITH_CONTENT, None
        return None if tag != "script" else (False, None)

    # -- text

    def _add(self, text: str) -> None:
        flags = self.flags
        if not self.runs and not flags & _PREFORMATTED and text.isspace():
            return
        if flags & _PREFORMATTED and "\n" in text:
            first, *rest = text.split("\n")
            self.runs.append(Run(first, flags & _LOOKS, self.href))
            for piece in rest:
                self.runs.append(BREAK)
                self.runs.append(Run(piece, flags & _LOOKS, self.href))
        else:
            self.runs.append(Run(text, flags & _LOOKS, self.href))
        if self.href is not None:
            self.words.append(text)

    def _flush(self) -> None:
        """Ends the paragraph that is being read."""
        if self.runs:
            pending, self.runs = self.runs, []
            paragraph: list[list[Run]] = []
            for line in runs.lines(pending):
                if line:
                    paragraph.append(line)
                elif paragraph:
                    self._paragraph(paragraph)
                    paragraph = []
            if paragraph:
                self._paragraph(paragraph)
        if self.queued:
            queued, self.queued = self.queued, []
            for media in queued:
                self._card(media)

    def _paragraph(self, lines: list[list[Run]]) -> None:
        if self.heading:
            for line in lines:
                for run in line:
                    run.flags &= ~STRONG
        htmls = [runs.html(line) for line in lines]
        texts = [text for line in lines if (text := runs.plain(line))]
        if self.cell and self.table is not None:
            self.table.lines.extend(htmls)
            self.lines.extend(texts)
            return
        if self.heading and texts:
            for line, text in zip(htmls, texts if len(texts) == len(htmls) else [""] * len(htmls), strict=True):
                self._write(f"<h{self.heading}>{line}</h{self.heading}>")
                del text
        elif self.caption and texts:
            self._write(f"<figcaption>{'<br>'.join(htmls)}</figcaption>")
        else:
            self._write_paragraph("<br>".join(htmls), bare=not texts)
        self.lines.extend(texts)

    # -- what is written

    def _write_paragraph(self, html: str, *, bare: bool) -> None:
        top = self.containers[-1] if self.containers else None
        if top is not None and ((top.tag == "li" and not top.filled) or (top.tag == "figure" and bare)):
            self._write(html)
        else:
            self._write(f"<p>{html}</p>")

    def _write(self, html: str) -> None:
        top = self.containers[-1] if self.containers else None
        stray = top is not None and top.tag in ("ul", "ol")
        for container in self.containers:
            if not container.written:
                self._write_start(container)
            container.filled = True
        if stray:
            html = f"<li>{html.removeprefix('<p>').removesuffix('</p>') if html.startswith('<p>') else html}</li>"
        self.out.append(html)

    def _write_start(self, container: _Container) -> None:
        container.written = True
        # Items without a list of their own stand one after the other: one list, not many.
        if container.start == "<ul>" and container.reopened and self.out and self.out[-1] == "</ul>":
            self.out.pop()
            return
        self.out.append(container.start)

    def _push(self, tag: str, start: str | None = None, *, reopened: bool = False) -> Callable[[], None]:
        if len(self.containers) >= _DEEPEST * 2:
            self._lose("depth")
            return self._flush
        self.containers.append(_Container(tag, start or f"<{tag}>", reopened=reopened))
        return self._pop

    def _pop(self) -> None:
        self._flush()
        container = self.containers.pop()
        if container.written:
            self.out.append(f"</{container.tag}>")

    # -- blocks

    def _open_block(self, tag: str, element: etree._Element) -> Callable[[], None] | None:
        if tag in HEADINGS:
            return self._open_heading(HEADINGS[tag])
        if tag == "table" and self.table is None and not self.heading and tables.holds_data(element):
            return self._open_table()
        if self.table is not None:
            return self._inside_table(tag, element)
        if self.heading:
            return None
        if tag in ("ul", "ol", "menu", "dir"):
            return self._open_list("ol" if tag == "ol" else "ul", element)
        if tag == "li":
            return self._open_item()
        if tag == "blockquote" or (tag == "figure" and not self._inside("figure")):
            return self._push(tag)
        if tag == "figcaption" and self._inside("figure"):
            self.caption = True
            return self._end_caption
        return None

    def _inside(self, tag: str) -> bool:
        return any(container.tag == tag for container in self.containers)

    def _open_heading(self, level: int) -> Callable[[], None]:
        before = self.heading
        self.heading = 0 if self.table is not None else level

        def end() -> None:
            self._flush()
            self.heading = before

        return end

    def _end_caption(self) -> None:
        self._flush()
        self.caption = False

    def _open_list(self, tag: str, element: etree._Element) -> Callable[[], None]:
        start = element.get("start") or ""
        number = int(start) if start.isascii() and start.isdigit() and len(start) < 9 else 1
        opening = f'<ol start="{number}">' if tag == "ol" and number != 1 else f"<{tag}>"
        top = self.containers[-1] if self.containers else None
        if top is None or top.tag not in ("ul", "ol"):
            return self._push(tag, opening)
        # A list straight inside a list (WeChat's own editor writes them so) belongs to the item before it.
        if self.out and self.out[-1] == "</li>" and len(self.containers) + 2 <= _DEEPEST * 2:
            self.out.pop()
            self.containers.append(_Container("li", "<li>", written=True, filled=True))
            self.containers.append(_Container(tag, opening))

            def end() -> None:
                self._pop()
                self._pop()

            return end
        return self._flush

    def _open_item(self) -> Callable[[], None]:
        top = self.containers[-1] if self.containers else None
        if top is not None and top.tag in ("ul", "ol"):
            return self._push("li")
        if len(self.containers) + 2 > _DEEPEST * 2:
            return self._flush
        self.containers.append(_Container("ul", "<ul>", reopened=True))
        self.containers.append(_Container("li", "<li>"))

        def end() -> None:
            self._pop()
            self._pop()

        return end

    # -- tables

    def _open_table(self) -> Callable[[], None]:
        self.table = tables.Table()

        def end() -> None:
            self._flush()
            table, self.table, self.cell = self.table, None, False
            html = table.html() if table is not None else ""
            if html:
                self._write(html)

        return end

    def _inside_table(self, tag: str, element: etree._Element) -> Callable[[], None] | None:
        table = self.table
        assert table is not None
        if tag == "thead":
            table.heads += 1
        elif tag == "tr":
            table.start_row()
        elif tag in ("td", "th") and not self.cell:
            self.cell = True

            def end() -> None:
                self._flush()
                self.cell = False
                table.end_cell(element)

            return end
        return None

    # -- pictures, code, formulas, links

    def _image(self, element: etree._Element) -> None:
        image = images.read(element, self.hints.base_url)
        if image is None:
            if any((element.get(place) or "").startswith("data:") for place in ("src", "data-src", "href")):
                self._lose("data-image")
            elif element.attrib:
                self._lose("image-without-address")
            return
        self.images.append(image)
        self.runs.append(Run(_img(image), ATOM, self.href))

    def _background(self, value: str, block: bool) -> None:
        url = images.address(value, self.hints.base_url)
        if url is None or url in self.backgrounds:
            return
        self.backgrounds.add(url)
        image = Image(url=url, role="background")
        self.images.append(image)
        self.runs.append(Run(_img(image), ATOM, self.href))
        if block:
            self.runs.append(BREAK)

    def _code(self, element: etree._Element) -> None:
        found = code.lines(element)
        if not found:
            return
        if self.cell:
            for line in found:
                self.runs += [Run(line, CODE, None), BREAK]
            return
        self._flush()
        language = code.language(element)
        class_ = f' class="language-{escape(language)}"' if language else ""
        self._write(f"<pre><code{class_}>{escape(chr(10).join(found), quote=False)}\n</code></pre>")
        self.lines.extend(line for line in found if line)

    def _formula(self, tex: str, display: bool) -> None:
        if not tex:
            return
        class_ = "math-block" if display else "math"
        html = f'<code class="{class_}">{escape(tex, quote=False)}</code>'
        if display and not self.cell:
            self._flush()
            self._write(f"<p>{html}</p>")
            self.lines.append(tex)
        else:
            self.runs.append(Run(html, ATOM, None))

    def _link(self, element: etree._Element, at_end: Callable[[], None] | None) -> Callable[[], None] | None:
        if element.get("data-miniprogram-appid"):
            self._queue(cards.read_miniprogram(element))
            return at_end
        href = (element.get("href") or element.get("data-href") or "").strip()
        if not href or href.startswith("#") or self.href is not None:
            return at_end
        url = clean_link(href, self.hints.base_url)
        if not url.lower().startswith(LINKABLE):
            return at_end
        self.href = url
        self.words = []

        def end() -> None:
            words, self.words = one_line("".join(self.words)), []
            self.links.append(Link(url=url, relation="text", text=words or None))
            if at_end is not None:
                at_end()

        return end

    # -- cards

    def _card_element(self, element: etree._Element) -> tuple[bool, Callable[[], None] | None]:
        media = cards.read(element)
        if media is None:
            self._lose(f"{element.tag}-without-address")
            return True, None
        if media.sort == "card" and element.tag != "iframe" and len(element) and "".join(element.itertext()).strip():
            # An unknown element around readable content: the content says more than a card.
            return True, None
        self._queue(media)
        if not self.cell and not self.heading:
            self._flush()
        return False, None

    def _queue(self, media: Media) -> None:
        known = self.hints.videos.get(media.id or "") or self.hints.voices.get(media.id or "")
        media = _completed(media, known) if known is not None else media
        self.media.append(media)
        self.queued.append(media)

    def _card(self, media: Media) -> None:
        text = cards.text(media)
        self.lines.append(text)
        if self.cell and self.table is not None:
            self.table.lines.append(f"{cards.LABELS.get(media.sort, '卡片')}: {cards.inner(media)}")
        else:
            self._write(cards.line(media))

    # -- losses

    def _lose(self, kind: str) -> None:
        loss = self.losses.get(kind)
        if loss is None:
            self.losses[kind] = Loss(kind=kind, where=self._near())
        else:
            self.losses[kind] = replace(loss, count=loss.count + 1)

    def _near(self) -> str | None:
        """Words just before, by which a person finds the place."""
        text = one_line("".join(run.text for run in self.runs[-8:] if not run.flags & ATOM))
        text = text or (self.lines[-1] if self.lines else "")
        return text[-30:] or None


def _img(image: Image) -> str:
    parts = [f'<img src="{escape(image.url)}"']
    if image.alt:
        parts.append(f'alt="{escape(image.alt)}"')
    if image.width and image.height:
        parts.append(f'width="{image.width}" height="{image.height}"')
    return " ".join(parts) + ">"


def _completed(card: Media, known: Media) -> Media:
    """The card with what the page's own data knows about the same id."""
    return replace(
        card,
        title=card.title or known.title,
        author=card.author or known.author,
        url=card.url or known.url,
        duration=card.duration or known.duration,
        cover=card.cover or known.cover,
        transcodings=known.transcodings or card.transcodings,
        extra=card.extra + tuple(pair for pair in known.extra if pair not in card.extra),
    )
