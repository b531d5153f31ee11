"""wechat-article-exporter's JSON: a list of what WeChat's back office says of articles, with text
if chosen; a list of accounts; a copy of the browser's database that it kept all in.

Fields as that tool (archived in 2026-07) wrote them: ``link``, ``title``, ``author_name``,
``_accountName`` or ``accountName``, ``fakeid`` (the ``__biz``), ``aid`` (``MID_IDX``), ``digest``,
``cover``, ``create_time``, ``update_time`` (seconds), ``item_show_type``, ``copyright_stat``,
``appmsg_album_infos`` and, where asked for, ``content`` (plain text, or HTML in some copies of the
tool). Accounts are ``{"usefor": "wechat-article-exporter", "accounts": [{fakeid, nickname, …}]}``;
Dexie's copy of its database has the tables ``info`` (accounts), ``article`` and ``html`` (``url``
and the page in ``file``). Its HTML export is saved pages, read as such.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from archive.document import bounds
from archive.document.facts import is_date_only, time_of
from archive.errors import BadInput
from archive.importers.items import ImportFormat, ImportItem
from archive.saved import answers, files
from archive.saved.pages import saved_page
from scraper import urls
from scraper.body import clean
from scraper.errors import NotAnAddress, Unexpected
from scraper.messages import mark
from scraper.models import Account, Album, Article, Page
from scraper.traffic import counts
from scraper.traffic.models import Listed

#: ``update_time`` is when it was last sent out, which pages show.
_TIMES = ("update_time", "create_time", "publish_time", "published")
_LISTS = (
    "accounts", "articles", "data", "list", "items", "publish_list", "results",
    "app_msg_list", "rows", "htmlContents",
)  # fmt: skip
#: Dexie's copy of a database: data, its data, a table, its rows, a row.
_DEEPEST = 7
#: 20,000 articles with their text. Values in memory take up to 60 bytes each, so that they are
#: bounded too.
_LARGEST, _MOST_VALUES = 64 * 2**20, 3_000_000
_IS_HTML = re.compile(r"<(?:p|div|section|img|span|br|html)\b", re.IGNORECASE)


def read(path: Path) -> Iterator[ImportItem]:
    """Each article of an export. Raises BadInput for a file that is none."""
    found = 0
    seen = written(path)
    for number, item in enumerate(_load(files.read(path, most=_LARGEST)), start=1):
        source = f"{path}, article {number}"
        if not isinstance(item, Mapping):
            continue
        if not (answers.is_answer(item) or address_of(item)):
            if account := _account(item):
                found += 1
                yield ImportItem(source=source, path=path, follows=account)
            continue
        found += 1
        try:
            yield (
                _answered(source, path, item)
                if answers.is_answer(item)
                else replace(item_of(source, path, item), counts=counts.of_export(item), seen=seen)
            )
        except Exception as error:  # one article's trouble is not the others'
            yield ImportItem(source=source, path=path, error=str(Unexpected.of(error, url=source)))
    if not found:
        raise BadInput(
            mark(
                "it is JSON, but no list of accounts or of articles with a link to mp.weixin.qq.com"
            )
        )


def _answered(source: str, path: Path, item: Mapping[str, Any]) -> ImportItem:
    saved = saved_page(answers.page_of(item), path.absolute().as_uri())
    return ImportItem(source=source, path=path, page=saved.page)


def _load(body: bytes) -> list[Any]:
    if sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise BadInput(mark("it holds more values than any list of articles"))
    text = body.decode("utf-8-sig", "replace")
    try:
        values = _parsed(text)
    except RecursionError as error:
        raise BadInput(mark("it is JSON nested deeper than anything is")) from error
    except ValueError as error:
        raise BadInput(mark("it is not JSON: {error}", error=error)) from error
    return list(_members(values, _DEEPEST))


def _members(values: Any, deepest: int) -> Iterator[Any]:
    """What stands in the lists of a file, whatever they are called; itself where it has none."""
    inner = _inner(values) if deepest else []
    for one in inner:
        yield from _members(_row(one), deepest - 1)
    if not inner:
        yield values


def _inner(values: Any) -> list[Any]:
    if isinstance(values, list):
        return values
    if not isinstance(values, Mapping) or address_of(values):
        return []
    return [values[name] for name in _LISTS if isinstance(values.get(name), list | dict)]


def _row(member: Any) -> Any:
    """Dexie writes rows whose key stands beside them as ``[key, row]``."""
    if not isinstance(member, list) or len(member) != 2:
        return member
    key, row = member
    return row if isinstance(key, str | int) and isinstance(row, Mapping) else member


def _parsed(text: str) -> Any:
    """JSON, or JSON Lines."""
    try:
        return json.loads(text)
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2 or not lines[0].endswith("}"):
            raise
        try:
            return [json.loads(line) for line in lines]
        except ValueError:
            raise error from None


def item_of(source: str, path: Path, item: Mapping[str, Any]) -> ImportItem:
    """What a list says of an article: the article itself where its text is there, else its address.

    ``item`` has an address (``address_of``).
    """
    address = address_of(item)
    assert address is not None
    content = _content(item)
    if "js_content" in content:
        return ImportItem(
            source=source, path=path, page=Page(url=address.fetch, body=content.encode())
        )
    if not content.strip():
        return ImportItem(source=source, path=path, address=address.fetch)
    return ImportItem(source=source, path=path, article=_article(item, address, content))


def _article(item: Mapping[str, Any], address: urls.Address, content: str) -> Article:
    body = clean(content if _IS_HTML.search(content) else _paragraphs(content))
    identity = address.identity
    mid, _, idx = str(item.get("aid") or "").partition("_")
    published, date_only = _time(item, *_TIMES)
    return Article(
        title=_text(item, "title") or "",
        account=Account(
            name=_text(item, "_accountName", "accountName", "account", "nickname"),
            biz=identity.biz if identity else bounds.biz(item.get("fakeid")),
        ),
        author=_text(item, "author_name", "author"),
        published=published,
        date_only=date_only,
        mid=identity.mid if identity else bounds.digits(mid),
        idx=identity.idx if identity else bounds.digits(idx),
        kind=_number(item.get("item_show_type")),
        url=urls.permanent(address.fetch),
        address=address.fetch,
        digest=_text(item, "digest"),
        cover=_text(item, "cover", "cover_img", "pic_cdn_url_235_1"),
        original={1: True, 2: False}.get(_number(item.get("copyright_stat"))),
        album=_album(item),
        body=body.html,
        text=body.text,
        images=body.images,
        media=body.media,
        links=body.links,
    )


def _content(item: Mapping[str, Any]) -> str:
    """The text that stands in the list, or the page in a copy of the exporter's database."""
    file = item.get("file")
    if isinstance(file, Mapping) and isinstance(file.get("data"), str):
        try:
            return base64.b64decode(file["data"], validate=True).decode("utf-8", "replace")
        except ValueError:
            return ""
    names = ("html", "content_html", "content", "body", "text")
    return next((bounds.encodable(str(item[name])) for name in names if item.get(name)), "")


