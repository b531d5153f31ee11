"""Clean HTML as XHTML that can do nothing: the one way a body gets into a web page or a book.

The body is clean when it is kept; here it is cut down to the same small vocabulary again, so that
not even a changed database brings script into a reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from lxml import etree

from archive.document.players import recording_of_line
from archive.exporters.xml import legal_xml
from scraper.recordings import Recording
from scraper.text import names

Rewrite = Callable[[str], "str | None"]

#: Element → attributes that stay.
_ALLOWED: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        names(
            "p h2 h3 h4 h5 h6 strong em del ul li blockquote pre table thead tbody tr figure figcaption hr br sup sub"
        ),
        frozenset[str](),
    ),
    "a": frozenset({"href"}),
    "img": frozenset({"src", "alt", "width", "height"}),
    "ol": frozenset({"start"}),
    "code": frozenset({"class"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan"}),
}
_DROPPED = names("script style iframe object template svg math noscript")
_SAFE_CLASS = re.compile(r"^[\w+#.-]+$")
_NUMBER = re.compile(r"^\d{1,5}$")


@dataclass(frozen=True, slots=True)
class Player:
    """What plays a recording in a page: ``src`` its file, ``type`` its media type, ``poster`` a
    picture to show before it runs."""

    src: str
    type: str
    poster: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A recording that is held and does not stand in this file, ``size`` bytes; ``address``: where
    it can be played."""

    size: int
    address: str | None


#: What browsers and readers play; of anything else the file is linked.
PLAYED = frozenset(
    {
        *("audio/mpeg", "audio/mp4", "audio/aac", "audio/ogg", "audio/wav", "audio/flac"),
        *("video/mp4", "video/webm", "video/quicktime"),
    }
)
Play = Callable[[str], "Player | LeftOut | None"]


def xhtml(body: str, *, image: Rewrite, link: Rewrite, play: Play | None = None) -> str:
    """``body`` (clean HTML) as well-formed XHTML without the outermost element.

    ``image`` gives the address to show for an image, or ``None``: its text stands there instead.
    ``link`` gives another address for a link, or ``None``: it stays, if it is http(s) or mailto.
    ``play`` gives the player of a recording by its address, or what is said in its place.
    """
    root = limited(body, image=image, link=link, play=play)
    return "" if root is None else inner(root)


def inner(root: etree._Element) -> str:
    """What is in an element that has no attributes, as XHTML."""
    whole = etree.tostring(root, encoding="unicode", method="xml", with_tail=False)
    return re.sub(r"^<div\s*/?>|</div>$", "", whole)


def limited(
    body: str, *, image: Rewrite, link: Rewrite, play: Play | None = None
) -> etree._Element | None:
    """The same as a tree, for who goes on with it: a ``div`` around what is allowed.

    ``None`` for an empty body.
    """
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    source = f"<div>{legal_xml(body)}</div>".encode("utf-8", "replace")
    found = etree.fromstring(source, parser)
    root = found.find(".//div") if found is not None else None
    if root is None:
        return None
    present = {str(element.tag) for element in root.iterdescendants()}
    if dropped := present & _DROPPED:
        etree.strip_elements(root, *dropped, with_tail=False)
    if unknown := present - _ALLOWED.keys() - {"h1"}:
        etree.strip_tags(root, *unknown)  # what is in them stays
    players = _players(root, play) if play else []
    for element in root.iterdescendants():
        _limit(element, image, link)
    for card, recording, player in players:
        if isinstance(player, LeftOut):
            _say_left_out(card, player)
        else:
            _set_player(card, recording, player)
    return root


def _players(
    root: etree._Element, play: Play
) -> list[tuple[etree._Element, Recording, Player | LeftOut]]:
    """The cards whose recordings are held."""
    found = []
    for card in root.iter("p"):
        href = next((a.get("href") for a in card.iter("a")), None)
        recording = recording_of_line(card.get("data-card", ""), card.get("data-id"), href)
        player = play(recording.address) if recording is not None else None
        if recording is not None and player is not None:
            found.append((card, recording, player))
    return found


def _set_player(card: etree._Element, recording: Recording, player: Player) -> None:
    """The player below the card's line; a link to the file where no browser plays it."""
    if player.type not in PLAYED:
        found = etree.SubElement(card, "a", href=player.src)
        found.text = player.src.rpartition("/")[2]
        return
    element = etree.SubElement(
        card, recording.sort, controls="controls", preload="none", src=player.src
    )
    if player.poster and recording.sort == "video":
        element.set("poster", player.poster)


def _say_left_out(card: etree._Element, left_out: LeftOut) -> None:
    """Below the card's line: how large it is, and where it plays."""
    etree.SubElement(card, "br").tail = f"{left_out.size / 1e6:.1f} MB，没有放进这个文件"
    target = address(left_out.address or "")
    if target:
        card[-1].tail = f"{card[-1].tail}："
        etree.SubElement(card, "a", href=target).text = "在原文里播放"


def text(value: str) -> str:
    """``value`` escaped for XHTML text and attributes."""
    value = legal_xml(value)
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        value = value.replace(sign, entity)
    return value


def _limit(element: etree._Element, image: Rewrite, link: Rewrite) -> None:
    if element.tag == "h1":
        element.tag = "h2"  # the article's title is the page's only h1
    tag = str(element.tag)
    card = element.get("data-card")
    for name in set(element.attrib) - _ALLOWED[tag]:
        del element.attrib[name]
    if card and _SAFE_CLASS.match(card):
        element.set("class", f"card {card}")
    _limit_values(element)
    if tag == "a":
        _link(element, link)
    elif tag == "img":
        _image(element, image)


def _limit_values(element: etree._Element) -> None:
    """Numbers where numbers are due, and no class of code that is more than a name."""
    for name in ("width", "height", "start", "colspan", "rowspan"):
        if name in element.attrib and not _NUMBER.match(str(element.attrib[name])):
            del element.attrib[name]
    if element.tag == "code":
        classes = element.get("class", "").split()
        if not all(map(_SAFE_CLASS.match, classes)):
            del element.attrib["class"]


def _link(element: etree._Element, link: Rewrite) -> None:
    href = element.get("href", "")
    target = link(href) or address(href)
    if target:
        element.set("href", target)
    elif "href" in element.attrib:
        del element.attrib["href"]


def address(url: str) -> str | None:
    """A web or mail address with everything escaped that a strict reader refuses; ``None`` for
    anything else.
    """
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        return None
    if parts.scheme == "mailto" or (
        parts.scheme in ("http", "https") and re.fullmatch(r"[\w.-]+", host)
    ):
        return quote(url.strip(), safe="/:?#@!$&'()*+,;=%~-._").replace("%%", "%25%")
    return None


def _image(element: etree._Element, image: Rewrite) -> None:
    target = image(element.get("src", ""))
    if target:
        element.set("src", target)
        element.set("alt", element.get("alt", ""))
        return
    alt = element.get("alt") or "图片"
    element.tag = "em"
    element.attrib.clear()
    element.text = f"[{alt}]"
