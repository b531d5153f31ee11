"""From files and folders to what stands in them, one article at a time, whatever their number."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from archive.errors import ArchiveError, BadInput
from archive.saved import bundles
from scraper import urls
from scraper.models import Article, Page
from scraper.parse.encoding import to_utf8

#: A saved page is at most this large; SingleFile puts all images inside.
LARGEST = 128 * 2**20
_MARKDOWN, _HTML = {".md", ".markdown"}, {".html", ".htm", ".xhtml", ".shtml"}
_SKIPPED_FOLDERS = re.compile(r"^\.|_files$|^assets$|^media$|^node_modules$")
#: A copy that the archive lays beside a file that a person changed.
_BESIDE = re.compile(r"\.new(?:-\d+)?\.md$")
_VERSION = re.compile(r"\.v(\d+)\.md$")
#: Browsers (``saved from url=(0055)…``), SingleFile (``url: …``), and hand-made copies (``<!--https://…-->``).
_SAVED_FROM = re.compile(
    rb"saved from url=\(\d+\)\s*(\S+)|^\s*url:\s*(\S+)|<!--\s*(https?://mp\.weixin\.qq\.com/[^\s>]+?)\s*-->",
    re.IGNORECASE | re.MULTILINE,
)
_HEADERS = re.compile(rb"\AHTTP/[0-9.]+ (\d{3})[^\n]*\n((?:[^\n]+\n)*)\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One thing found. Exactly one of ``page`` (to be parsed), ``markdown`` (a file's text), ``article`` (complete),
    ``address`` (nothing but where it is), ``image`` (bytes for an address) and ``error`` is there. ``address`` beside a
    page is the canonical one that it was kept for."""

    source: str
    path: Path
    page: Page | None = None
    markdown: str | None = None
    article: Article | None = None
    address: str | None = None
    image: tuple[str, bytes] | None = None
    error: str | None = None


def files(paths: Iterable[Path]) -> Iterator[Path]:
    """Every file to look at: those given, and in folders those of a kind that can be read, in a steady order."""
    for path in paths:
        if not path.exists():
            raise BadInput(f"{path}: there is no such file or folder")
        if path.is_dir():
            yield from sorted(_walk(path), key=_in_order)
        else:
            yield path


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            if not _SKIPPED_FOLDERS.search(path.name):
                yield from _walk(path)
        elif kind_of(path) and not _BESIDE.search(path.name) and not path.name.startswith("."):
            yield path


def _in_order(path: Path) -> tuple[str, int, str]:
    """By name; an article's file before those of its earlier versions, which are put behind it."""
    number = version_of(path)
    if number:
        return path.as_posix().rpartition(f".v{number}.md")[0], number, path.name
    return path.with_suffix("").as_posix(), 0, path.name


def version_of(path: Path) -> int | None:
    """Which earlier version of an article a file of ours holds."""
    found = _VERSION.search(path.name)
    return int(found[1]) if found else None


def kind_of(path: Path) -> str | None:
    """``markdown``, ``html``, ``bundle``, ``json`` or ``warc``, by the name; ``None`` for anything else."""
    name = path.name.lower()
    if name.endswith((".warc", ".warc.gz", ".arc", ".arc.gz")):
        return "warc"
    suffix = path.suffix.lower()
    if suffix in _MARKDOWN:
        return "markdown"
    if suffix in bundles.ENDINGS:
        return "bundle"
    return (
        "html" if suffix in _HTML else "json" if suffix in {".json", ".jsonl", ".ndjson"} else None
    )


def contents(path: Path) -> Iterator[Found]:
    """What stands in one file. Never raises for what is in it: that is a ``Found`` with ``error``."""
    try:
        kind = kind_of(path)
        if kind == "warc":
            from archive.importers.warc import read_warc

            yield from read_warc(path)
            return
        body = _read(path)
        if kind == "json":
            from archive.importers.exporter import read_json

            yield from read_json(path, body)
        elif kind == "bundle":
            yield from _bundled(path, body)
        elif kind == "html" or (kind is None and _looks_like_html(body)):
            yield Found(source=str(path), path=path, page=saved_page(path, body))
        else:
            text = to_utf8(body, "text/plain").decode("utf-8", "replace").removeprefix("\ufeff")
            yield Found(source=str(path), path=path, markdown=text)
    except OSError as error:
        yield Found(source=str(path), path=path, error=error.strerror or str(error))
    except (ArchiveError, ValueError) as error:
        yield Found(source=str(path), path=path, error=str(error))


def _read(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise BadInput(f"it is larger than {LARGEST // 2**20} MB: no saved page")
    return path.read_bytes()


def _bundled(path: Path, body: bytes) -> Iterator[Found]:
    """The page of a file that holds its pictures too, then these."""
    bundle = bundles.unbundle(body)
    if bundle is None:
        raise BadInput("it is no MHTML or web archive, or holds no page")
    page = saved_page(path, bundle.html)
    origin = urls.find(bundle.url or "")
    yield Found(
        source=str(path), path=path, page=replace(page, url=origin[0].fetch) if origin else page
    )
    for url, content in bundle.parts.items():
        yield Found(source=str(path), path=path, image=(url, content))


def _looks_like_html(body: bytes) -> bool:
    head = body[:4096].lower()
    return b"<html" in head or b"<!doctype html" in head or head.startswith(b"http/")


def saved_page(path: Path, body: bytes) -> Page:
    """A saved page with the address that it says it was saved from; ``curl -i``'s headers are read and cut off."""
    status, headers = 200, tuple[tuple[str, str], ...]()
    while head := _HEADERS.match(body):  # one block a redirect
        status = int(head[1])
        lines = (line.decode("latin-1").partition(":") for line in head[2].splitlines())
        headers = tuple((name.strip().lower(), value.strip()) for name, _, value in lines if value)
        body = body[head.end() :]
    if body.startswith(b"\x1f\x8b"):  # curl without --compressed, wget: as it came over the wire
        body = _gunzipped(body)
    return Page(
        url=_origin(body) or path.absolute().as_uri(), body=body, status=status, headers=headers
    )


def _gunzipped(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        found = unpacker.decompress(body, LARGEST)
    except zlib.error as error:
        raise BadInput(f"it is packed with gzip and damaged: {error}") from error
    if not unpacker.eof:
        raise BadInput("it is packed with gzip and cut short, or no saved page")
    return found


def _origin(body: bytes) -> str | None:
    for match in _SAVED_FROM.finditer(body, 0, 65536):
        text = next(group for group in match.groups() if group).decode("utf-8", "replace")
        addresses = urls.find(text)
        if addresses:
            return addresses[0].fetch
    return None
