"""Drawings: an ``<svg>`` without words, cleaned, as a picture of its own
(``data:image/svg+xml;base64,…``).

Nothing but shapes passes: elements and attributes by name, references inside the drawing only, no
style sheet, script, handler, link or picture from outside. What is left is what ``<img>`` may show
anywhere.
"""

from __future__ import annotations

import base64
import re
from html import escape
from typing import Final

import lxml.etree as etree

from scraper.models import DRAWING
from scraper.patterns import lazy
from scraper.text import names

#: Larger ones are told as lost: the largest formula seen has 60 KB.
LARGEST: Final = 400_000
_SHAPES: Final = names("path rect circle ellipse line polyline polygon use")
_ALLOWED: Final = _SHAPES | names(
    "svg g defs symbol lineargradient radialgradient stop clippath mask title desc"
)
#: How an HTML parser spells them → how SVG does.
_SPELLING: Final = {
    name.lower(): name
    for name in (
        "linearGradient",
        "radialGradient",
        "clipPath",
        "viewBox",
        "gradientUnits",
        "gradientTransform",
        "preserveAspectRatio",
        "clipPathUnits",
        "maskUnits",
        "spreadMethod",
    )
}
_ATTRIBUTES: Final = names("""
    id viewbox width height x y x1 y1 x2 y2 cx cy r rx ry d points transform fill stroke fill-opacity fill-rule
    stroke-width stroke-linecap stroke-linejoin stroke-dasharray stroke-opacity stroke-miterlimit opacity offset
    stop-color stop-opacity clip-path clip-rule mask gradientunits gradienttransform preserveaspectratio
    clippathunits maskunits spreadmethod fx fy
""")
_HREFS: Final = ("href", "xlink:href", "{http://www.w3.org/1999/xlink}href")
_INSIDE = re.compile(r"#[\w:.-]+")
#: An address in a value that is not inside the drawing, or anything that could be one in disguise.
_OUTSIDE = lazy(r"url\(\s*['\"]?(?!#)|[\\<>]|script:|data:|/\*", re.I)
_SIZE = lazy(r"(?:^|;)\s*(width|height)\s*:\s*([\d.]+(?:px|em|ex|pt|%)?)\s*(?=;|$)", re.I)
#: An interactive layout, not a drawing: editors build them of SVG, and what is in them is read
#: piece by piece.
_LAYOUT: Final = names(
    "foreignobject image img animate animatetransform animatemotion set video iframe text"
)


def is_drawing(svg: etree._Element) -> bool:
    """Whether an ``<svg>`` draws something and holds nothing else: no words, pictures or
    movement.
    """
    shapes = 0
    for element in svg.iter():
        tag = str(element.tag)
        if tag in _LAYOUT:
            return False
        shapes += tag in _SHAPES
    return shapes > 0


def address(svg: etree._Element) -> str | None:
    """The cleaned drawing as an address of its own; ``None`` for one that is too large."""
    parts: list[str] = []
    walk = etree.iterwalk(svg, events=("start", "end"))
    for event, element in walk:
        tag = str(element.tag)
        if tag not in _ALLOWED:
            if event == "start":
                walk.skip_subtree()
            continue
        if event == "start":
            parts.append(_opening(tag, element, outer=element is svg))
            if tag in ("title", "desc"):
                parts.append(escape(element.text or "", quote=False))
        else:
            parts.append(f"</{_SPELLING.get(tag, tag)}>")
    cleaned = "".join(parts).encode("utf-8", "replace")
    return DRAWING + base64.b64encode(cleaned).decode() if len(cleaned) <= LARGEST else None


def _opening(tag: str, element: etree._Element, *, outer: bool) -> str:
    kept = ['xmlns="http://www.w3.org/2000/svg"'] if outer else []
    attributes = {str(name).lower(): str(value) for name, value in element.attrib.items()}
    if outer:
        for name, value in _SIZE().findall(attributes.get("style", "")):
            attributes.setdefault(name.lower(), value)
    for name, value in attributes.items():
        if name in _HREFS and tag == "use" and _INSIDE.fullmatch(value):
            kept.append(f'href="{escape(value)}"')
        elif name in _ATTRIBUTES and not _OUTSIDE().search(value):
            kept.append(f'{_SPELLING.get(name, name)}="{escape(value)}"')
    return f"<{' '.join([_SPELLING.get(tag, tag), *kept])}>"
