"""EPUB 3.3, written by hand with zipfile: a package, a navigation document, one chapter an article,
its images.

Readers of EPUB 2 find ``toc.ncx``. Memory stays flat: chapters go into the file one after the
other, only their names are remembered.
"""

from __future__ import annotations

import math
import shutil
import uuid
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, groupby
from pathlib import PurePosixPath

from archive.exporters import discussion
from archive.exporters.export import Export
from archive.exporters.html import head
from archive.exporters.links import links_within
from archive.exporters.pictures import content, held, recordings_of
from archive.exporters.report import ExportReport
from archive.exporters.tree import LeftOut, Player, text, xhtml
from archive.store import Store, Stored
from scraper.models import Article
from scraper.zone import CHINA

_SPACE = uuid.UUID("6c2b7a1e-6a5c-5d0a-9f39-0f6a4b3d2e11")
#: What readers must show; anything else would need a fallback that we cannot make.
_CORE = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/svg+xml": "svg",
}
#: Sound that readers must play, and video, for which the standard names no kind that they must.
_PLAYED = frozenset({"audio/mpeg", "audio/mp4", "video/mp4", "video/webm"})
#: Contents of up to so many chapters are taken in at a glance.
_SHORT_CONTENTS = 12
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_STYLE = """body{line-height:1.75}img{max-width:100%}.facts{color:#666;font-size:.9em}
.digest,blockquote{border-left:.25em solid #999;margin-left:0;padding-left:1em}pre{white-space:pre-wrap}
table{border-collapse:collapse}td,th{border:1px solid #999;padding:.25em .5em}.card{border:1px solid #999;padding:.5em}
.comments{margin-top:2em;border-top:1px solid #999}.comments ol{list-style:none;padding-left:0}
.comments ol ol{border-left:.15em solid #999;padding-left:1em}.comments p{margin:.3em 0}
audio,video{display:block;width:100%}
"""
_CONTAINER = (
    _XML
    + '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="EPUB/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>\n'
)


@dataclass(slots=True)
class _Book:
    title: str
    zip: zipfile.ZipFile
    report: ExportReport
    chapters: list[tuple[str, str, str]] = field(default_factory=list)  # file, title, part
    in_parts: bool = False
    largest: float = math.inf
    images: dict[str, str] = field(default_factory=dict)  # file → type, sound and video too
    svg: set[str] = field(default_factory=set)
    cover: str | None = None

    def add(self, name: str, data: str | bytes) -> None:
        """One member, always the same bytes for the same content."""
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        self.zip.writestr(info, data)


def write(export: Export) -> None:
    """A book of the articles in their order. A damaged article is named in the report and left
    out.
    """
    articles, title = export.articles, export.book_title
    with export.opened() as file, zipfile.ZipFile(file, "w") as archive:
        book = _Book(
            title,
            archive,
            export.report,
            in_parts=_in_parts(export),
            largest=export.largest,
        )
        first = zipfile.ZipInfo("mimetype", (1980, 1, 1, 0, 0, 0))
        archive.writestr(first, "application/epub+zip", compress_type=zipfile.ZIP_STORED)
        book.add("META-INF/container.xml", _CONTAINER)
        book.add("EPUB/style.css", _STYLE)
        names = {stored.article_id: f"{stored.key}.xhtml" for stored in articles}

        def one(stored: Stored) -> None:
            try:
                _chapter(book, export.store, stored, names)
            except Exception:
                names.pop(stored.article_id)  # no later chapter leads to it
                raise

        export.each(one)
        identity = uuid.uuid5(_SPACE, "\n".join([title, *(stored.key for stored in articles)]))
        book.add("EPUB/nav.xhtml", _nav(book))
        book.add("EPUB/toc.ncx", _ncx(book, identity))
        book.add("EPUB/package.opf", _package(book, articles, identity))


def _chapter(book: _Book, store: Store, stored: Stored, names: Mapping[int, str]) -> None:
    article = store.shown(stored.article_id)
    targets = links_within(store, stored, names)
    cover = _image(book, store, article.cover) if article.cover else None
    if cover and book.cover is None:
        book.cover = cover
    body = xhtml(
        article.body,
        image=lambda url: _image(book, store, url, count=True),
        link=targets.get,
        play=_players(book, store, stored, article).get,
    )
    name = names[stored.article_id]
    talk = discussion.xhtml(
        store.discussions.of(stored.article_id), image=lambda url: _image(book, store, url)
    )
    document = _document(article.title, f"{head(article, stored)}\n{body}\n{talk}")
    book.add(f"EPUB/{name}", document)
    part = _year(stored) if book.in_parts else ""
    book.chapters.append((name, article.title, part))
    if "<svg" in body:
        book.svg.add(name)
    book.report.articles += 1


