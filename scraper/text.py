"""The characters of a page: what is noise, what is a space, and the lines that a reader sees.

WeChat's editors leave zero-width characters, ``&nbsp;`` and soft hyphens all over a body (every era); nobody sees
them, and they break searching, so they go. A zero-width joiner inside an emoji is part of that emoji and stays.
"""

from __future__ import annotations

import re

import lxml.etree as etree


def names(text: str) -> frozenset[str]:
    """The words of ``text``: a set of element or class names, written so that it can be read."""
    return frozenset(text.split())


# Noncharacters (U+FDD0…U+FDEF, U+FFFE/F) never stand for anything in interchange (Unicode 23.7);
# archive.document.markdown uses them as private marks, so none may come from a page. C0/C1 controls and the
# replacement of them are invisible.
_NOISE = (
    "\u200b\u200c\u2060\ufeff\u00ad\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ufdd0-\ufdef\ufffe\uffff\x00-\x08\x0b\x0e-\x1f\x7f-\x9f"
)
_JOINER = "\u200d"
_SUSPECT = re.compile(f"[{_NOISE}{_JOINER}\u2028\u2029]")
_REMOVED = re.compile(f"[{_NOISE}]")
_EMOJI_BEFORE = "\u2600-\u27bf\ufe0f\U0001f000-\U0001faff"
_LONE_JOINER = re.compile(
    f"(?<![{_EMOJI_BEFORE}]){_JOINER}|{_JOINER}(?![\u2600-\u27bf\U0001f000-\U0001faff])"
)
_SEPARATOR = re.compile("[\u2028\u2029]")
# HTML's white space, the no-break space and the typographic spaces that WeChat's editors produce. U+3000 is left
# alone inside a line, where it is a character of Chinese typography (between the two characters of a name).
_SPACES = re.compile("[ \t\n\r\f\x0b\u00a0\u1680\u2000-\u200a\u202f\u205f]+")
_NEEDS_SPACES = re.compile("[\t\n\r\f\x0b\u00a0\u1680\u2000-\u200a\u202f\u205f]|  ")
#: What may not stand at either end of a line.
EDGES = " \t\n\r\f\x0b\u00a0\u3000"

BLOCKS = names("""
    p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre table thead tbody tfoot tr td th caption figure
    figcaption hr div section
""")


def without_noise(text: str) -> str:
    """``text`` without characters that nobody sees; white space untouched."""
    if text.isprintable():  # all of the noise is not, and asking costs a fifth of a search
        return text
    if _SUSPECT.search(text):
        text = _SEPARATOR.sub("\n", _REMOVED.sub("", text))
        if _JOINER in text:
            text = _LONE_JOINER.sub("", text)
    return text


def collapsed(text: str) -> str:
    """``text`` without noise, each run of white space as one space, the ends not trimmed (HTML's own rule)."""
    if text.isprintable():
        return _SPACES.sub(" ", text) if "  " in text else text
    text = without_noise(text)
    if _NEEDS_SPACES.search(text):
        return _SPACES.sub(" ", text)
    return text


def one_line(text: str) -> str:
    """``text`` as one trimmed line: for titles, names and captions."""
    return collapsed(text).strip(EDGES)


def visible_text(clean_html: str) -> str:
    """The lines that a reader of ``clean_html`` sees, one a line, no empty ones; code keeps its indentation.

    ``clean_html`` is what ``scraper.body.clean`` gives. Nothing is raised; an empty body is ``""``.
    """
    if not clean_html.strip():
        return ""
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(b"<div>" + clean_html.encode("utf-8", "replace") + b"</div>", parser)
    lines: list[str] = []
    line: list[str] = []
    inside_pre = 0

    def end_line() -> None:
        whole = "".join(line)
        line.clear()
        shown = whole.rstrip() if inside_pre else one_line(whole)
        if shown.strip():
            lines.append(shown)

    def take(text: str | None) -> None:
        if not text:
            return
        if inside_pre:
            first, *rest = text.split("\n")
            line.append(first)
            for piece in rest:
                end_line()
                line.append(piece)
        else:
            line.append(text)

    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag
        if event == "start":
            if tag in BLOCKS or tag == "br":
                end_line()
            inside_pre += tag == "pre"
            take(element.text)
        else:
            if tag in BLOCKS:
                end_line()
            inside_pre -= tag == "pre"
            take(element.tail)
    end_line()
    return "\n".join(lines)
