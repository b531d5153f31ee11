"""Pure. Markdown, ours and other people's, as HTML for ``scraper.body.clean``: the one path into an
archive.

What other tools wrapped at 80 columns is joined again. Where a line ended between two Chinese
characters nothing stood; elsewhere a space did (html2text, which made the sample article, breaks at
spaces only).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

Local = Callable[[str], "str | None"]

#: Ideographs, kana, CJK punctuation and full-width forms: what is written without spaces.
_CJK = re.compile(
    "[\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef“”‘’…—]"
)
#: html2text puts a space behind bold text that the page does not have.
_STRAY = re.compile(
    r"(?<=</strong>) (?=[，。、；：？！）》」』”’])|(?<=[，。、；：？！）》」』”’]</strong>) (?=[\u4e00-\u9fff])"
)


#: The width, in pixels, that tells the cleaner of a picture that it is a sign. No file of ours
#: holds widths, so it is taken away again wherever it stands afterwards.
SIGN = "16"


def to_html(
    markdown: str, *, ours: bool, image: Local | None = None, link: Local | None = None
) -> str:
    """``markdown`` as HTML. ``ours``: as this program writes it (``$…$`` is a formula, nothing is
    wrapped).

    ``image`` and ``link`` give a local path its address again; ``None`` leaves it as it is. A
    picture for which ``image`` gives ``""`` is not shown; its words are.
    """
    parser = _OURS if ours else _OTHERS
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.type == "inline":
            _rewrite(token.children or [], image, link)
            if ours:
                _mark_signs(token.children or [])
            else:
                _join_lines(token.children or [])
    html = str(parser.renderer.render(tokens, parser.options, {}))
    return html if ours else _STRAY.sub("", html)


def _rewrite(tokens: Sequence[Token], image: Local | None, link: Local | None) -> None:
    for token in tokens:
        for name, local in (("src", image), ("href", link)):
            value = token.attrGet(name)
            found = local(value) if isinstance(value, str) and local is not None else None
            if found:
                token.attrSet(name, found)
            elif found == "":
                words = f"图片: {token.content}" if token.content else "图片"
                token.type, token.tag, token.content = "text", "", f"[{words}]"
                token.children = None


def _mark_signs(tokens: Sequence[Token]) -> None:
    """In our own files a picture beside words is a sign among them; without a width it would get
    its own line.
    """
    for line in _lines(tokens):
        if any(token.type in ("text", "code_inline") and token.content.strip() for token in line):
            for token in line:
                if token.type == "image":
                    token.attrSet("width", SIGN)


def _lines(tokens: Sequence[Token]) -> list[list[Token]]:
    lines: list[list[Token]] = [[]]
    for token in tokens:
        if token.type in ("hardbreak", "softbreak"):
            lines.append([])
        else:
            lines[-1].append(token)
    return lines


def _join_lines(tokens: list[Token]) -> None:
    """Soft line ends become what stood there before the text was wrapped."""
    before: Token | None = None
    behind = _shown_behind(tokens)
    for token, after in zip(tokens, behind, strict=True):
        if token.type == "softbreak":
            token.type, token.tag = "text", ""
            token.content = " " if _spaced(before, after) else ""
        if token.content or token.type == "image":
            before = token


def _shown_behind(tokens: Sequence[Token]) -> list[Token | None]:
    """For each token the next one behind it that shows something."""
    found: list[Token | None] = []
    shown: Token | None = None
    for token in reversed(tokens):
        found.append(shown)
        if token.content or token.type == "image":
            shown = token
    return found[::-1]


def _spaced(before: Token | None, after: Token | None) -> bool:
    if before is None or after is None or "image" in (before.type, after.type):
        return False
    left, right = before.content.rstrip(" ")[-1:], after.content.lstrip(" ")[:1]
    return bool(left and right) and not (_CJK.match(left) and _CJK.match(right))


def _formula(state: StateInline, silent: bool) -> bool:
    """``$x$`` inside a line. A ``$`` of the text is escaped where there are two, so these are
    formulas.
    """
    start = state.pos
    if state.src[start] != "$" or state.src.startswith("$$", start):
        return False
    end = state.src.find("$", start + 1)
    while end > 0 and state.src[end - 1] == "\\":
        end = state.src.find("$", end + 1)
    if end < 0 or end == start + 1:
        return False
    if not silent:
        token = state.push("html_inline", "", 0)
        token.content = (
            f'<code class="math">{escape(state.src[start + 1 : end], quote=False)}</code>'
        )
    state.pos = end + 1
    return True


def _display(state: StateInline, silent: bool) -> bool:
    """``$$ … $$``, its marks on lines of their own."""
    if not state.src.startswith("$$", state.pos):
        return False
    end = state.src.find("$$", state.pos + 2)
    if end < 0:
        return False
    if not silent:
        token = state.push("html_inline", "", 0)
        tex = state.src[state.pos + 2 : end].strip()
        token.content = f'<code class="math-block">{escape(tex, quote=False)}</code>'
    state.pos = end + 2
    return True


def _parser(ours: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    # Indented code is never written by us, and in other people's files it is an indented paragraph
    # more often.
    parser.disable(["code", "lheading", "reference"] if ours else ["code", "reference"])
    if ours:
        parser.inline.ruler.before("escape", "formula_block", _display)
        parser.inline.ruler.before("escape", "formula", _formula)
    return parser


_OURS, _OTHERS = _parser(ours=True), _parser(ours=False)
