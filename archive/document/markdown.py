"""Clean HTML → Markdown: the only room that imports markdownify.

markdownify walks the tree and knows the shapes (headings, lists, fences); what it gets wrong beside
Chinese text is overridden here: emphasis that CommonMark would not close (``**重点。**后文``),
escaping, tables, lists, fences.

Marks: while a paragraph is put together, emphasis, code spans, links and line ends are
noncharacters (U+FDD0…), which ``scraper.text`` lets no page bring in. ``_emphasis.settle`` turns
them into Markdown once both neighbours are known.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import cache
from itertools import pairwise
from typing import TypeAlias

# isort: off
from archive.document import markdown_lean as _lean  # noqa: F401 - before anything that imports bs4

# isort: on
from bs4 import NavigableString, Tag
from markdownify import MarkdownConverter

from archive.document import code_spans
from archive.document.emphasis import (
    ATOM_END,
    ATOM_START,
    BOLD_END,
    BOLD_START,
    BRACKET,
    BREAK,
    DOLLAR,
    ITALIC_END,
    ITALIC_START,
    OPEN,
    STRUCK_END,
    STRUCK_START,
    TARGET,
    TILDE,
    settle,
)
from archive.document.markdown_tree import Element, Words, soup, text_of, within
from scraper.records import dataclass
from scraper.text import names

Rewrite = Callable[[str], "str | None"]
Convert = Callable[..., str]

_LISTS = names("ul ol")
_READ_WHOLE = names("pre code table")
_BLOCKS = names(
    "p h1 h2 h3 h4 h5 h6 ul ol li blockquote pre table figure figcaption hr div section article"
)
#: Around whole blocks they say nothing.
_AROUND = names("html body div section article figure")
_MARKS = re.compile("[\ufdd0-\ufdef]")
_SPACE = re.compile("[ \t\r\n\f]+")
_ESCAPED = re.compile(r"[\\`*\[<&$~]|_+|==|%%")
#: One set of characters is looked for ten times as fast as `_ESCAPED`, and most texts have none.
_MAY_NEED_ESCAPES = re.compile(r"[\\`*\[<&$~_=%]")
_BACKTICKS = re.compile("`+")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
#: What the next piece of text may complete.
_CUT_ENTITY = re.compile(r"&#?[0-9A-Za-z]{0,31}\Z")
#: What would begin a block at the start of a line.
_LINE_START = re.compile(
    r"(?:#{1,6}(?=[ \t]|$)|>|[-+](?=[ \t]|$)|[-=:|](?=[-=:| \t]*$))|(\d{1,9})([.)])(?=[ \t]|$)"
)
_ODD_START = re.compile(r"(?!1[.)])\d+[.)] ")
#: A line that is, or begins, a fence, in a quote too.
_FENCE = re.compile(r"[ >]*`{3,}[^`\n]*(?:$|\n)")
_WORD = re.compile(r"[^\W_]")
_UNSAFE_IN_ADDRESS = re.compile(r"[ <>\n\r\t\\|`*()]")
_ESCAPES = str.maketrans(
    {
        " ": "%20",
        "<": "%3C",
        ">": "%3E",
        "\n": "",
        "\r": "",
        "\t": "",
        "\\": "%5C",
        "|": "%7C",
        "`": "%60",
        "*": "%2A",
        "(": "%28",
        ")": "%29",
    }
)

#: A table that would have more fields than this is written without its merged cells spread out.
_MOST_FIELDS = 100_000


def render(clean_html: str, *, image: Rewrite | None = None, link: Rewrite | None = None) -> str:
    """``clean_html`` (of ``scraper.body.clean``) as Markdown that ends in one line feed; ``""``
    stays ``""``.

    ``image`` and ``link`` may give an address another form (a local path); ``None`` from them
    leaves it as it is.
    """
    if not clean_html.strip():
        return ""
    text = _Writer(image, link).convert_soup(soup(clean_html)).strip("\n")
    return text + "\n" if text else ""


#: Finished Markdown, the tag it was made of, and whether it is a list with the other marker.
_Block: TypeAlias = tuple[str, str, bool]


@dataclass(slots=True)
class _List:
    """A list being written: ``other``, with the other marker; ``number``, the next one."""

    ordered: bool
    other: bool
    number: int


@cache
def _options() -> dict[str, object]:
    return MarkdownConverter(heading_style="atx", bullets="-").options  # type: ignore[attr-defined,no-any-return]


class _Writer(MarkdownConverter):
    """markdownify with CommonMark's rules for Chinese text, for clean HTML only."""

    def __init__(self, image: Rewrite | None, link: Rewrite | None) -> None:
        # As the base class does, but the options, which it collects by `dir`, are made once.
        self.options = _options()
        self.convert_fn_cache: dict[str, Convert | None] = {}
        #: The lists being written, the innermost last.
        self._lists: list[_List] = []
        #: The names of the elements around one, itself included, and what converts it; there are few
        #: sets of them.
        self._contexts: dict[tuple[frozenset[str], str], tuple[frozenset[str], Convert]] = {}
        self._image = image
        self._link = link

    # -- the walk

    def process_tag(self, node: Tag, parent_tags: AbstractSet[str] | None = None) -> str:
        """Blocks are joined by one empty line, the text between them becomes paragraphs."""
        name = node.name
        outer = parent_tags if type(parent_tags) is frozenset else frozenset(parent_tags or ())
        parents, convert = self._contexts.get((outer, name)) or self._context(outer, name)
        if name in _READ_WHOLE:
            return convert(node, text_of(node), parents)
        pieces, blocks = self._inside(node, name, parents)
        if not blocks:
            inside = "".join(pieces)
        else:
            self._end_paragraph(pieces, blocks)
            inside = self._joined(node, blocks)
            if name in _AROUND:
                return inside
        return convert(node, inside, parents)

    def _context(self, outer: frozenset[str], name: str) -> tuple[frozenset[str], Convert]:
        convert = self.get_conv_fn_cached(name)  # type: ignore[attr-defined]  # its stubs lag
        context = self._contexts[outer, name] = outer | {name}, convert or _bare
        return context

    def _inside(
        self, node: Tag, name: str, parents: frozenset[str]
    ) -> tuple[list[str], list[_Block]]:
        """The blocks in an element, and the pieces of text behind the last of them."""
        pieces: list[str] = []
        blocks: list[_Block] = []
        holds_blocks = name not in ("td", "th")
        for child in node.contents:
            if type(child) is Words:
                pieces.append(_text(child, parents))
            elif type(child) is Element:
                other = child.name in _LISTS and self._begin_list(
                    child, blocks if not "".join(pieces).strip() else []
                )
                text = self.process_tag(child, parents)
                if child.name in _BLOCKS and holds_blocks:
                    self._end_paragraph(pieces, blocks)
                    if text:
                        blocks.append((text, child.name, other))
                elif text:
                    pieces.append(text)
        return pieces, blocks

    def _begin_list(self, node: Tag, before: list[_Block]) -> bool:
        """Begins a list; tells whether it takes the other marker: straight after one of its own
        kind, or the two would read as one.
        """
        other = bool(before) and before[-1][1:] == (node.name, False)
        start = str(node.get("start") or "1")
        number = int(start) if start.isascii() and start.isdigit() and len(start) < 10 else 1
        self._lists.append(_List(node.name == "ol", other, number))
        return other

    def _marker(self) -> str:
        """``-`` or ``3.``, or their stand-ins ``*`` and ``3)``."""
        if not self._lists:
            return "-"
        around = self._lists[-1]
        if not around.ordered:
            return "*" if around.other else "-"
        around.number += 1
        return f"{around.number - 1}{')' if around.other else '.'}"

    def _end_paragraph(self, pieces: list[str], blocks: list[_Block]) -> None:
        if not pieces:
            return
        text = settle("".join(pieces))
        pieces.clear()
        if text:
            blocks.append((_safe_starts(text), "p", False))

    def _joined(self, node: Tag, blocks: list[_Block]) -> str:
        """Blocks with one empty line between them.

        None inside a list whose items are single lines, and none beside a fence, which needs none
        (CommonMark 4.5): so code stays with the sentence that announces it, also where blank lines
        end a list item.
        """
        tight = _is_tight(node)
        joined = "\n\n".join([text for text, _, _ in blocks])
        if not tight and "```" not in joined:
            return joined
        parts = [blocks[0][0]]
        for (before, _, _), (text, tag, _) in pairwise(blocks):
            near = _ends_in_fence(before) or _begins_with_fence(text)
            # A list that begins with another number than 1 cannot end a paragraph (CommonMark 5.3).
            near = near or (tight and not (tag == "ol" and _ODD_START.match(text)))
            parts += ["\n" if near else "\n\n", text]
        return "".join(parts)

    def process_text(self, el: NavigableString, parent_tags: AbstractSet[str] | None = None) -> str:
        """Text escaped for where it stands."""
        return _text(el, parent_tags or frozenset())

    # -- blocks

    def convert__document_(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        return self._block(text)

    convert_body = convert_html = convert_div = convert_section = convert_article = (
        convert_figure
    ) = lambda self, el, text, parent_tags: self._block(text)

    def _block(self, text: str) -> str:
        return _safe_starts(settle(text)) if _has_marks(text) else text

    def convert_p(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        if _in_cell(parent_tags):
            return text
        return _safe_starts(settle(text))

    convert_figcaption = convert_p

    def convert_hN(self, n: int, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:  # noqa: N802
        text = settle(text.replace(BREAK, " "))
        if text.endswith("#"):
            text = text[:-1] + "\\#"
        return f"{'#' * n} {text}" if text else ""

    def convert_hr(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        return "---"

    def convert_blockquote(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        text = self._block(text)
        return "\n".join(f"> {line}" if line else ">" for line in text.split("\n")) if text else ""

    def convert_list(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        self._lists.pop()
        return text

    convert_ul = convert_ol = convert_list

    def convert_li(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        text = _safe_starts(settle(text)) if _has_marks(text) or "\n" not in text else text
        marker = self._marker()
        if not text:
            return ""
        indent = " " * (len(marker) + 1)
        first, *rest = text.split("\n")
        return "\n".join([f"{marker} {first}", *(indent + line if line else "" for line in rest)])

    def convert_pre(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        text = text.strip("\n")
        if not text:
            return ""
        longest = max(map(len, _BACKTICKS.findall(text)), default=0)
        fence = "`" * max(3, longest + 1)
        return f"{fence}{_language(el)}\n{text}\n{fence}"

    # -- inline

    def convert_br(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        return BREAK

    def convert_b(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        return f"{BOLD_START}{text}{BOLD_END}" if text else ""

    convert_strong = convert_b

    def convert_em(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        return f"{ITALIC_START}{text}{ITALIC_END}" if text else ""

    convert_i = convert_em

    def convert_del(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        return f"{STRUCK_START}{text}{STRUCK_END}" if text else ""

    convert_s = convert_del

    def convert_code(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        classes = str(el.get("class") or "").split()
        text = _MARKS.sub("", text)
        if "math" in classes or "math-block" in classes:
            return _math(text, display="math-block" in classes and not _in_cell(parent_tags))
        text = _SPACE.sub(" ", text)
        if not text:
            return ""
        in_cell = _in_cell(parent_tags)
        if "]:" in text and "a" in parent_tags:
            # At the start of a paragraph the link would be read as a definition (CommonMark 4.7),
            # which shows nothing; a bracket can be escaped outside a code span only.
            escaped = _escaped(text, in_link=True, in_cell=in_cell)
            return f"{ATOM_START}<code>{escaped}</code>{ATOM_END}"
        if in_cell:
            text = text.replace("|", "\\|")
        return f"{ATOM_START}{code_spans.marked(text)}{ATOM_END}"

    def convert_sup(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        # Markdown has no superscript; a note's [1] reads well without, a power does not.
        return _raised("sup", text)

    def convert_sub(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        return _raised("sub", text)

    def convert_a(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        href = str(el.get("href") or "")
        target = (self._link(href) if self._link else None) or href
        shown = settle(text, before="[", after="]")
        if not target or not shown:
            return text
        return f"{ATOM_START}{BRACKET}{shown}{TARGET}{_address(target)}){ATOM_END}"

    def convert_img(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        src = str(el.get("src") or "")
        target = (self._image(src) if self._image else None) or src
        if not target:
            return ""
        alt = str(el.get("alt") or "")
        if alt:
            words = _SPACE.sub(" ", alt)
            alt = _plain(_escaped(words, in_link=True, in_cell=_in_cell(parent_tags)))
        return f"{ATOM_START}![{alt}{TARGET}{_address(target)}){ATOM_END}"

    # -- tables

    def convert_table(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        rows = [self._row(row, parent_tags) for row in within(el, "tr")]
        grid = _grid(rows)
        if not grid:
            return ""
        head, *rest = grid
        lines = [head, ["---"] * len(head), *rest]
        return "\n".join("| " + " | ".join(row) + " |" for row in lines)

    def _row(self, row: Tag, parents: AbstractSet[str]) -> list[tuple[str, int, int]]:
        found = []
        for cell in row.contents:
            if not isinstance(cell, Tag) or cell.name not in ("td", "th"):
                continue
            text = settle(self.process_tag(cell, parents | {"tr"}), line_end="<br>")
            found.append((text, _span(cell.get("colspan")), _span(cell.get("rowspan"))))
        return found

    def convert_td(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        return text

    convert_th = convert_td

    def convert_tr(self, el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
        return ""

    convert_thead = convert_tbody = convert_tfoot = convert_tr


def _bare(el: Tag, text: str, parent_tags: AbstractSet[str]) -> str:
    """An element that Markdown has nothing for."""
    return text


def _ends_in_fence(text: str) -> bool:
    return "```" in text and _FENCE.match(text, text.rfind("\n") + 1) is not None


def _begins_with_fence(text: str) -> bool:
    return "```" in text and _FENCE.match(text) is not None


def _has_marks(text: str) -> bool:
    return not text.isprintable() and _MARKS.search(text) is not None


def _in_cell(parents: AbstractSet[str]) -> bool:
    return "td" in parents or "th" in parents


def _text(text: str, parents: AbstractSet[str]) -> str:
    if not text.isprintable():  # line feeds and marks are not
        text = _MARKS.sub("", _SPACE.sub(" ", text))
    elif "  " in text:
        text = _SPACE.sub(" ", text)
    return _escaped(text, in_link="a" in parents, in_cell=_in_cell(parents))


def _escaped(text: str, *, in_link: bool = False, in_cell: bool = False) -> str:
    """``text`` so that CommonMark, GitHub and Obsidian read nothing into it; line starts are seen
    to later.
    """
    if (in_link and ("]" in text or "[" in text)) or (in_cell and "|" in text):
        text = _ESCAPED.sub(_escape, text)
        text = text.replace(OPEN, "\\[").replace("]", "\\]") if in_link else text
        return text.replace("|", "\\|") if in_cell else text
    return _ESCAPED.sub(_escape, text) if _MAY_NEED_ESCAPES.search(text) else text


def _escape(match: re.Match[str]) -> str:
    found = match[0]
    text, at = match.string, match.start()
    if found[0] == "_":
        # Between letters or digits an underscore is only itself (CommonMark 6.2).
        end = match.end()
        inside = at and end < len(text) and _WORD.match(text[at - 1]) and _WORD.match(text[end])
        return found if inside else found.replace("_", "\\_")
    if found == "<":
        following = text[at + 1 : at + 2]
        return (
            "\\<"
            if not following or following in "/!?" or (following.isascii() and following.isalpha())
            else "<"
        )
    if found == "&":
        return "\\&" if _ENTITY.match(text, at) or _CUT_ENTITY.match(text, at) else "&"
    if found == "$":
        return DOLLAR
    if found == "~":
        return TILDE
    if found == "[":
        return OPEN
    if found == "\\":
        # Before a letter or digit it is only itself; any other neighbour may yet move away (out of
        # bold).
        return "\\" if _WORD.match(text, at + 1) else "\\\\"
    if found in ("==", "%%"):
        return f"\\{found[0]}\\{found[1]}"
    return "\\" + found


def _safe_starts(text: str) -> str:
    """Escapes what would begin a heading, a list, a quote or a rule at the start of a line."""
    if "\n" not in text:
        return _safe_start(text)
    return "\n".join(_safe_start(line) for line in text.split("\n"))


def _safe_start(line: str) -> str:
    match = _LINE_START.match(line)
    if match is None:
        return line
    if match[1] is not None:
        return f"{match[1]}\\{line[match.start(2) :]}"
    return "\\" + line


def _plain(text: str) -> str:
    """Marks that need no neighbours, resolved."""
    return (
        text.replace(DOLLAR, "\\$").replace(TILDE, "\\~").replace(OPEN, "\\[").replace(BRACKET, "[")
    )


def _math(text: str, *, display: bool) -> str:
    text = " ".join(text.split())
    if not text:
        return ""
    return (
        f"{ATOM_START}$$ {text} $$".replace("$$ ", "$$\n", 1).replace(" $$", "\n$$") + ATOM_END
        if display
        else f"{ATOM_START}${text}${ATOM_END}"
    )


def _raised(tag: str, text: str) -> str:
    bare = _MARKS.sub("", text.replace(OPEN, "["))
    if not bare or bare.startswith(("\\[", "[", "［", "【", "(", "（", "!")) or TARGET in text:
        return text
    return f"{ATOM_START}<{tag}>{settle(text, before='>', after='<')}</{tag}>{ATOM_END}"


def _address(url: str) -> str:
    # Almost none has any, and looking takes a tenth of translating character by character.
    return url.translate(_ESCAPES) if _UNSAFE_IN_ADDRESS.search(url) else url


def _language(pre: Tag) -> str:
    code = next(within(pre, "code"), None)
    classes = str(code.get("class") or "") if code is not None else ""
    for class_ in classes.split():
        if class_.startswith("language-"):
            return re.sub(r"[^\w+#.-]", "", class_.removeprefix("language-"))
    return ""


def _is_tight(node: Tag) -> bool:
    return node.name in _LISTS or (node.name == "li" and not _is_loose(node))


def _is_loose(item: Tag) -> bool:
    return any(
        isinstance(child, Tag) and child.name in _BLOCKS and child.name not in ("ul", "ol")
        for child in item.contents
    )


def _span(value: object) -> int:
    text = str(value or "1")
    return max(1, min(100, int(text))) if text.isdigit() else 1


def _grid(rows: list[list[tuple[str, int, int]]]) -> list[list[str]]:
    """Merged cells spread out: the text in the first field, the others empty."""
    width = max((sum(across for _, across, _ in row) for row in rows), default=0)
    if width * len(rows) > _MOST_FIELDS:
        rows = [[(text, 1, 1) for text, _, _ in row] for row in rows]
    grid: list[list[str]] = []
    waiting: dict[int, int] = {}
    for row in rows:
        line: list[str] = []
        for text, across, down in row:
            _skip_filled(line, waiting)
            for number in range(across):
                if down > 1:
                    waiting[len(line)] = down - 1
                line.append(text if number == 0 else "")
        _skip_filled(line, waiting)
        grid.append(line)
    width = max((len(line) for line in grid), default=0)
    if width * len(grid) > _MOST_FIELDS:
        return grid
    return [line + [""] * (width - len(line)) for line in grid] if width else []


def _skip_filled(line: list[str], waiting: dict[int, int]) -> None:
    """Leaves the fields empty that a cell further up reaches down into."""
    while waiting.get(len(line), 0):
        waiting[len(line)] -= 1
        line.append("")
