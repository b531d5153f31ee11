"""Code blocks: the lines of a ``<pre>``, exactly, and the language where the page names it.

Seen: WeChat's own snippet (``section.code-snippet__fix``: a ``ul.code-snippet__line-index`` of numbers, then a
``pre[data-lang]`` with one ``<code>`` for each line), mdnice (``pre > span(svg bar) + code`` with ``<br>`` and
``&nbsp;``), one ``<p>`` or ``<li>`` or ``<div>`` for each line, and plain text with line feeds.
"""

from __future__ import annotations

import re

import lxml.etree as etree

from scraper.text import names, without_noise

_LINE_TAGS = frozenset(["p", "div", "section", "li", "tr"])
_SKIPPED = frozenset(["svg", "script", "style", "button", "img"])
#: Line numbers stand in a list or a column of their own: WeChat's, hljs-line-numbers', Prism's.
_NUMBERS = re.compile(
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
    """A list or cell that only counts the lines of the code beside it."""
    class_ = element.get("class")
    return class_ is not None and _NUMBERS.search(class_) is not None


def lines(pre: etree._Element) -> list[str]:
    """The lines of a ``<pre>`` as a reader copies them: indentation kept, ``&nbsp;`` a space, no trailing blanks."""
    out: list[str] = []
    line: list[str] = []
    codes = sum(1 for _ in pre.iter("code"))
    each_code_is_a_line = codes > 1

    def end(*, always: bool) -> None:
        if line or always:
            out.append("".join(line))
            line.clear()

    def take(text: str | None) -> None:
        if not text:
            return
        first, *rest = text.split("\n")
        line.append(first)
        for piece in rest:
            end(always=True)
            line.append(piece)

    walk = etree.iterwalk(pre, events=("start", "end"))
    for event, element in walk:
        tag = element.tag
        block = tag in _LINE_TAGS or (each_code_is_a_line and tag == "code")
        if event == "start":
            if tag in _SKIPPED or (tag in ("ul", "ol", "td", "span") and is_line_numbers(element)):
                walk.skip_subtree()
            elif tag == "br":
                end(always=True)
            else:
                if block and "".join(line).strip():
                    end(always=False)
                take(element.text)
        else:
            if block:
                end(always=True)
            if element is not pre:
                tail = element.tail
                # Between the lines of a native snippet stands only what the template left there.
                if tail and not (block and not tail.strip()):
                    take(tail)
    end(always=False)
    cleaned = [without_noise(text).replace("\u00a0", " ").replace("\r", "").rstrip() for text in out]
    while cleaned and not cleaned[0]:
        cleaned.pop(0)
    while cleaned and not cleaned[-1]:
        cleaned.pop()
    return cleaned


def language(pre: etree._Element) -> str | None:
    """The language that ``data-lang`` or a class names, lower case; ``None`` where none is named."""
    places = [pre, pre.getparent(), next(pre.iter("code"), None)]
    for element in places:
        if element is None:
            continue
        named = (element.get("data-lang") or element.get("lang") or "").strip().lower()
        if named in _KNOWN or (element is pre and re.fullmatch(r"[\w+#.-]{1,20}", named) and element.get("data-lang")):
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
