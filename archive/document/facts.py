"""What the front matter says of an article, and reading it back. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, TypeVar

from archive.document import bounds, related
from archive.document.own import Own, own_of
from archive.document.paths import key_of
from scraper import urls
from scraper.errors import NotAnAddress
from scraper.models import (
    KIND_NAMES,
    Account,
    Album,
    Article,
    Edit,
    Loss,
    Media,
    Reprint,
    Transcoding,
)
from scraper.records import dataclass
from scraper.zone import CHINA, iso_in_china

T = TypeVar("T")


_NOTHING = Own()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What only the archive knows about an article: its key, when it was kept, whether it is gone,
    which images failed (address, why), which held image (its file's name) came from which
    address; the same of its sound and video; and what its reader says of it."""

    key: str | None = None
    archived: datetime | None = None
    changed: datetime | None = None
    gone: datetime | None = None
    gone_reason: str | None = None
    gone_shown: str | None = None
    version: int | None = None
    missing: tuple[tuple[str, str], ...] = ()
    images: tuple[tuple[str, str], ...] = ()
    #: How many comments stand behind the text.
    comments: int | None = None
    missing_media: tuple[tuple[str, str], ...] = ()
    media_files: tuple[tuple[str, str], ...] = ()
    own: Own = _NOTHING


def front_matter(article: Article, holding: Holding) -> dict[str, Any]:
    """What the front matter says, in order; names without a value are left out when it is
    written.
    """
    account, reprint = article.account, article.reprint
    return {
        "title": article.title,
        "author": article.author,
        "account": account.name,
        "published": _published(article),
        "place": article.place,
        "url": article.url,
        "cover": article.cover,
        "digest": article.digest,
        "recommendation": article.recommendation,
        **holding.own.as_dict(),
        "key": holding.key or key_of(article),
        "kind": article.kind_name,
        "archived": _iso(holding.archived),
        "changed": _iso(holding.changed),
        "gone": _gone(holding),
        "biz": account.biz,
        "mid": article.mid,
        "idx": article.idx,
        "sn": article.sn,
        "user_name": account.user_name,
        "alias": account.alias,
        "signature": account.signature,
        # Only where the name does not say it.
        "item_show_type": article.kind
        if _numbers().get(article.kind_name, 0) != article.kind
        else None,
        "modified": _iso(article.modified, china=True),
        "address": _other_address(article),
        "source_url": article.source_url,
        "original": article.original,
        "reprint": _fields(reprint) if reprint else None,
        "album": related.album(article),
        "wechat_tags": _wechat_tags(article, holding),
        "claims": list(article.claims),
        "category": article.category,
        "language": article.language,
        "comment_id": article.comment_id,
        "paid": article.paid or None,
        "title_modified": article.title_modified or None,
        "edits": [{"at": _iso(edit.at, china=True), "note": edit.note} for edit in article.edits],
        "media": [_media(media) for media in article.media],
        **related.written(article),  # links of the text stand in the body
        "losses": [_fields(loss) for loss in article.losses],
        "comments": holding.comments,
        "missing_images": _told(holding.missing),
        # The body shows local files; where they came from must not be lost with the database.
        "images": dict(holding.images),
        "missing_media": _told(holding.missing_media),
        # Two voices may be one file.
        "media_files": {url: name for name, url in holding.media_files},
    }


def _iso(time: datetime | None, *, china: bool = False) -> str | None:
    return time.astimezone(CHINA if china else UTC).isoformat() if time else None


def _published(article: Article) -> str | None:
    when = article.published
    return iso_in_china(when, date_only=article.date_only) if when else None


def _wechat_tags(article: Article, holding: Holding) -> list[str] | bool | None:
    """A reader's own stand in ``tags``. Where the page has none and the reader has some, that is
    said: files from before these stood apart have WeChat's in ``tags``."""
    if article.tags:
        return list(article.tags)
    return False if holding.own.tags else None


def _gone(holding: Holding) -> dict[str, Any] | None:
    if holding.gone is None:
        return None
    return {"date": _iso(holding.gone), "reason": holding.gone_reason, "shown": holding.gone_shown}


def _fields(value: Any) -> dict[str, Any]:
    """A small frozen record as names and values."""
    return {
        name: getattr(value, name) for name in value.__slots__ if getattr(value, name) is not None
    }


def _media(media: Media) -> dict[str, Any]:
    # Files call a medium's type ``sort``, from the first one written on.
    values = {"sort" if name == "type" else name: value for name, value in _fields(media).items()}
    values["transcodings"] = [_fields(form) for form in media.transcodings]
    values["extra"] = [list(pair) for pair in media.extra]
    return values


