"""HAR files: what a reader's own client received of mp.weixin.qq.com, as a browser or a local proxy
recorded it.

Article pages with the time they came, pictures, lists of an account's messages, counts and
comments. Nothing of the reader goes any further than this file: each exchange is cleaned before
anything is made of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from archive.importers.items import ImportFormat, ImportItem
from archive.saved import files, har
from scraper.errors import ScrapeError
from scraper.messages import mark, message_of
from scraper.models import Page
from scraper.traffic import lists
from scraper.traffic.clean import cleaned
from scraper.traffic.exchange import Exchange, kind_of
from scraper.traffic.models import Listed

_LISTS = ("messages", "home", "album")


def read(path: Path) -> Iterator[ImportItem]:
    """Each useful exchange, in the file's order. Raises BadInput for a file that is no recording or
    breaks off, after what stands before.
    """
    found = 0
    recorded = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    for exchange in har.exchanges(path):
        found += 1
        if isinstance(exchange, har.Unreadable):
            yield ImportItem(source=f"{path}, {exchange.place}", path=path, error=exchange.why)
        elif exchange.body and exchange.status == 200 and (clean := cleaned(exchange)):
            yield from _items(path, clean, clean.received or recorded)
    if not found:
        yield ImportItem(
            source=str(path),
            path=path,
            error=mark("nothing of mp.weixin.qq.com is in this recording"),
        )


def _items(path: Path, exchange: Exchange, when: datetime) -> Iterator[ImportItem]:
    kind, source = kind_of(exchange.url), f"{path}, {exchange.url}"
    if kind == "media":
        yield ImportItem(source=source, path=path, image=(exchange.url, exchange.body))
    elif kind == "page":
        yield ImportItem(
            source=source, path=path, page=page_of(exchange, when), address=exchange.url
        )
    elif kind in _LISTS:
        try:
            for one in _listed(exchange):
                yield ImportItem(
                    source=source, path=path, address=one.address, listed=True, entry=one, seen=when
                )
        except ScrapeError as error:
            yield ImportItem(source=source, path=path, error=message_of(error))
    else:
        yield ImportItem(source=source, path=path, exchange=exchange, seen=when)


def page_of(exchange: Exchange, when: datetime) -> Page:
    """The page that was received."""
    headers = (("content-type", exchange.type),) if exchange.type else ()
    return Page(url=exchange.url, body=exchange.body, headers=headers, fetched=when)


def _listed(exchange: Exchange) -> tuple[Listed, ...]:
    if kind_of(exchange.url) == "messages":
        return lists.messages(exchange.body)
    page = Page(url=exchange.url, body=exchange.body)
    return lists.home(page) if kind_of(exchange.url) == "home" else lists.of_album(page)


FORMAT = ImportFormat(
    name="har",
    label="HAR recordings of your own reading (.har.gz and .zhar too): pages, lists, counts, comments",
    chinese="你自己阅读时录下的 HAR（也认 .har.gz 和 .zhar）：页面、列表、阅读数、留言",
    endings=files.RECORDINGS,
    read=read,
    begins=har.begins_like_har,
    streams=True,
)
