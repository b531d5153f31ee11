"""An article's clean body as it stands in a page: pictures from here, headings that can be gone to,
formulas set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree
from markupsafe import Markup

from archive.exporters.formulas import mathml
from archive.exporters.tree import Player, limited

_HEADINGS = ("h2", "h3", "h4", "h5", "h6")
_MOST_FORMULAS = 500


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the body: ``level`` 2 to 6, ``anchor`` its id in the page."""

    level: int
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """``html`` holds nothing but the small vocabulary of clean bodies, formulas as MathML."""

    html: Markup
    headings: tuple[Heading, ...]


def shown(
    body: str,
    *,
    pictures: Mapping[str, str],
    links: Mapping[str, str],
    players: Mapping[str, Player] | None = None,
) -> Shown:
    """``body`` (clean HTML) for a page. ``pictures``: address → path from the archive's folder;
    ``links``: address → page of ours; ``players``: address of a recording → what plays it."""
    root = limited(
        body,
        image=lambda url: f"/{pictures[url]}" if url in pictures else None,
        link=links.get,
        play=players.get if players else None,
    )
    if root is None:
        return Shown(Markup(""), ())
    for element in root.iter("img", "a", "table", "pre"):
        _dress(element)
    for element in list(root.iter("code"))[:_MOST_FORMULAS]:
        _set_formula(element)
    headings = tuple(_headings(root))
    html = etree.tostring(root, encoding="unicode", method="html", with_tail=False)
    return Shown(Markup(html.removeprefix("<div>").removesuffix("</div>")), headings)


def _dress(element: etree._Element) -> None:
    if element.tag == "img":
        element.set("loading", "lazy")
        element.set("decoding", "async")
    elif element.tag == "a":
        if not element.get("href", "").startswith("/"):
            element.set("rel", "noopener noreferrer nofollow")
    else:
        # Wide tables and code move sideways in a box of their own; a keyboard must get into it.
        element.set("tabindex", "0")


def _set_formula(element: etree._Element) -> None:
    kinds = element.get("class", "").split()
    if "math" not in kinds and "math-block" not in kinds:
        return
    made = mathml(element.text or "", block="math-block" in kinds)
    parent = element.getparent()
    if made is None or parent is None:
        return
    formula = etree.fromstring(made)
    formula.tail = element.tail
    parent.replace(element, formula)


def _headings(root: etree._Element) -> list[Heading]:
    found = []
    for number, element in enumerate(root.iter(*_HEADINGS), start=1):
        text = " ".join("".join(map(str, element.itertext())).split())
        if text:
            element.set("id", f"h-{number}")
            found.append(Heading(int(str(element.tag)[1]), f"h-{number}", text))
    return found
