"""The one walk over a body: the author's nested, styled tree in, clean blocks out.

No recursion: what is still to be read waits on a stack, the next last; below the children of an
element waits its end, with what was before it (looks, link) and what is to be done then (list,
cell). Most elements have no children and end at once. A container (list, quote, figure) is written
only when something in it is, so nothing empty comes out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import field, replace
from html import escape
from itertools import islice
from typing import TypeAlias

import lxml.etree as etree

from scraper.body import cards, code, drawing, formulas, images, players, style
from scraper.body.blocks import Blocks
from scraper.body.hints import Hints
from scraper.body.runs import ATOM, BREAK, CODE, LOOKS, PREFORMATTED, WIDE, Run
from scraper.body.tree import TOO_DEEP, TooDeep, text_of
from scraper.body.vocabulary import (
    BLOCKS,
    INLINE_LOOKS,
    LINKABLE,
    LOST,
    LOST_WITH_CONTENT,
    ORDINARY,
    PAGE_WRAPPERS,
    PASSAGES,
    SKIPPED,
    WORDS,
)
from scraper.models import Image, Link, Media
from scraper.patterns import lazy
from scraper.records import dataclass
from scraper.text import names, one_line
from scraper.urls import clean_link

#: Pictures narrower than this, in pixels, are signs among the words.
_WIDE = 120
#: An address without scheme, host or a path from the root.
_RELATIVE = lazy(r"(?![a-z][a-z0-9+.-]*:|/|[?#])", re.I)
#: What is unseen is small: of more elements than this nobody is asked.
_FEW = 200
_SEEN_ANYWAY = names("img image iframe video audio animate animatetransform set")
#: The end of an element that holds others: the looks and the link before it, and what to do then.
_End: TypeAlias = tuple[etree._Element, int, str | None, Callable[[], None] | None]


@dataclass(slots=True)
class Walker(Blocks):
    """Collects the blocks, lines, images, media, links and losses of one body."""

    hints: Hints = field(default_factory=Hints)
    #: Whether the body may hold formulas, which are looked for on every element.
    formulas: bool = False
    #: Whether it may hold players that a browser has drawn.
    players: bool = False
    images: list[Image] = field(default_factory=list)
    media: list[Media] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    flags: int = 0
    href: str | None = None
    backgrounds: set[str] = field(default_factory=set)
    words: list[str] = field(default_factory=list)

    def walk(self, root: etree._Element) -> None:
        """Reads the whole tree. Raises ``TooDeep`` where libxml2 may have stopped reading.

        Four of five elements are words (``<span leaf>``, ``<strong>``) or paragraphs whose style at
        most changes the looks: nothing else is asked about them.
        """
        words, passages = self._simple()
        waiting: list[etree._Element | _End] = [root]
        depth = 0
        while waiting:
            element = waiting.pop()
            if isinstance(element, tuple):
                depth -= 1
                element, flags, href, at_end = element
            else:
                flags, href = self.flags, self.href
                tag, looks = element.tag, style.known[element.get("style")]
                inside, at_end = True, None
                if looks.plain and tag in words:
                    self.flags = (flags | words[tag]) & looks.keeps | looks.adds
                elif looks.plain and tag in passages:
                    self._open_passage(element)
                    at_end = self.flush
                    self.flags = flags & looks.keeps | looks.adds
                else:
                    inside, at_end = self._start(element, tag, looks)
                if inside:
                    if text := element.text:
                        self._add(text)
                    if len(element):
                        depth += 1
                        if depth >= TOO_DEEP:
                            raise TooDeep
                        waiting.append((element, flags, href, at_end))
                        waiting += element[::-1]  # type: ignore[index]  # its stubs know no steps
                        continue
            if at_end is not None:
                at_end()
            self.flags, self.href = flags, href
            if tail := element.tail:
                self._add(tail)
        self.flush()

    def _simple(self) -> tuple[Mapping[str, int], AbstractSet[str]]:
        """The elements of words, with the looks they give, and the paragraphs of which nothing else
        is asked; none where any element may be a formula or a player.
        """
        return ({}, frozenset()) if self.formulas or self.players else (WORDS, PASSAGES)

    # -- one element

    def _start(
        self, element: etree._Element, tag: str, looks: style.Style
    ) -> tuple[bool, Callable[[], None] | None]:
        """(whether to go into the element, what to do at its end)."""
        if tag == "br":
            self.runs.append(BREAK)
            return False, None
        if tag in SKIPPED:
            return False, None
        if looks.hides and self._unshown(element, looks):
            return False, None
        if self._read_as_whole(element, tag, looks):
            return False, None
        if tag not in ORDINARY:
            special = self._special(tag, element)
            if special is not None:
                return special
        if tag in INLINE_LOOKS:
            self.flags |= INLINE_LOOKS[tag]
        self.flags = self.flags & looks.keeps | looks.adds
        return True, self._open(tag, element, looks)

    def _open_passage(self, element: etree._Element) -> None:
        if self.runs or self.queued:
            self.flush()
        background = element.get("data-lazy-bgimg")
        if background:
            self._background(background, block=True)

    def _unshown(self, element: etree._Element, looks: style.Style) -> bool:
        if (looks.hidden or looks.invisible) and element.get("id") not in PAGE_WRAPPERS:
            return True
        return looks.unseen and self._unseen(element, looks)

    def _read_as_whole(self, element: etree._Element, tag: str, looks: style.Style) -> bool:
        """What any element may be: a player that a browser drew, a formula, a listing by its
        looks.
        """
        if self.players and self._player(element):
            return True
        if self.formulas:
            formula = formulas.tex(element)
            if formula is not None:
                self._formula(*formula)
                return True
        if looks.code and tag in BLOCKS and not self.cell and code.is_written_out(element):
            self._code(element)
            return True
        return False

    def _open(
        self, tag: str, element: etree._Element, looks: style.Style
    ) -> Callable[[], None] | None:
        """Begins what is read on inside; returns what to do at its end."""
        block = tag in BLOCKS or looks.block
        at_end: Callable[[], None] | None = None
        if block:
            if self.runs or self.queued:
                self.flush()
            at_end = self.flush
            if tag not in PASSAGES:
                at_end = self.open_block(tag, element) or at_end
        background = looks.background or element.get("data-lazy-bgimg")
        if background:
            self._background(background, block=block)
        if tag == "a":
            at_end = self._link(element, at_end)
        elif tag == "rt":
            at_end = self._annotate(element, at_end)
        elif tag == "blockquote":
            at_end = self._source_of_quote(element, at_end)
        return at_end

    def _annotate(
        self, element: etree._Element, at_end: Callable[[], None] | None
    ) -> Callable[[], None] | None:
        """The reading above a character of ``<ruby>``, in brackets behind it, as browsers without
        ruby show it.
        """
        if not text_of(element).strip():
            return at_end
        self._add("(")

        def end() -> None:
            self._add(")")
            if at_end is not None:
                at_end()

        return end

    def _open_quote(self, element: etree._Element) -> Callable[[], None] | None:
        """``mp-common-blockquote`` of messages: its words stand inside it, or in ``data-content``
        only.
        """
        self.flush()
        at_end = self.push("blockquote")
        said = element.get("data-content")
        if said and not text_of(element).strip():
            self._add(said)
        return self._source_of_quote(element, at_end)

    def _source_of_quote(
        self, element: etree._Element, at_end: Callable[[], None] | None
    ) -> Callable[[], None] | None:
        """The line under a quote that WeChat's script draws from its attributes
        (``js_blockquote_wrap``, 2024 on).
        """
        source = cards.read_source(element)
        if source is None:
            return at_end

        def end() -> None:
            self.flush()
            self._queue(source)
            if source.url is not None:
                url = clean_link(source.url)
                self.links.append(Link(url=url, relation="text", text=source.title))
            self.flush()
            if at_end is not None:
                at_end()

        return end

    def _unseen(self, element: etree._Element, looks: style.Style) -> bool:
        """Whether nothing of an element without height, opacity or type size can be seen.

        Editors put a transparent ``_`` of no width beside a box (135editor, seen 2024–2025).
        Pictures and what moves come out by other means, and words of a size of their own are seen
        inside a box without one.
        """
        if element.get("id") in PAGE_WRAPPERS:
            return False
        inside = list(islice(element.iter(), _FEW))
        if len(inside) == _FEW or any(one.tag in _SEEN_ANYWAY for one in inside):
            return False
        if looks.tiny and any("font-size" in (one.get("style") or "") for one in inside[1:]):
            return False
        if any(character.isalnum() for character in text_of(element)):
            self.lose("unseen-text")
        return True

    def _special(
        self, tag: str, element: etree._Element
    ) -> tuple[bool, Callable[[], None] | None] | None:
        """Elements that are read as a whole: pictures, code, cards, formulas, rules."""
        if tag in ("img", "image"):
            self._image(element)
            return False, None
        if tag == "pre" and code.is_prose(element):
            self.flags |= PREFORMATTED
            return None
        if tag == "pre" or (tag == "code" and not self.flags & CODE and code.is_block(element)):
            self._code(element)
            return False, None
        if tag == "mp-common-blockquote":
            return True, self._open_quote(element)
        if tag == "hr":
            self.flush()
            # Editors draw one rule with several (a thick one, a thin one).
            if not self.cell and self.out[-1:] != ["<hr>"]:
                self.write("<hr>")
            return False, None
        if cards.is_card(tag):
            return self._card_element(element)
        if tag == "svg" and drawing.is_drawing(element):
            self._drawing(element)
            return False, None
        if tag in ("ul", "ol") and code.is_line_numbers(element):
            return False, None
        if tag in LOST:
            self.lose(LOST[tag])
            return tag not in LOST_WITH_CONTENT, None
        return None if tag != "script" else (False, None)

    # -- text

    def _add(self, text: str) -> None:
        if self.flags & PREFORMATTED:
            self._add_preformatted(text)
        elif self.runs or not text.isspace():
            self.runs.append(Run(text, self.flags, self.href))
        else:
            return
        if self.href is not None:
            self.words.append(text)

    def _add_preformatted(self, text: str) -> None:
        looks = self.flags & LOOKS
        first, *rest = text.split("\n")
        self.runs.append(Run(first, looks, self.href))
        for piece in rest:
            self.runs.append(BREAK)
            self.runs.append(Run(piece, looks, self.href))

    # -- pictures, code, formulas, links

    def _image(self, element: etree._Element) -> None:
        image = images.read(element, self.hints.base_url)
        if image is None:
            if any(
                (element.get(place) or "").startswith("data:")
                for place in ("src", "data-src", "href")
            ):
                self.lose("data-image")
            elif element.attrib:
                self.lose("image-without-address")
            return
        self.images.append(image)
        wide = WIDE if image.role == "body" and (image.width is None or image.width >= _WIDE) else 0
        self.runs.append(Run(_img(image), ATOM | wide, self.href))

    def _drawing(self, element: etree._Element) -> None:
        """A drawing without words is a picture of its own, where it stands."""
        url = drawing.address(element)
        if url is None:
            self.lose("drawing")
            return
        image = Image(url=url, role="drawing")
        self.images.append(image)
        self.runs.append(Run(_img(image), ATOM, self.href))

    def _background(self, value: str, *, block: bool) -> None:
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
            self._beside_code(element)
            return
        if self.cell:
            for line in found:
                self.runs += [Run(line, CODE, None), BREAK]
            return
        self.flush()
        language = code.language(element)
        class_ = f' class="language-{escape(language)}"' if language else ""
        self.write(f"<pre><code{class_}>{escape(chr(10).join(found), quote=False)}\n</code></pre>")
        self.lines.extend(line for line in found if line)
        self._beside_code(element)

    def _beside_code(self, element: etree._Element) -> None:
        """Pictures, cards and links inside a listing stand below it: a fence holds text only."""
        for inside in element.iter():
            tag = str(inside.tag)
            if tag in ("img", "image"):
                self._image(inside)
                self.flush()
            elif cards.is_card(tag):
                self._card_element(inside)
            elif tag == "svg" and text_of(inside).strip():
                self.lose("drawing")
            elif tag == "a":
                self._link_in_code(inside)

    def _link_in_code(self, element: etree._Element) -> None:
        url = self._target(element)
        words = one_line(text_of(element))
        if url is None or not words:
            return
        self.links.append(Link(url=url, relation="text", text=words))
        if "//" not in words:  # an address that is written out can be seen in the listing
            self.runs.append(Run(words, 0, url))
            self.flush()

    def _formula(self, tex: str, display: bool) -> None:
        if not tex:
            return
        class_ = "math-block" if display else "math"
        html = f'<code class="{class_}">{escape(tex, quote=False)}</code>'
        if display and not self.cell:
            self.flush()
            self.write(f"<p>{html}</p>")
            self.lines.append(tex)
        else:
            self.runs.append(Run(html, ATOM, None))

    def _link(
        self, element: etree._Element, at_end: Callable[[], None] | None
    ) -> Callable[[], None] | None:
        if element.get("data-miniprogram-appid"):
            self._queue(cards.read_miniprogram(element))
            return at_end
        card = element.get("tagname")
        if card and cards.is_card(card):
            self._words_of_card(element, card)
            return at_end
        url = self._target(element) if self.href is None else None
        if url is None:
            return at_end
        self.href = url
        self.words = []

        def end() -> None:
            words, self.words = one_line("".join(self.words)), []
            self.links.append(Link(url=url, relation="text", text=words or None))
            if at_end is not None:
                at_end()

        return end

    def _target(self, element: etree._Element) -> str | None:
        """Where a link leads; ``None`` for none.

        WeChat writes whole addresses, or paths of its own host (``/s?__biz=…``). A bare file name
        comes from a copy whose links somebody edited (``archive3.html``): joined to the page's
        address it would look like an article's.
        """
        href = (element.get("href") or element.get("data-href") or "").strip()
        if not href or href.startswith("#"):
            return None
        if _RELATIVE().match(href):
            self.lose("relative-link")
            return None
        url = clean_link(href, self.hints.base_url)
        return url if url.lower().startswith(LINKABLE) else None

    # -- cards

    def _card_element(self, element: etree._Element) -> tuple[bool, Callable[[], None] | None]:
        media = cards.read(element)
        if media is None:
            self.lose(f"{element.tag}-without-address")
            return True, None
        if not cards.is_known(str(element.tag)):
            return self._unknown_card(element, media), None
        if cards.stands_inline(element):
            self._inline_card(media)
            return False, None
        self._queue(media)
        if not self.cell and not self.heading:
            self.flush()
        return False, None

    def _unknown_card(self, element: etree._Element, media: Media) -> bool:
        """Tells of an element that no module reads; whether what is inside it is to be read on."""
        self.lose(str(element.tag))
        inside = one_line(text_of(element))
        if inside and (len(element) or not (media.id or media.url)):
            # Readable content says more than a card; what only its attributes say stands below it.
            if media.title and media.title not in inside:
                self._queue(media)
            return True
        if media.title or media.url or media.id:
            self._queue(media)
            if not self.cell and not self.heading:
                self.flush()
        return False

    def _inline_card(self, media: Media) -> None:
        """A card that WeChat draws as words of the sentence it stands in."""
        media = self._completed(media)
        self.media.append(media)
        url = media.url if media.url and media.url.startswith(LINKABLE) else None
        name = f"{cards.label(media)}: {media.title or media.author or media.id or '（无标题）'}"
        space = Run(" ", self.flags & LOOKS, self.href)
        self.runs += [space, Run(name, self.flags & LOOKS, self.href or url), space]

    def _words_of_card(self, element: etree._Element, card: str) -> None:
        """``<a tagname="mp-common-product">``: words or a picture of the text that open what a card
        would.
        """
        media = cards.read_as(card, element)
        if media is None:
            return
        if media.title and media.title in one_line(text_of(element)):
            self.media.append(self._completed(media))
        else:
            self._queue(media)

    def _player(self, element: etree._Element) -> bool:
        media = players.video(element)
        if media is not None:
            self._queue(media)
        return media is not None or players.repeats_card(element)

    def _queue(self, media: Media) -> None:
        media = self._completed(media)
        self.media.append(media)
        self.queued.append(media)

    def _completed(self, media: Media) -> Media:
        known = self.hints.videos.get(media.id or "") or self.hints.voices.get(media.id or "")
        return _completed(media, known) if known is not None else media


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
