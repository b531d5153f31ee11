"""Clean blocks: paragraphs, headings, lists, quotes, tables, as they are written one after the
other.

A container (list, quote, figure) is written only when something in it is, so nothing empty comes
out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from html import escape

import lxml.etree as etree

from scraper.body import cards, lists, runs, tables
from scraper.body.runs import ATOM, BREAK, CODE, STRONG, Run
from scraper.body.vocabulary import HEADINGS
from scraper.models import Loss, Media
from scraper.records import dataclass
from scraper.text import one_line

#: Containers (a list and its item are two) deeper than this are read on at this depth.
_DEEPEST = 24
#: HTML of a heading that further lines of it are added to.
_LONGEST_HEADING = 400


@dataclass(slots=True)
class _Container:
    """A list, item, quote or figure that is open: its start tag, and whether it is written and has
    content.
    """

    tag: str
    start: str
    written: bool = False
    filled: bool = False
    reopened: bool = False
    numbering: lists.Numbering | None = None


@dataclass(slots=True)
class Blocks:
    """What has been written (``out``, HTML; ``lines``, text) and what is still open."""

    out: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    losses: dict[str, Loss] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    heading: int = 0
    heading_begun: bool = False
    caption: bool = False
    #: Lines of inline code alone in their paragraph, and the paragraph that the last of them made.
    listing: list[str] = field(default_factory=list)
    listing_html: str = ""
    containers: list[_Container] = field(default_factory=list)
    table: tables.Table | None = None
    cell: bool = False
    queued: list[Media] = field(default_factory=list)

    def flush(self) -> None:
        """Ends the paragraph that is being read."""
        if self.runs:
            pending, self.runs = self.runs, []
            if len(pending) > 1 and pending[-1] is BREAK:
                pending.pop()  # behind it is nothing
            if len(pending) == 1:
                self._end_of_one(pending[0])
            else:
                self._end(pending)
        if self.queued:
            queued, self.queued = self.queued, []
            for media in queued:
                self.card(media)

    def _end_of_one(self, run: Run) -> None:
        """Ends a paragraph of one run. Most are words; half as many are a break alone, an empty
        line; then come pictures.
        """
        if run is BREAK:
            return
        if run.flags & ATOM:
            self._paragraph([[run]])
        elif runs.is_plain(run):
            text = runs.words(run)
            if text:
                flags = run.flags & ~STRONG if self.heading else run.flags
                self.lines.append(text)
                self._place([runs.in_looks(text, flags)], [text])
        else:
            self._end([run])

    def _end(self, pending: list[Run]) -> None:
        if runs.is_words(pending[0]) or not self._is_listing(pending):
            self._paragraphs(runs.lines(pending))

    def _is_listing(self, pending: list[Run]) -> bool:
        if self.cell or self.heading:
            return False
        listing = runs.listing(pending)
        return bool(listing) and self._continue_listing(listing)

    def _paragraphs(self, lines: list[list[Run]]) -> None:
        """Lines without anything to see and wide pictures at a line's ends part paragraphs."""
        paragraph: list[list[Run]] = []
        for line in lines:
            parts = runs.set_apart(line) if runs.ends_wide(line) and not self.cell else ()
            if len(parts) > 1:
                for part in parts:
                    if paragraph:
                        self._paragraph(paragraph)
                    paragraph = [part]
            elif line:
                paragraph.append(line)
            elif paragraph:
                self._paragraph(paragraph)
                paragraph = []
        if paragraph:
            self._paragraph(paragraph)

    def _paragraph(self, lines: list[list[Run]]) -> None:
        if self.heading:
            for line in lines:
                for run in line:
                    run.flags &= ~STRONG
        htmls = [*map(runs.html, lines)]
        texts = [*filter(None, map(runs.plain, lines))]
        self.lines.extend(texts)
        self._place(htmls, texts)

    def _place(self, htmls: list[str], texts: list[str]) -> None:
        """Writes the lines of a paragraph that may stand in something."""
        html = "<br>".join(htmls)
        if self.cell and self.table is not None:
            self.table.lines.extend(htmls)
        elif self.heading and texts:
            self._write_heading(" ".join(htmls))
        elif self.caption and texts:
            self.write(f"<figcaption>{html}</figcaption>")
        elif self.containers:
            self._write_inside(html, bare=not texts)
        else:
            self.out.append(f"<p>{html}</p>")

    # -- what is written

    def _write_inside(self, html: str, *, bare: bool) -> None:
        """A paragraph in a container: the first words of an item and a picture need no ``<p>``."""
        top = self.containers[-1]
        alone = (top.tag == "li" and not top.filled) or (top.tag == "figure" and bare)
        self.write(html if alone else f"<p>{html}</p>")

    def _continue_listing(self, lines: list[str]) -> bool:
        """Joins a paragraph of nothing but inline code to the one before it, if that too is one and
        either is indented.

        Editors without a code block write each line so, its indentation in ``&nbsp;``.
        """
        last = self.out[-1] if self.out else ""
        before = self.listing if self.listing and last == self.listing_html else None
        self.listing = [*(before or ()), *lines]
        if len(self.listing) > 1 and any(line[:1] == " " for line in self.listing):
            if before:
                self.out.pop()
                del self.lines[len(self.lines) - sum(1 for line in before if line.strip()) :]
            shown = escape("\n".join(self.listing), quote=False)
            self.write(f"<pre><code>{shown}\n</code></pre>")
            self.lines.extend(line for line in self.listing if line.strip())
            self.listing_html = self.out[-1]
            return True
        self.listing_html = (
            f"<p>{runs.html(runs.lines([Run(lines[0], CODE)])[0])}</p>" if len(lines) == 1 else ""
        )
        return False

    def _write_heading(self, html: str) -> None:
        """A heading's lines and blocks are one heading, as long as it is not a text that somebody
        set in one.
        """
        tag = f"h{self.heading}"
        last = self.out[-1] if self.out else ""
        if self.heading_begun and last.endswith(f"</{tag}>") and len(last) < _LONGEST_HEADING:
            self.out[-1] = f"{last.removesuffix(f'</{tag}>')} {html}</{tag}>"
        else:
            self.write(f"<{tag}>{html}</{tag}>")
        self.heading_begun = True

    def write(self, html: str) -> None:
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
        if (
            container.start == "<ul>"
            and container.reopened
            and self.out
            and self.out[-1] == "</ul>"
        ):
            self.out.pop()
            return
        self.out.append(container.start)

    def push(
        self,
        tag: str,
        start: str | None = None,
        *,
        reopened: bool = False,
        numbering: lists.Numbering | None = None,
    ) -> Callable[[], None]:
        if len(self.containers) >= _DEEPEST:
            self.lose("depth")
            return self.flush
        self.containers.append(
            _Container(tag, start or f"<{tag}>", False, False, reopened, numbering)
        )
        return self.pop

    def pop(self) -> None:
        self.flush()
        container = self.containers.pop()
        if container.written:
            self.out.append(f"</{container.tag}>")

    # -- blocks

    def open_block(self, tag: str, element: etree._Element) -> Callable[[], None] | None:
        if tag in HEADINGS:
            return self._open_heading(HEADINGS[tag])
        if (
            tag == "table"
            and self.table is None
            and not self.heading
            and tables.holds_data(element)
        ):
            return self._open_table()
        if self.table is not None:
            return self._inside_table(tag, element)
        if self.heading:
            return None
        if tag in ("ul", "ol", "menu", "dir"):
            if lists.is_unmarked(element):
                return None
            return self._open_list("ol" if tag == "ol" else "ul", element)
        if tag == "li" and (marker := lists.shown_marker(element)) is not None:
            if marker:
                self.runs.append(Run(marker + " ", 0))
            return None
        if tag == "li":
            return self._open_item(element)
        if tag == "blockquote" or (tag == "figure" and not self._inside("figure")):
            return self.push(tag)
        if tag == "figcaption" and self._inside("figure"):
            self.caption = True
            return self._end_caption
        return None

    def _inside(self, tag: str) -> bool:
        return any(container.tag == tag for container in self.containers)

    def _open_heading(self, level: int) -> Callable[[], None]:
        before = self.heading, self.heading_begun
        self.heading = 0 if self.table is not None else level
        self.heading_begun = False

        def end() -> None:
            self.flush()
            self.heading, self.heading_begun = before

        return end

    def _end_caption(self) -> None:
        self.flush()
        self.caption = False

    def _open_list(self, tag: str, element: etree._Element) -> Callable[[], None]:
        numbering = lists.numbering(element) if tag == "ol" else None
        opening = lists.opening(tag, numbering)
        top = self.containers[-1] if self.containers else None
        if top is None or top.tag not in ("ul", "ol"):
            return self.push(tag, opening, numbering=numbering)
        # A list straight inside a list (WeChat's own editor writes them so) belongs to the item
        # before it.
        if self.out and self.out[-1] == "</li>" and len(self.containers) + 2 <= _DEEPEST:
            self.out.pop()
            self.containers.append(_Container("li", "<li>", written=True, filled=True))
            self.containers.append(_Container(tag, opening, numbering=numbering))

            def end() -> None:
                self.pop()
                self.pop()

            return end
        return self.flush

    def _open_item(self, element: etree._Element) -> Callable[[], None]:
        top = self.containers[-1] if self.containers else None
        if top is not None and top.tag in ("ul", "ol"):
            self._number(top, element)
            return self.push("li")
        if len(self.containers) + 2 > _DEEPEST:
            return self.flush
        self.containers.append(_Container("ul", "<ul>", reopened=True))
        self.containers.append(_Container("li", "<li>"))

        def end() -> None:
            self.pop()
            self.pop()

        return end

    def _number(self, top: _Container, element: etree._Element) -> None:
        """Begins the list anew where the item's number is not the one that Markdown would count on
        to.
        """
        if top.numbering is None:
            return
        number, follows = top.numbering.next(element)
        if follows:
            return
        self.flush()
        if top.written:
            self.out.append("</ol>")
            top.written = False
        top.start = f'<ol start="{number}">' if number != 1 else "<ol>"

    # -- tables

    def _open_table(self) -> Callable[[], None]:
        self.table = tables.Table()

        def end() -> None:
            self.flush()
            table, self.table, self.cell = self.table, None, False
            html = table.html() if table is not None else ""
            if html:
                self.write(html)

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
                self.flush()
                self.cell = False
                table.end_cell(element)

            return end
        return None

    def card(self, media: Media) -> None:
        text = cards.text(media)
        self.lines.append(text)
        if self.cell and self.table is not None:
            self.table.lines.append(f"{cards.label(media)}: {cards.inner(media)}")
        else:
            self.write(cards.line(media))

    # -- losses

    def lose(self, kind: str) -> None:
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
