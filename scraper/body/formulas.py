"""Formulas: their TeX where the page still carries it, else made from what it shows
(``scraper.body.tex``).

No real page with one was to be had; the places are those of the editors' own output: mdnice and
doocs/md (``data-formula`` on a wrapper around an SVG), MathJax (``<script type="math/tex">``,
``mjx-container[data-tex]``), KaTeX and MathML (``annotation[encoding="application/x-tex"]``), Zhihu
and 语雀 (``img[data-formula]``, ``alt``).
"""

from __future__ import annotations

import re
from itertools import islice

import lxml.etree as etree

from scraper.body import tex as tex_of

#: What all begin with is looked for first: a fifth of the time of five searches for plain bytes.
_ATTRIBUTES = re.compile(rb"data-(?:formula|tex|latex|math|mml-node)")
#: Of ``block-equation`` and ``inline-equation``, mdnice's wrappers.
_EQUATION = b"-equation"
_PLACES = ("data-formula", "data-tex", "data-latex", "data-math")
_WRAPPERS = frozenset(["mjx-container", "math", "katex"])


def present(raw: bytes, root: etree._Element) -> bool:
    """Whether a body may hold formulas; if not, its elements need not be asked one by one."""
    return (
        _ATTRIBUTES.search(raw) is not None
        or _EQUATION in raw
        or next(root.iter("math", "mjx-container", "script"), None) is not None
    )


def tex(element: etree._Element) -> tuple[str, bool] | None:
    """(TeX, whether it stands on its own line) of an element that is a formula, else ``None``."""
    for place in _PLACES:
        value = element.get(place)
        if value and value.strip():
            return _settled(value), _is_block(element, value)
    tag = element.tag
    class_ = element.get("class") or ""
    if tag == "script" and (element.get("type") or "").startswith("math/tex"):
        return _settled(element.text or ""), "display" in (element.get("type") or "")
    if tag == "svg":
        return _drawn(element)
    if tag in _WRAPPERS or "katex" in class_.split():
        for annotation in element.iter("annotation"):
            if "tex" in (annotation.get("encoding") or "") and annotation.text:
                return _settled(annotation.text), _is_block(element, annotation.text)
        written = written_as(element)
        if written is not None:
            return written
    if tag == "img" and (
        element.get("eeimg") or "ee_img" in class_ or "latex" in class_ or "math" in class_.split()
    ):
        value = element.get("alt") or ""
        if value.strip() and ("\\" in value or "^" in value or "_" in value or "=" in value):
            return _settled(value), element.get("eeimg") == "2"
    return None


def _drawn(svg: etree._Element) -> tuple[str, bool] | None:
    """MathJax's drawing: the characters' code points and the structure are in it."""
    if next((one for one in svg.iter() if one.get("data-mml-node")), None) is None:
        return None
    return written_as(svg)


def written_as(element: etree._Element) -> tuple[str, bool] | None:
    """The TeX made of what an element shows, and whether it stands on its own line."""
    found = tex_of.of(element)
    return (found, _is_block(element, found) or _in_a_block(element)) if found else None


def _in_a_block(element: etree._Element) -> bool:
    """Whether one of the nearest wrappers says that the formula stands alone
    (``section.block-equation``).
    """
    around = islice(element.iterancestors(), 3)
    return any(
        "block-equation" in (one.get("class") or "") or one.get("display") == "true"
        for one in around
    )


def _settled(value: str) -> str:
    value = " ".join(value.replace("\u00a0", " ").split())
    for mark in ("$$", "$"):
        if len(value) > 2 * len(mark) and value.startswith(mark) and value.endswith(mark):
            value = value[len(mark) : -len(mark)].strip()
    return value


def _is_block(element: etree._Element, value: str) -> bool:
    class_ = element.get("class") or ""
    if "inline" in class_ or element.get("display") == "false":
        return False
    return (
        element.tag in ("section", "p", "div", "figure")
        or "block" in class_
        or "display" in class_.split("-")
        or element.get("display") in ("true", "block")
        or value.strip().startswith("$$")
    )