def _account(item: Mapping[str, Any]) -> Account | None:
    """The account that a list of them names."""
    name = _text(item, "nickname", "mp_name", "name")
    number = bounds.biz(item.get("fakeid")) or bounds.biz(item.get("faker_id"))
    if not (name and number):
        return None
    return Account(
        name=name, biz=number, alias=_text(item, "alias"), signature=_text(item, "signature")
    )


def listed_item(source: str, path: Path, item: Mapping[str, Any], seen: datetime) -> ImportItem:
    """``item_of`` a list that only tells what there is: its addresses are not fetched unasked, and
    what it says of them is kept.
    """
    found = item_of(source, path, item)
    published, _ = _time(item, *_TIMES)
    entry = Listed(
        address=found.address or "",
        title=_text(item, "title"),
        digest=_text(item, "digest"),
        author=_text(item, "author_name", "author"),
        published=published,
    )
    return replace(
        found,
        listed=True,
        account=_text(item, "_accountName", "account"),
        entry=entry if found.address else None,
        counts=counts.of_export(item),
        seen=seen,
    )


def written(path: Path) -> datetime:
    """When what a list says was true: it was written then (aware, UTC)."""
    return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)


def _album(item: Mapping[str, Any]) -> Album | None:
    albums = item.get("appmsg_album_infos")
    first = albums[0] if isinstance(albums, list) and albums else None
    if not isinstance(first, Mapping) or not (number := _text(first, "id")):
        return None
    return Album(id=number, title=_text(first, "title"))


def address_of(item: Mapping[str, Any]) -> urls.Address | None:
    """The first of its values that is an address of WeChat's."""
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
        if (value := bounds.text(item.get(name))) and value.strip():
            return value.strip()
    return None


def _number(value: Any) -> int:
    return bounds.integer(value) or 0


def _time(item: Mapping[str, Any], *names: str) -> tuple[datetime | None, bool]:
    """The first that is a time, and whether it is but a day."""
    for name in names:
        value = item.get(name)
        if found := bounds.seconds(value):
            return found, False
        if found := time_of(value):
            return found, is_date_only(value)
    return None, False


FORMAT = ImportFormat(
    name="article list",
    label="wechat-article-exporter's JSON: articles, accounts, its whole database",
    chinese="wechat-article-exporter 的 JSON：文章、公众号、整个数据库",
    endings=(".json", ".jsonl", ".ndjson"),
    read=read,
)
