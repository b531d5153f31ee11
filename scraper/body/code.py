"""Code blocks: the lines of a ``<pre>``, exactly, and the language where the page names it.

Seen: WeChat's own snippet (``section.code-snippet__fix``: a ``ul.code-snippet__line-index`` of
numbers, then a ``pre[data-lang]`` with one ``<code>`` for each line), mdnice (``pre > span(svg bar)
+ code`` with ``<br>`` and ``&nbsp;``), one ``<p>`` or ``<li>`` or ``<div>`` for each line, and
plain text with line feeds.
"""

from __future__ import annotations

import re
from dataclasses import field

import lxml.etree as etree

from scraper.body import cards, style
from scraper.body.runs import PREFORMATTED
from scraper.body.tree import text_of
from scraper.patterns import lazy
from scraper.records import dataclass
from scraper.text import names, without_noise

_LINE_TAGS = frozenset(["p", "div", "section", "li", "tr"])
_MAY_COUNT = frozenset(["ul", "ol", "td", "span"])
_SKIPPED = frozenset(["svg", "script", "style", "button", "img"])
#: Line numbers stand in a list or a column of their own: WeChat's, hljs-line-numbers', Prism's.
_NUMBERS = lazy(
    r"(?:^|[\s_-])(?:line-?(?:index|num(?:ber)?s?)|lnum|lineno|linenos|gutter)(?:$|[\s_-])|hljs-ln-numbers|code-snippet__line-index",
    re.I,
)
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|brush)[-:]\s*([\w+#.-]+)", re.I)
_KNOWN = names("""
    bash c c# c++ clojure cpp cs csharp css cuda dart diff dockerfile elixir erlang go golang gradle
    graphql groovy haskell html http ini java javascript js json jsonc jsx julia kotlin latex less lisp
    lua makefile markdown matlab mermaid nginx objc objectivec objective-c ocaml perl php plaintext
    powershell properties proto protobuf python py r ruby rust sass scala scss sh shell sol solidity sql
    svg swift text toml ts tsx typescript vb verilog vim vue wasm xml yaml yml zig
""")


def is_line_numbers(element: etree._Element) -> bool:
    """A list or cell that only counts the lines of the code beside it.

    Prettify puts the code itself into ``ol.linenums``, so nothing but numbers may stand in it.
    """
    class_ = element.get("class")
    if class_ is None or _NUMBERS().search(class_) is None:
        return False
    return all(not text.strip() or text.strip().isdigit() for text in map(str, element.itertext()))


def is_prose(pre: etree._Element) -> bool:
    """Whether a ``<pre>`` holds no listing but words with pictures, cards or links among them.

    Text that is pasted into WeChat's editor from elsewhere comes in ``<pre>`` now and then; a fence
    would lose all of these.
    """
    if pre.get("data-lang") or language(pre) or next(pre.iter("code"), None) is not None:
        return False
    for element in pre.iter():
        tag = str(element.tag)
        if tag in ("img", "image") or cards.is_card(tag):
            return True
        if tag == "a" and element.get("href") and _HAN().search(text_of(element)):
            return True
    return False


def is_block(code: etree._Element) -> bool:
    """Whether a ``<code>`` without a ``<pre>`` is a listing: it has lines, and shows them."""
    if code.find(".//br") is not None:
        return True
    looks = style.known[code.get("style")]
    return bool(looks.adds & PREFORMATTED) and "\n" in text_of(code).strip()


def is_written_out(element: etree._Element) -> bool:
    """Whether an element that is shown as typed, in a type of equal widths, is a listing (VS Code's
    clipboard).

    It needs two lines or an indentation, and nothing in it but text.
    """
    for inside in element.iterdescendants():
        tag = str(inside.tag)
        if tag in _NO_LISTING or cards.is_card(tag):
            return False
    found = lines(element)
    return len(found) > 1 or any(line[:1] in " \t" for line in found)


_NO_LISTING = names("img image a table pre svg hr h1 h2 h3 h4 h5 h6 blockquote")
_HAN = lazy("[\u3400-\u9fff]")


@dataclass(slots=True)
class _Reader:
    """The lines read so far and the one being read."""

    out: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    #: Whether a ``<br>`` or a block has just ended the line, so that the end of the block around it
    #: makes no second.
    ended: bool = False

    def end(self, *, if_written: bool = False) -> None:
        if if_written and not "".join(self.line).strip():
            return
        self.out.append("".join(self.line))
        self.line.clear()

    def begin_block(self) -> None:
        self.end(if_written=True)
        self.ended = False

    def end_block(self) -> None:
        if not self.ended or "".join(self.line).strip():
            self.end()
        self.ended = True

    def take(self, text: str | None) -> None:
        if not text:
            return
        first, *rest = text.split("\n")
        self.line.append(first)
        for piece in rest:
            self.end()
            self.line.append(piece)


def lines(pre: etree._Element) -> list[str]:
    """The lines of a ``<pre>`` as a reader copies them: indentation kept, ``&nbsp;`` a space, no
    trailing blanks.
    """
    reader = _Reader()
    # A native snippet has one <code> for each line; anything else has one around all of them.
    line_tags = _LINE_TAGS | {"code"} if sum(1 for _ in pre.iter("code")) > 1 else _LINE_TAGS
    walk = etree.iterwalk(pre, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        if event == "start":
            if tag in _SKIPPED or (tag in _MAY_COUNT and is_line_numbers(element)):
                walk.skip_subtree()
                continue
            if tag == "br":
                reader.end()
                reader.ended = True
            elif tag in line_tags:
                reader.begin_block()
            reader.take(element.text)
            continue
        if tag in line_tags:
            reader.end_block()
        tail = element.tail
        # Between the lines of a native snippet stands only what the template left there.
        if tail and element is not pre and (tag not in line_tags or tail.strip()):
            reader.take(tail)
    if reader.line:
        reader.end()
    return _trimmed(reader.out)


def _trimmed(out: list[str]) -> list[str]:
    cleaned = [
        without_noise(line).replace("\u00a0", " ").replace("\r", "").rstrip() for line in out
    ]
    written = [number for number, line in enumerate(cleaned) if line]
    return cleaned[written[0] : written[-1] + 1] if written else []


def language(pre: etree._Element) -> str | None:
    """The language that ``data-lang`` or a class names, lower case; ``None`` where none is
    named.
    """
    places = [pre, pre.getparent(), next(pre.iter("code"), None)]
    for element in places:
        if element is None:
            continue
        named = (element.get("data-lang") or element.get("lang") or "").strip().lower()
        if named in _KNOWN or (
            element is pre and re.fullmatch(r"[\w+#.-]{1,20}", named) and element.get("data-lang")
        ):
            return named
        class_ = element.get("class") or ""
        match = _LANGUAGE.search(class_)
        if match:
            return match[1].lower()
        if "hljs" in class_ or "code-snippet" in class_:
            for word in class_.split():
                word = word.removeprefix("code-snippet__").lower()
                if word in _KNOWN:
                    return word
    return None
