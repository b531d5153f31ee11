"""The manuals as tests see them: which pages there are, their headings, links, code blocks and
named files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_FENCE = re.compile(r"^```([\w-]*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", flags=re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) (.+?) *#*$", flags=re.MULTILINE)
_INLINE_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<(?:img|a)\s[^>]*(?:src|href)=\"([^\"]+)\"")


def all_pages() -> list[str]:
    """Every Markdown page of the manuals, from the root, with /."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(page.relative_to(ROOT).as_posix() for page in found)


def with_generated_parts() -> list[str]:
    """The pages that cog writes a part of."""
    return [page for page in all_pages() if "[[[cog" in read(page)]


def in_both_languages() -> list[tuple[str, str]]:
    """English page and Chinese page, wherever a Chinese one stands."""
    ending = ".zh-CN.md"
    return [
        (page.removesuffix(ending) + ".md", page) for page in all_pages() if page.endswith(ending)
    ]


def read(page: str) -> str:
    """The text of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def code_blocks(page: str, *languages: str) -> list[str]:
    """What stands between the fences of a language, or of any of several."""
    return [block for language, block in _FENCE.findall(read(page)) if language in languages]


def shell_lines(page: str) -> list[str]:
    """The commands that a page tells people to type, comments and blank lines left out."""
    lines = [
        line for block in code_blocks(page, "sh", "bash", "shell") for line in block.splitlines()
    ]
    bare = [re.sub(r"\s+#\s.*$", "", line).rstrip() for line in lines]
    return [line for line in bare if line and not line.lstrip().startswith("#")]


def headings(page: str) -> list[tuple[int, str]]:
    """Level and text of each heading."""
    return [(len(marks), text) for marks, text in _HEADING.findall(prose(page))]


def anchors(page: str) -> set[str]:
    """What may stand behind ``#`` in a link to the page, as GitHub makes it from the headings."""
    found: set[str] = set()
    for _, text in headings(page):
        plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text).replace("`", "").strip().lower()
        anchor = base = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 0
        while anchor in found:
            number += 1
            anchor = f"{base}-{number}"
        found.add(anchor)
    return found


def links(page: str) -> list[str]:
    """The targets of a page's links and pictures, code left out."""
    return [one or other for one, other in _LINK.findall(_INLINE_CODE.sub("", prose(page)))]


def named_files(page: str) -> Iterator[str]:
    """Files and folders of this repository that a page names in inline code, test ids without their
    ``::``.
    """
    for code in _INLINE_CODE.findall(prose(page)):
        if re.fullmatch(r"(archive|scraper|tests|benchmarks|docs|\.ci)/[\w./-]*(::\w+)?", code):
            yield code.partition("::")[0]


def named_tests(page: str) -> list[tuple[str, str]]:
    """File and function of each test that a page names as ``tests/FILE.py::FUNCTION``."""
    return re.findall(r"`(tests/[\w./-]+\.py)::(\w+)`", prose(page))


def prose(page: str) -> str:
    """The page without fenced code and comments."""
    return _COMMENT.sub("", _FENCE.sub("", read(page)))
