"""The lines that clean HTML shows: what ``Body.text`` must equal."""

from __future__ import annotations

from dataclasses import dataclass, field

import lxml.etree as etree

from scraper.text import names, one_line, raised

_LOOKS = frozenset(("sup", "sub", "code"))
BLOCKS = names("""
    p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre table thead tbody tfoot tr td th caption figure
    figcaption hr div section
""")


def visible_text(clean_html: str) -> str:
    """The lines that a reader of ``clean_html`` sees, one a line, no empty ones; code keeps its
    indentation.

    ``clean_html`` is what ``scraper.body.clean`` gives. Nothing is raised; an empty body is ``""``.
    """
    if not clean_html.strip():
        return ""
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(b"<div>" + clean_html.encode("utf-8", "replace") + b"</div>", parser)
    reader = _Lines()
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            reader.start(str(element.tag), element.text)
        else:
            reader.end(str(element.tag), element.tail)
    reader.end_line()
    return "\n".join(reader.lines)


@dataclass(slots=True)
class _Lines:
    """The lines read so far, the one being read, and what is open around it."""

    lines: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    inside_pre: int = 0
    looks: list[str] = field(default_factory=list)

    def start(self, tag: str, text: str | None) -> None:
        if tag in BLOCKS or tag == "br":
            self.end_line()
        self.inside_pre += tag == "pre"
        if tag in _LOOKS:
            self.looks.append(tag)
        self.take(text)

    def end(self, tag: str, tail: str | None) -> None:
        if tag in BLOCKS:
            self.end_line()
        self.inside_pre -= tag == "pre"
        if tag in _LOOKS:
            self.looks.pop()
        self.take(tail)

    def end_line(self) -> None:
        whole = "".join(self.line)
        self.line.clear()
        shown = whole.rstrip() if self.inside_pre else one_line(whole)
        if shown.strip():
            self.lines.append(shown)

    def take(self, text: str | None) -> None:
        if not text:
            return
        if not self.inside_pre:
            self.line.append(raised(text, self.looks[0]) if len(self.looks) == 1 else text)
            return
        first, *rest = text.split("\n")
        self.line.append(first)
        for piece in rest:
            self.end_line()
            self.line.append(piece)
