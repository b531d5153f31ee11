"""WARC and ARC files: article pages out of anybody's web archive, and images for them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archive.importers.items import ImportFormat, ImportItem
from archive.saved.files import LARGEST
from archive.saved.warc_fields import EXCHANGE, ORIGINAL
from scraper import urls
from scraper.errors import NotAnAddress
from scraper.messages import mark
from scraper.models import Page

#: Servers and proxies accept 8 to 64 KB of headers.
_LONGEST_HEADERS = 2**20
_IMAGE_HOST = re.compile(r"^https?://(?:[\w-]+\.)*(?:qpic\.cn|qlogo\.cn|wx\.qq\.com)/")


def read(path: Path) -> Iterator[ImportItem]:
    """Each response of an article page, and each image of WeChat's hosts, in the file's order.

    A damaged end is told as an error after everything before it.
    """
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    number = pages = 0
    with path.open("rb") as file:
        try:
            records = ArchiveIterator(file, arc2warc=True)
            headers = _BoundedLines(records.reader)
            for record in records:
                number += 1
                headers.read = 0
                if record.rec_type in ("response", "resource"):
                    for item in _response(path, record):
                        pages += item.image is None
                        yield item
        except (ArchiveLoadFailed, EOFError, OSError, ValueError) as error:
            yield ImportItem(
                source=f"{path}, record {number + 1}",
                path=path,
                error=str(error).strip() or "damaged",
            )
            return
    if not pages:
        what = (
            mark("no page of mp.weixin.qq.com is in it")
            if number
            else mark("it is no WARC or ARC file")
        )
        yield ImportItem(source=str(path), path=path, error=what)


class _BoundedLines:
    """Lines of headers, and blank ones between records, up to a bound; warcio alone takes any
    length.
    """

    def __init__(self, reader: Any) -> None:
        self.read = 0
        self._readline = reader.readline
        reader.readline = self

    def __call__(self, length: int | None = None) -> bytes:
        line: bytes = self._readline(min(length or _LONGEST_HEADERS, _LONGEST_HEADERS))
        self.read += len(line)
        if self.read > _LONGEST_HEADERS:
            raise ValueError(
                mark(
                    "the headers are longer than {longest_headers} MB",
                    longest_headers=_LONGEST_HEADERS // 2**20,
                )
            )
        return line


def _response(path: Path, record: Any) -> Iterator[ImportItem]:
    url = record.rec_headers.get_header("WARC-Target-URI") or ""
    image = bool(_IMAGE_HOST.match(url))
    status = _status(record)
    if not _is_wanted(url, status, image=image):
        return
    source = f"{path}, {url}"
    body = record.content_stream().read(LARGEST + 1)
    if len(body) > LARGEST:
        error = mark("it is larger than {largest} MB", largest=LARGEST // 2**20)
        yield ImportItem(source=source, path=path, error=error)
    elif getattr(record.raw_stream, "limit", 0):
        yield ImportItem(source=source, path=path, error=mark("the record is cut short"))
    elif image:
        yield ImportItem(source=source, path=path, image=(url, body))
    else:
        page = _page(url, status, body, record)
        kept_for = _text(_exchange(record.rec_headers.get_header(EXCHANGE)).get("address"))
        yield ImportItem(source=source, path=path, page=page, address=kept_for)


def _status(record: Any) -> int:
    """The answer's status; 200 where the record does not say."""
    return int(record.http_headers.get_statuscode() or 200) if record.http_headers else 200


def _is_wanted(url: str, status: int, *, image: bool) -> bool:
    """An image that came, or an article's page, whatever it says."""
    if image:
        return status == 200
    return _is_article(url) and not 300 <= status < 400


def _is_article(url: str) -> bool:
    try:
        return urls.parse(url).form != "album"
    except NotAnAddress:
        return False


def _page(url: str, status: int, body: bytes, record: Any) -> Page:
    headers = record.http_headers.headers if record.http_headers else []
    exchange = _exchange(record.rec_headers.get_header(EXCHANGE))
    given_as_file = "fetched" in exchange and exchange["fetched"] is None
    redirects = map(_text, _list(exchange.get("redirects")))
    request = (pair for pair in map(_list, _list(exchange.get("request"))) if len(pair) == 2)
    return Page(
        url=_text(exchange.get("url")) or url,
        body=body,
        final_url=_text(exchange.get("final_url")),
        status=status,
        headers=tuple(
            _header(name, value) for name, value in headers if name.lower() != "content-length"
        ),
        redirects=tuple(filter(None, redirects)),
        request=tuple((str(name), str(value)) for name, value in request),
        fetched=None if given_as_file else _time(record.rec_headers.get_header("WARC-Date")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _exchange(text: str | None) -> dict[str, Any]:
    """What our own exports say about the exchange beyond WARC's fields."""
    try:
        values = json.loads(text or "{}")
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _header(name: str, value: str) -> tuple[str, str]:
    name = name.lower()
    return name.removeprefix(ORIGINAL), value


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat((text or "").replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return None


def _begins(head: bytes) -> bool:
    return head.startswith((b"WARC/", b"filedesc://"))


FORMAT = ImportFormat(
    name="warc",
    label="WARC and ARC",
    chinese="WARC 和 ARC 网页归档",
    endings=(".warc", ".warc.gz", ".arc", ".arc.gz"),
    begins=_begins,  # an unpacked one shows the first page's own beginning soon after
    read=read,
)
