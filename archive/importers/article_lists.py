"""wechat-article-exporter's JSON: a list of what WeChat's back office says of articles, with text if chosen.

Fields as that tool (archived in 2026-07) wrote them: ``link``, ``title``, ``author_name``, ``_accountName`` or
``accountName``, ``fakeid`` (the ``__biz``), ``aid`` (``MID_IDX``), ``digest``, ``cover``, ``create_time``,
``update_time`` (seconds), ``item_show_type``, ``copyright_stat``, ``appmsg_album_infos`` and, where asked for,
``content`` (plain text, or HTML in some copies of the tool). Its HTML export is saved pages, read as such.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from archive.errors import BadInput
from archive.importers.items import ImportFormat, ImportItem
from archive.saved import answers, files
from archive.saved.pages import saved_page
from scraper import urls
from scraper.body import clean
from scraper.errors import NotAnAddress
from scraper.models import Account, Album, Article, Page

_LISTS = ("articles", "data", "list", "items", "publish_list", "results")
_IS_HTML = re.compile(r"<(?:p|div|section|img|span|br|html)\b", re.IGNORECASE)


def read(path: Path) -> Iterator[ImportItem]:
    """Each article of an export. Raises BadInput for a file that is none."""
    found = 0
    for number, item in enumerate(_load(files.read(path)), start=1):
        source = f"{path}, article {number}"
        if answers.is_answer(item):
            found += 1
            yield _answered(source, path, item)
        elif isinstance(item, Mapping) and _address(item):
            found += 1
            yield _one(source, path, item)
    if not found:
        raise BadInput("it is JSON, but no list of articles with a link to mp.weixin.qq.com")


def _answered(source: str, path: Path, item: Mapping[str, Any]) -> ImportItem:
    saved = saved_page(answers.page_of(item), path.absolute().as_uri())
    return ImportItem(source=source, path=path, page=saved.page)


def _load(body: bytes) -> list[Any]:
    text = body.decode("utf-8-sig", "replace")
    try:
        values = json.loads(text)
    except ValueError:
        try:
            values = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise BadInput(f"it is not JSON: {error}") from error
    for name in _LISTS:
        if isinstance(values, Mapping) and isinstance(values.get(name), list):
            values = values[name]
    return values if isinstance(values, list) else [values]


def _one(source: str, path: Path, item: Mapping[str, Any]) -> ImportItem:
    address = _address(item)
    assert address is not None
    content = next(
        (
            str(item[name])
            for name in ("html", "content_html", "content", "body", "text")
            if item.get(name)
        ),
        "",
    )
    if "js_content" in content:
        return ImportItem(
            source=source, path=path, page=Page(url=address.fetch, body=content.encode())
        )
    if not content.strip():
        return ImportItem(source=source, path=path, address=address.fetch)
    body = clean(content if _IS_HTML.search(content) else _paragraphs(content))
    albums = item.get("appmsg_album_infos")
    album = (
        albums[0]
        if isinstance(albums, list) and albums and isinstance(albums[0], Mapping)
        else None
    )
    identity = address.identity
    mid, _, idx = str(item.get("aid") or "").partition("_")
    article = Article(
        title=_text(item, "title") or "",
        account=Account(
            name=_text(item, "_accountName", "accountName", "account", "nickname"),
            biz=identity.biz if identity else _text(item, "fakeid"),
        ),
        author=_text(item, "author_name", "author"),
        published=_time(item, "update_time", "create_time", "publish_time", "published"),
        mid=identity.mid if identity else mid or None,
        idx=identity.idx if identity else idx or None,
        kind=_number(item.get("item_show_type")),
        url=urls.permanent(address.fetch),
        address=address.fetch,
        digest=_text(item, "digest"),
        cover=_text(item, "cover", "cover_img", "pic_cdn_url_235_1"),
        original={1: True, 2: False}.get(_number(item.get("copyright_stat"))),
        album=Album(id=str(album["id"]), title=_text(album, "title"))
        if album and album.get("id")
        else None,
        body=body.html,
        text=body.text,
        images=body.images,
        media=body.media,
        links=body.links,
    )
    return ImportItem(source=source, path=path, article=article)


def _address(item: Mapping[str, Any]) -> urls.Address | None:
    for name in ("link", "url", "content_url", "source_url"):
        try:
            return urls.parse(str(item.get(name) or ""))
        except NotAnAddress:
            continue
    return None


def _paragraphs(text: str) -> str:
    return "".join(
        f"<p>{escape(line.strip(), quote=False)}</p>" for line in text.splitlines() if line.strip()
    )


def _text(item: Mapping[str, Any], *names: str) -> str | None:
    for name in names:
        value = item.get(name)
        if isinstance(value, str | int) and str(value).strip():
            return str(value).strip()
    return None


def _number(value: Any) -> int:
    return int(value) if str(value or "").isdigit() else 0


def _time(item: Mapping[str, Any], *names: str) -> datetime | None:
    for name in names:
        value = item.get(name)
        if isinstance(value, str) and not value.isdigit():
            try:
                found = datetime.fromisoformat(value)
            except ValueError:
                continue
            return found.astimezone(UTC) if found.tzinfo else None
        if seconds := _number(value):
            return datetime.fromtimestamp(seconds, UTC)
    return None


FORMAT = ImportFormat(
    name="article list",
    label="wechat-article-exporter's JSON",
    endings=(".json", ".jsonl", ".ndjson"),
    read=read,
)
