"""The one reader of saved pages: from a file's bytes to a ``Page``, whichever browser or tool wrote
it.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import field, replace
from datetime import UTC, datetime
from pathlib import Path

from archive.errors import BadInput, NoSuchInput
from archive.saved import answers, bundles, files
from scraper import urls
from scraper.messages import mark, strerror
from scraper.models import Article, Page
from scraper.patterns import lazy
from scraper.records import dataclass
from scraper.zone import CHINA

HTML_ENDINGS = frozenset({".html", ".htm", ".xhtml", ".shtml"})
ENDINGS = HTML_ENDINGS | bundles.ENDINGS
#: Browsers (``saved from url=(0055)…``), SingleFile (``url: …``), and hand-made copies
#: (``<!--https://…-->``).
_SAVED_FROM = re.compile(
    rb"saved from url=\(\d+\)\s*(\S+)|^[ \t]*url:\s*(\S+)"
    rb"|<!--\s*(https?://mp\.weixin\.qq\.com/[^\s>]+?)\s*-->",
    re.IGNORECASE | re.MULTILINE,
)
#: The note stands at the very top, behind it come styles and script.
_NOTE_WITHIN = 65536
#: The headers of one response, as ``curl -i`` writes them before the page.
_HEADERS = re.compile(rb"HTTP/[0-9.]{1,3} (\d{3})[^\n]{0,999}\n((?:[^\n]{2,9999}\n){0,200})\r?\n")
_MOST_REDIRECTS = 20
#: A day, and what may follow it without a gap: the time.
_DATE = lazy(
    r"(?<!\d)((?:19|20)\d\d)(?:[-_.年](\d{1,2})[-_.月](\d{1,2})|(\d\d)(\d\d))"
    r"(?:T?(\d\d)(\d\d)(\d\d)?)?(?!\d)"
)


@dataclass(frozen=True, slots=True)
class SavedPage:
    """A page, and address or name → bytes of the pictures that were saved in the same file."""

    page: Page
    parts: dict[str, bytes] = field(default_factory=dict, repr=False)


def saved_page(body: bytes, place: str) -> SavedPage:
    """The page in a file's bytes. Its address is where it says it was saved from, else ``place``
    (``file://…``).

    Raises BadInput for a bundle that is damaged or holds no page, and for what is packed and cut
    short.
    """
    if bundles.is_bundle(body):
        return _bundled(body, place)
    status, headers, body = _without_headers(body)
    if body.startswith(b"\x1f\x8b"):  # curl without --compressed, wget: as it came over the wire
        body = gunzipped(body)
    if answers.looks_like_answer(body[: files.HEAD]):
        body = answers.read(body)
    return SavedPage(Page(url=_origin(body) or place, body=body, status=status, headers=headers))


def read_page(path: Path) -> SavedPage:
    """The page in a file. Raises BadInput, also where it cannot be read; the message is without
    path.
    """
    try:
        body = files.read(path)
    except OSError as error:
        said = mark("it cannot be read: {what}", what=strerror(error))
        raise NoSuchInput.of(error, said) from error
    if path.suffix.lower() in bundles.ENDINGS and not bundles.is_bundle(body):
        raise BadInput(mark("it is no MHTML or web archive: it is damaged, or another program's"))
    return saved_page(body, path.absolute().as_uri())


def saved_pages(paths: Iterable[Path]) -> Iterator[tuple[Path, SavedPage | BadInput]]:
    """Each saved page, or why it is none; one at a time, however many there are."""
    for path in paths:
        try:
            yield path, read_page(path)
        except BadInput as error:
            yield path, type(error)(mark("{path}: {error}", path=path, error=error))


def pages_in(folder: Path) -> list[Path]:
    """The saved pages of a folder and of those in it; not the parts that a browser puts beside a
    page it saves.
    """
    found = []
    for parent, folders, names in os.walk(folder):
        pages = {name for name in names if Path(name).suffix.lower() in ENDINGS}
        parts = {f"{Path(name).stem}{end}" for name in pages for end in _PARTS}
        folders[:] = [name for name in folders if not name.startswith(".") and name not in parts]
        found += [place for name in pages if (place := Path(parent, name)).is_file()]
    return sorted(found)


#: How the folder of a page's parts is called: the page's name and one of these.
_PARTS = ("_files", ".files", "_data")


def is_page(path: Path) -> bool:
    """Whether a file is a saved page: by its name, else by its beginning. Raises BadInput and
    OSError.
    """
    return path.suffix.lower() in ENDINGS or begins_like_page(files.head(path))


def begins_like_page(head: bytes) -> bool:
    """Whether a file that begins so is a page, a bundle with one, or an article's JSON answer."""
    return looks_like_html(head) or bundles.is_bundle(head) or answers.looks_like_answer(head)


def looks_like_html(head: bytes) -> bool:
    """Whether a file that begins so is a page. A browser's bookmark file is HTML too, and a list of
    addresses.
    """
    head = head.lower()
    return (
        b"<html" in head or b"<!doctype html" in head or head.startswith(b"http/")
    ) and b"netscape-bookmark-file" not in head


def dated_by_name(article: Article, name: str) -> Article:
    """The article; where it tells no time, with the one in the name of its file."""
    if article.published is not None or (found := moment_in_name(name)) is None:
        return article
    published, date_only = found
    return replace(article, published=published, date_only=date_only)


def moment_in_name(name: str) -> tuple[datetime, bool] | None:
    """The time in a file's name (aware, UTC), and whether it is but a day: 00:00 in China.

    Exporters write ``2024-05-06 TITLE.html``, ``20240506TITLE.html``; wechatDownload of 2025 and
    2026 ``[2025-12-20225424]TITLE.html`` and ``[202604030825]TITLE.html``.
    """
    found = _DATE().search(name)
    if found is None:
        return None
    year, month, day, *joined, hour, minute, second = found.groups("0")
    day_of_year = (month, day) if int(month) else joined
    numbers = [int(part) for part in (year, *day_of_year, hour, minute, second)]
    try:
        shown = datetime(*numbers, tzinfo=CHINA)  # type: ignore[misc,arg-type]
    except ValueError:
        return None
    return shown.astimezone(UTC), found[6] is None


def _bundled(body: bytes, place: str) -> SavedPage:
    bundle = bundles.unbundle(body)
    if bundle is None:
        raise BadInput(mark("it holds no page: it is damaged, or another program's"))
    url = _address(bundle.url or "") or _origin(bundle.html) or place
    return SavedPage(Page(url=url, body=bundle.html), bundle.parts)


def _without_headers(body: bytes) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """Status, headers and body of what may begin with the headers of one or more responses."""
    status, at = 200, 0
    headers = tuple[tuple[str, str], ...]()
    for _ in range(_MOST_REDIRECTS):
        head = _HEADERS.match(body, at)
        if head is None:
            break
        status, at = int(head[1]), head.end()
        lines = (line.decode("latin-1").partition(":") for line in head[2].splitlines())
        headers = tuple((name.strip().lower(), value.strip()) for name, _, value in lines if value)
    return status, headers, body[at:] if at else body


def gunzipped(body: bytes) -> bytes:
    """What is packed with gzip, within bounds. Raises BadInput."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        found = unpacker.decompress(body, files.LARGEST)
    except zlib.error as error:
        raise BadInput(mark("it is packed with gzip and damaged: {error}", error=error)) from error
    if not unpacker.eof:
        raise BadInput(mark("it is packed with gzip and cut short, or no saved page"))
    return found


def _origin(body: bytes) -> str | None:
    for match in _SAVED_FROM.finditer(body, 0, _NOTE_WITHIN):
        text = next(group for group in match.groups() if group).decode("utf-8", "replace")
        if address := _address(text):
            return address
    return None


def _address(text: str) -> str | None:
    addresses = urls.find(text)
    return addresses[0].fetch if addresses else None