def article_of(values: Mapping[str, Any]) -> Article:
    """The article that ``front_matter`` described, without body, text, images and the links of the
    text.

    A related read has no address here where only the text's links give it one
    (``related.resolved``). Reads what people edited by hand with the same calm: a value of the
    wrong type is as good as none.
    """
    kind = bounds.integer(values.get("item_show_type"))
    media = [_media_of(one) for one in _mappings(values.get("media"))]
    losses = [_record(Loss, one) for one in _mappings(values.get("losses"))]
    article = Article(
        title=_text(values, "title") or "",
        author=_text(values, "author"),
        account=Account(
            name=_text(values, "account"),
            biz=bounds.biz(values.get("biz")),
            user_name=_text(values, "user_name"),
            alias=_text(values, "alias"),
            signature=_text(values, "signature"),
        ),
        published=time_of(values.get("published")),
        date_only=is_date_only(values.get("published")),
        modified=time_of(values.get("modified")),
        place=_text(values, "place"),
        mid=bounds.digits(values.get("mid")),
        idx=bounds.digits(values.get("idx")),
        sn=_text(values, "sn"),
        kind=_numbers().get(_text(values, "kind") or "", 0) if kind is None else kind,
        url=_text(values, "url"),
        address=_text(values, "address") or _text(values, "url"),
        digest=_text(values, "digest"),
        recommendation=_text(values, "recommendation"),
        cover=_text(values, "cover"),
        language=_text(values, "language"),
        category=_text(values, "category"),
        original=values.get("original") if isinstance(values.get("original"), bool) else None,
        reprint=_record(Reprint, values.get("reprint")),
        source_url=_text(values, "source_url"),
        album=_record(Album, values.get("album")),
        tags=_texts(values.get("wechat_tags")),
        claims=_texts(values.get("claims")),
        comment_id=_text(values, "comment_id"),
        paid=values.get("paid") is True,
        title_modified=values.get("title_modified") is True,
        edits=tuple(
            Edit(at=time_of(edit.get("at")), note=_text(edit, "note"))
            for edit in _mappings(values.get("edits"))
        ),
        media=_known(media),
        losses=_known(losses),
    )
    return replace(article, links=related.read(values, article))


def holding_of(values: Mapping[str, Any]) -> Holding:
    """The archive's own facts of a front matter."""
    gone = values.get("gone")
    gone = gone if isinstance(gone, Mapping) else {"date": gone}
    version = values.get("version")
    return Holding(
        key=bounds.key(values.get("key")),
        archived=time_of(values.get("archived")),
        changed=time_of(values.get("changed")),
        gone=time_of(gone.get("date")),
        gone_reason=_text(gone, "reason"),
        gone_shown=_text(gone, "shown"),
        version=bounds.integer(version),
        missing=_missing(values.get("missing_images")),
        missing_media=_missing(values.get("missing_media")),
        media_files=tuple(
            (name, str(url))
            for url, name in _mapping(values.get("media_files")).items()
            if isinstance(name, str)
        ),
        images=tuple(
            (str(name), url)
            for name, url in _mapping(values.get("images")).items()
            if isinstance(url, str)
        ),
        own=own_of(values),
    )


def _told(missing: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"url": url, "why": why} for url, why in missing]


def _missing(value: Any) -> tuple[tuple[str, str], ...]:
    """What is not held: address, why."""
    return tuple(
        (str(one["url"]), _text(one, "why") or "") for one in _mappings(value) if one.get("url")
    )


def modernised(values: dict[str, Any], *, untouched: bool) -> dict[str, Any]:
    """The values of a file as today's names have them: until a reader's own tags stood in ``tags``,
    WeChat's did, and a file that nobody touched since still has them there."""
    if untouched and "tags" in values and "wechat_tags" not in values:
        return {**values, "wechat_tags": values["tags"], "tags": None}
    return values


@cache
def _numbers() -> dict[str, int]:
    return {name: number for number, name in KIND_NAMES.items()}


def _text(values: Mapping[str, Any], name: str) -> str | None:
    return bounds.text(values.get(name))


def _texts(value: Any) -> tuple[str, ...]:
    return _known(map(bounds.text, value)) if isinstance(value, list) else ()


def _known(values: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(value for value in values if value is not None)


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list) else []


#: How a value of a field of that type is read.
_READ: Mapping[str, Callable[[Any], Any]] = {
    "str": bounds.text,
    "int": bounds.integer,
    "float": bounds.number,
}


def _record(cls: type[T], value: Any) -> T | None:
    """A small record of the models out of names and values: unknown names are dropped, values of
    another type too.

    None where a field that it cannot be without is missing.
    """
    if not isinstance(value, Mapping):
        return None
    found = {}
    for field in fields(cls):  # type: ignore[arg-type]  # each is a dataclass
        read = _READ.get(str(field.type).removesuffix(" | None"))
        known = read(value.get(field.name)) if read else None
        if known is not None:
            found[field.name] = known
        elif field.default is MISSING and field.default_factory is MISSING:
            return None
    return cls(**found)


def _media_of(values: Mapping[str, Any]) -> Media | None:
    media = _record(Media, {"type": values.get("sort"), **values})
    if media is None:
        return None
    return replace(
        media,
        transcodings=_known(
            [_record(Transcoding, form) for form in _mappings(values.get("transcodings"))]
        ),
        extra=tuple(
            (str(bounds.text(pair[0])), str(bounds.text(pair[1])))
            for pair in values.get("extra") or ()
            if isinstance(pair, list) and len(pair) == 2
        )
        if isinstance(values.get("extra"), list)
        else (),
    )


def time_of(value: Any) -> datetime | None:
    """An aware UTC time out of front matter, 1990 to 2100; without a zone China's, as every other
    tool writes it.

    A bare day (YAML's date) is its first moment in China.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        return None
    return bounds.moment(value if value.tzinfo else value.replace(tzinfo=CHINA))


_DAY = re.compile(r"\s*\d{4}-?\d\d-?\d\d\s*")


def is_date_only(value: Any) -> bool:
    """Whether what ``time_of`` reads is a day without a time."""
    if isinstance(value, str):
        return _DAY.fullmatch(value) is not None
    return isinstance(value, date) and not isinstance(value, datetime)


def web_address(address: str | None) -> str | None:
    """A web address; None for a saved page's place on somebody's disk."""
    return address if address and address.startswith(("https://", "http://")) else None


def _other_address(article: Article) -> str | None:
    """The address that was asked for, where it is not just the permanent one with other tokens."""
    asked = web_address(article.address)
    if asked is None or article.url is None:
        return asked
    try:
        return asked if urls.canonical(asked) != urls.canonical(article.url) else None
    except NotAnAddress:
        return asked if asked != article.url else None
