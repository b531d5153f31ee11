"""Pictures that a browser saved with a page: beside it (``page_files/640.png``) or in the same file.

They are kept under the address that the parser gives them, so no request is made for what is already here, and a page
whose pictures are long gone from the web still has them.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from archive.saved import bundles
from scraper.models import Page

if TYPE_CHECKING:
    from archive.media.images import ImageFetcher

_LARGEST = 25 * 2**20
#: The one pixel that stands in for a picture not loaded yet.
_SMALLEST_GIF = 100
_IMG = re.compile(rb"<img\b(?:[^>\"']|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"(?<![\w-])(data-src|src)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE
)


class NotBeside(Exception):
    """A picture that the page has beside it, and that is not there."""

    code = "not-beside"


def take(path: Path, page: Page, images: ImageFetcher) -> None:
    """Keep the pictures beside the saved page ``path``; note those that should be there and are not.

    Raises DiskTrouble where they cannot be written.
    """
    from scraper.fetch.magic import Active, sniff
    from scraper.fetch.settings import Download

    store, now = images.store, images.clock.now()
    parts = _parts(path)
    for address, name, has_web in _local(page, parts):
        if store.media_path(address) is not None:
            continue
        body = parts.get(name) or _read(path, name)
        try:
            kind = sniff(body) if body else None
        except Active:
            kind = None
        if (
            body
            and kind
            and kind[0].startswith("image/")
            and not (kind[1] == "gif" and len(body) < _SMALLEST_GIF)
        ):
            store.add_media(address, Download(address, body, *kind), now)
        elif not has_web:
            images.failed.add(address)
            store.media_failed(
                address, NotBeside(f"{name} is not beside the saved page"), now, None
            )


def _parts(path: Path) -> Mapping[str, bytes]:
    bundle = bundles.unbundle(path.read_bytes()) if path.suffix.lower() in bundles.ENDINGS else None
    return bundle.parts if bundle else {}


def _local(page: Page, parts: Mapping[str, bytes]) -> Iterator[tuple[str, str, bool]]:
    """``(address, its name in the page, whether the address is on the web)`` of each picture that was saved."""
    from scraper.body.images import address

    base = page.final_url or page.url
    for tag in _IMG.finditer(page.body):
        found = {
            name.lower(): html.unescape((one or two).decode("utf-8", "replace")).strip()
            for name, one, two in _ATTRIBUTE.findall(tag[0])
        }
        name = found.get(b"src", "")
        elsewhere = name.startswith(("/", "#")) or re.match(
            r"[a-z][a-z0-9+.-]*:", name, re.IGNORECASE
        )
        if not name or (elsewhere and name not in parts):
            continue
        web = address(found.get(b"data-src"), base)
        own = web or address(name, base)
        if own:
            yield own, name, web is not None or name in parts


def _read(page: Path, name: str) -> bytes | None:
    """The file ``name`` below the page's folder, written plainly or percent-encoded; None where there is none."""
    folder = page.parent.resolve()
    for written in dict.fromkeys((name, unquote(name), unquote(re.sub(r"[?#].*", "", name)))):
        try:
            place = (folder / written).resolve()
            if (
                place.is_relative_to(folder)
                and place.is_file()
                and place.stat().st_size <= _LARGEST
            ):
                return place.read_bytes()
        except (OSError, ValueError):
            continue
    return None