def _players(
    book: _Book, store: Store, stored: Stored, article: Article
) -> dict[str, Player | LeftOut]:
    """What plays the recordings of a chapter; each is put into the book once, piece by piece."""
    found: dict[str, Player | LeftOut] = {}
    for one in recordings_of(store, stored.article_id):
        if one.type not in _PLAYED or one.bytes > book.largest:
            found[one.address] = LeftOut(one.bytes, article.url or article.address)
            continue
        name = f"media/{PurePosixPath(one.path).name}"
        if name not in book.images:
            info = zipfile.ZipInfo(f"EPUB/{name}", (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.file_size = one.bytes
            with one.place.open("rb") as source, book.zip.open(info, "w") as target:
                shutil.copyfileobj(source, target, 2**20)
            book.images[name] = one.type
            book.report.media += 1
        found[one.address] = Player(name, one.type)
    return found


def _image(book: _Book, store: Store, url: str, *, count: bool = False) -> str | None:
    """The image's place in the book; put there the first time it is shown."""
    image = held(store, url)
    if image is None or image.type not in _CORE:
        book.report.missing_images += count
        return None
    name = f"images/{PurePosixPath(image.path).stem}.{_CORE[image.type]}"
    if name not in book.images:
        book.add(f"EPUB/{name}", content(image))
        book.images[name] = image.type
        book.report.images += 1
    return name


def _document(title: str, body: str) -> str:
    return (
        f'{_XML}<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" '
        f'lang="zh-CN" xml:lang="zh-CN">\n<head><title>{text(title)}</title>'
        f'<link rel="stylesheet" type="text/css" href="style.css"/></head>\n<body>\n{body}\n</body>\n</html>\n'
    )


def _in_parts(export: Export) -> bool:
    """Whether the contents have a part for each year: not of an album, which has an order of its
    own.
    """
    years = {_year(stored) for stored in export.articles}
    in_album_order = export.selection.album is not None
    return len(years) > 1 and len(export.articles) > _SHORT_CONTENTS and not in_album_order


def _year(stored: Stored) -> str:
    return str(stored.published.astimezone(CHINA).year) if stored.published else "日期不详"


def _parts(book: _Book) -> list[tuple[str, list[tuple[str, str]]]]:
    """Parts with their chapters (file, title), in the order of the book; one without a name where
    it has none.
    """
    grouped = groupby(book.chapters, key=lambda chapter: chapter[2])
    return [(part, [chapter[:2] for chapter in chapters]) for part, chapters in grouped]


def _nav(book: _Book) -> str:
    lists = []
    for part, chapters in _parts(book):
        items = "\n".join(
            f'<li><a href="{name}">{text(title)}</a></li>' for name, title in chapters
        )
        first = chapters[0][0]
        lists.append(
            f'<li><a href="{first}">{text(part)}</a>\n<ol>\n{items}\n</ol></li>' if part else items
        )
    return _document(
        book.title,
        f'<nav epub:type="toc" id="toc"><h1>{text(book.title)}</h1>\n<ol>\n{chr(10).join(lists)}\n</ol></nav>',
    )


def _ncx(book: _Book, identity: uuid.UUID) -> str:
    order = count(1)
    points = "\n".join(_points(part, chapters, order) for part, chapters in _parts(book))
    depth = 1 + any(part for _, _, part in book.chapters)
    return (
        f'{_XML}<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1">\n<head>'
        f'<meta name="dtb:uid" content="urn:uuid:{identity}"/><meta name="dtb:depth" content="{depth}"/></head>\n'
        f"<docTitle><text>{text(book.title)}</text></docTitle>\n<navMap>\n{points}\n</navMap>\n</ncx>\n"
    )


def _points(part: str, chapters: Sequence[tuple[str, str]], order: Iterator[int]) -> str:
    if not part:
        return "\n".join(_point(name, title, next(order)) for name, title in chapters)
    number = next(order)
    inner = "\n".join(_point(name, title, next(order)) for name, title in chapters)
    return _point(chapters[0][0], part, number, inner)


def _point(name: str, title: str, number: int, inner: str = "") -> str:
    return (
        f'<navPoint id="p{number}" playOrder="{number}"><navLabel><text>{text(title)}</text></navLabel>'
        f'<content src="{name}"/>{inner}</navPoint>'
    )


def _package(book: _Book, articles: Sequence[Stored], identity: uuid.UUID) -> str:
    people = dict.fromkeys(name for stored in articles if (name := stored.account or stored.author))
    newest = max(
        (stored.changed or stored.archived for stored in articles),
        default=datetime(1980, 1, 1, tzinfo=UTC),
    )
    creators = "\n".join(f"<dc:creator>{text(name)}</dc:creator>" for name in people)
    manifest = "\n".join(_manifest(book))
    spine = "".join(f'<itemref idref="c{number}"/>' for number in range(1, len(book.chapters) + 1))
    return (
        f'{_XML}<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="zh-CN">\n'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">\n'
        f'<dc:identifier id="id">urn:uuid:{identity}</dc:identifier>\n<dc:title>{text(book.title)}</dc:title>\n'
        f"<dc:language>zh-CN</dc:language>\n{creators}\n"
        f'<meta property="dcterms:modified">{newest.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}</meta>\n</metadata>\n'
        f"<manifest>\n{manifest}\n</manifest>\n"
        f'<spine toc="ncx"><itemref idref="nav" linear="no"/>{spine}</spine>\n</package>\n'
    )


def _manifest(book: _Book) -> Iterator[str]:
    """Every file of the book."""
    yield '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
    yield '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    yield '<item id="style" href="style.css" media-type="text/css"/>'
    for number, (name, _, _) in enumerate(book.chapters, start=1):
        yield f'<item id="c{number}" href="{name}" media-type="application/xhtml+xml"/>'
    for number, (name, type_) in enumerate(book.images.items(), start=1):
        cover = ' properties="cover-image"' if name == book.cover else ""
        yield f'<item id="i{number}" href="{name}" media-type="{type_}"{cover}/>'
