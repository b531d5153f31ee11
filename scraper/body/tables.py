"""Tables: which ones hold data, and how their cells are written.

Editors use tables for looks as often as for data (every era). A table is data when at least two
rows have two cells, one of them with something in it, and no cell holds what only a page layout
holds: another table, code, a long passage.
"""

from __future__ import annotations

from dataclasses import field

import lxml.etree as etree

from scraper.records import dataclass

#: Longer than this a cell is a passage beside another one, and reads better on its own (longest
#: data cell seen: 410).
_LONGEST_CELL = 600
_MOST_COLUMNS = 60
_LAYOUT_CONTENT = ("table", "pre", "iframe", "video", "h1", "h2", "h3", "hr")


def holds_data(table: etree._Element) -> bool:
    """Whether ``table`` is to be kept as a table; otherwise its cells are read one after the
    other.
    """
    if next(table.iterdescendants(*_LAYOUT_CONTENT), None) is not None:
        return False
    full_rows = written_cells = 0
    for row in table.iter("tr"):
        cells = written = 0
        for cell in row.iterchildren("td", "th"):
            cells += 1
            length = sum(len(text.strip()) for text in cell.itertext())
            if length > _LONGEST_CELL:
                return False
            written += length > 0 or next(cell.iter("img", "image", "code"), None) is not None
        if cells > _MOST_COLUMNS:
            return False
        full_rows += cells >= 2 and written > 0  # an empty row is not written either
        written_cells += written
    return full_rows >= 2 and written_cells >= 2


@dataclass(slots=True)
class Table:
    """A table being read: finished rows of ``(tag, colspan, rowspan, html)`` and the lines of the
    open cell.
    """

    rows: list[list[tuple[str, int, int, str]]] = field(default_factory=list)
    heads: int = 0
    lines: list[str] = field(default_factory=list)
    caption: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def start_row(self) -> None:
        self.rows.append([])

    def end_cell(self, element: etree._Element) -> None:
        if not self.rows:
            self.rows.append([])
        content = "<br>".join(self.lines)
        self.lines.clear()
        self.rows[-1].append(
            (
                "th" if element.tag == "th" else "td",
                span(element.get("colspan")),
                span(element.get("rowspan")),
                content,
            )
        )

    def html(self) -> str:
        """The table; its first row is its head where the page says so (``thead`` or all ``th``)."""
        rows = [row for row in self.rows if any(html for *_, html in row)]
        if not rows:
            return ""
        parts = ["<table>"]
        head = all(tag == "th" for tag, *_ in rows[0]) or self.heads > 0
        for number, row in enumerate(rows):
            if number == 0:
                parts.append("<thead>" if head else "<tbody>")
            elif number == 1 and head:
                parts.append("</thead><tbody>")
            parts.append("<tr>")
            for tag, across, down, html in row:
                tag = "th" if head and number == 0 else tag
                spans = (f' colspan="{across}"' if across > 1 else "") + (
                    f' rowspan="{down}"' if down > 1 else ""
                )
                parts.append(f"<{tag}{spans}>{html}</{tag}>")
            parts.append("</tr>")
        parts.append("</thead>" if head and len(rows) == 1 else "</tbody>")
        parts.append("</table>")
        return "".join(parts)


def span(value: str | None) -> int:
    """A ``colspan`` or ``rowspan`` that can be believed."""
    return (
        min(int(value), _MOST_COLUMNS)
        if value and value.isascii() and value.isdigit() and int(value[:4]) > 0
        else 1
    )
