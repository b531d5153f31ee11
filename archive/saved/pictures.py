"""Pictures that came with a saved page or another file: beside it (``page_files/640.png``) or
inside.

They are kept under the address that the parser gives them, so no request is made for what is
already here, and a page whose pictures are long gone from the web still has them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from archive.errors import BadInput
from archive.saved import files
from archive.saved.pages import SavedPage
from scraper.messages import mark
from scraper.models import Page
from scraper.records import dataclass

if TYPE_CHECKING:
    from archive.media.images import ImageFetcher

_LARGEST = 25 * 2**20
#: The one pixel that stands in for a picture not loaded yet.
_SMALLEST_GIF = 100
_IMG = re.compile(rb"<img\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"(?<![\w-])(data-src|src)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE
)
_URL, _BACKGROUND = b"url(", re.compile(rb"([^()]{1,400})\)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class NotBeside(Exception):
    """A picture that the page has beside it, and that is not there."""

    code = "not-beside"


@dataclass(frozen=True, slots=True)
class LocalImage:
    """A picture (or sound, or film) as the store takes it in: bytes, true type, its extension
    without a dot.
    """

    body: bytes
    type: str
    extension: str


def local_image(body: bytes) -> LocalImage | None:
    """What these bytes are, by the same look as at fetched files; ``None`` for anything that is not
    known.

    Pages, scripts and drawings that can run something are none: a name ending in ``.png`` makes no
    picture.
    """
    # Not at the top: it stands in the room of the network, which reading an archive never needs.
    from scraper.fetch.magic import Active, sniff

    try:
        kind = sniff(body)
    except Active:
        return None
    return LocalImage(body, *kind) if kind else None


def import_local_images(path: Path, saved: SavedPage, images: ImageFetcher) -> None:
    """Keep the pictures beside the saved page ``path`` or inside it; note those that should be
    there and are not.

    Raises DiskTrouble where they cannot be written.
    """
    store, now = images.store, images.clock.now()
    for address, name, has_web in shown_pictures(saved.page, saved.parts):
        if store.media_path(address) is not None:
            continue
        image = picture(saved.parts.get(name) or beside(path, name) or b"")
        if image is not None:
            store.add_media(address, image, now)
        elif not has_web:
            images.failed.add(address)
            store.media_failed(
                address,
                NotBeside(mark("{name} is not beside the saved page", name=name)),
                now,
                None,
            )


def picture(body: bytes) -> LocalImage | None:
    """A picture worth keeping: not the one pixel that stands in for one not loaded yet."""
    image = local_image(body)
    if image is None or not image.type.startswith("image/"):
        return None
    return None if image.extension == "gif" and len(body) < _SMALLEST_GIF else image


def shown_pictures(page: Page, parts: Mapping[str, bytes]) -> Iterator[tuple[str, str, bool]]:
    """``(address, its name in the page, whether the address is on the web)`` of each picture that
    was saved.
    """
    from scraper.body.images import address

    base = page.final_url or page.url
    for name in _backgrounds(page.body):
        if own := address(name, base):
            yield own, name, True  # not missed: most of them are no pictures of the text
    for tag in _IMG.finditer(page.body):
        found = {
            name.lower(): html.unescape((one or two).decode("utf-8", "replace")).strip()
            for name, one, two in _ATTRIBUTE.findall(tag[0])
        }
        name = found.get(b"src", "")
        if found.get(b"data-src", "") in parts:
            name = found[b"data-src"]  # sent by a program: a page that no browser has shown yet
        if _is_elsewhere(name) and name not in parts:
            continue
        web = address(found.get(b"data-src"), base)
        own = web or address(name, base)
        if own:
            yield own, name, web is not None or name in parts


def _backgrounds(body: bytes) -> Iterator[str]:
    """Names in ``url(…)`` that are no addresses, each once: the styles of a page of today repeat
    some seventy.
    """
    for written in dict.fromkeys(_written_backgrounds(body)):
        name = html.unescape(written.decode("utf-8", "replace")).strip("\"' ")
        if not _is_elsewhere(name):
            yield name


def _written_backgrounds(body: bytes) -> Iterator[bytes]:
    """What stands in ``url(…)``, in any case. Looked for in small letters, not by a pattern: 1 ms a
    page of 2 MB instead of 10.
    """
    small = body.lower()
    at = small.find(_URL)
    while at >= 0:
        at += len(_URL)
        if found := _BACKGROUND.match(body, at):
            yield found[1]
        at = small.find(_URL, at)


def _is_elsewhere(name: str) -> bool:
    return not name or name.startswith(("/", "#")) or _SCHEME.match(name) is not None


def beside(path: Path, name: str) -> bytes | None:
    """The file ``name`` below the folder of ``path``, written plainly or percent-encoded; None
    where there is none.

    Never one outside that folder: files come from strangers too.
    """
    folder = path.parent.resolve()
    for written in dict.fromkeys((name, unquote(name), unquote(re.sub(r"[?#].*", "", name)))):
        try:
            if ".." not in written and not (folder / written).is_file():
                continue  # most are not there, and resolving asks for each folder on the way
            place = (folder / written).resolve()
            if place.is_relative_to(folder):
                return files.read(place, most=_LARGEST)
        except (OSError, ValueError, BadInput):
            continue
    return None
