"""An ``Article`` as JSON and back: the ``record`` column. Pure.

Names with their default value are left out, so a record stays readable in Datasette and an old one
can be read when a field is added later. ``body`` and ``text`` have columns of their own.
"""

from __future__ import annotations

import json
import re
import types
import typing
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from scraper.models import Article, Media

_APART = ("body", "text")
#: Fields that records call by the name they had in the first ones.
_WRITTEN: dict[tuple[Any, str], str] = {(Media, "type"): "sort"}
_READ: dict[tuple[Any, str], str] = {
    (hint, written): name for (hint, name), written in _WRITTEN.items()
}
#: A lone half of a character, or NUL: no database column and no Markdown file can hold it.
_IMPOSSIBLE = re.compile("[\ud800-\udfff\x00]")


def iso(time: datetime) -> str:
    """A time as the database writes it: UTC with zone, seconds."""
    return time.astimezone(UTC).isoformat(timespec="seconds")


def dumps(article: Article) -> str:
    """The record, its names in the order of ``Article``."""
    return json.dumps(_dump(article, _APART), ensure_ascii=False, separators=(",", ":"))


def loads(record: str, body: str, text: str) -> Article:
    """The article again, equal to the one that was written. Raises ValueError for what is no
    record.
    """
    values = json.loads(record)
    if not isinstance(values, dict):
        raise ValueError("the record is not an object")
    article: Article = _load(Article, {"title": "", **values})
    return replace(article, body=body, text=text)


def storable(article: Article) -> Article:
    """The same article; characters that nothing can store are replaced, where there are any."""
    written = dumps(article)
    try:
        (written + article.body + article.text).encode()
        spoiled = "\\u0000" in written or "\0" in article.body or "\0" in article.text
    except UnicodeEncodeError:
        spoiled = True
    return typing.cast(Article, _mended(article)) if spoiled else article


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _IMPOSSIBLE.sub("\ufffd", value)
    if isinstance(value, tuple):
        return tuple(_mended(part) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _mended(getattr(value, f.name)) for f in fields(value)})
    return value


def _dump(value: Any, apart: tuple[str, ...] = ()) -> Any:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, tuple):
        return [_dump(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {
            written: _dump(part)
            for name, written, default in _fields(type(value))
            if name not in apart
            and ((part := getattr(value, name)) != default or default is MISSING)
        }
    return value


@cache
def _fields(record: type[Any]) -> list[tuple[str, str, Any]]:
    """Name, name in a record and default of each field."""
    return [(f.name, _WRITTEN.get((record, f.name), f.name), f.default) for f in fields(record)]


@cache
def _hints(record: type[Any]) -> dict[str, Any]:
    return typing.get_type_hints(record)


def _load(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return _load(next(part for part in typing.get_args(hint) if part is not type(None)), value)
    if origin is tuple:
        parts = typing.get_args(hint)
        if len(parts) == 2 and parts[1] is Ellipsis:
            return tuple(_load(parts[0], part) for part in value)
        return tuple(_load(part, item) for part, item in zip(parts, value, strict=True))
    if hint is datetime:
        return datetime.fromisoformat(value)
    if is_dataclass(hint) and isinstance(hint, type):
        hints = _hints(hint)
        named = {_READ.get((hint, name), name): part for name, part in value.items()}
        return hint(
            **{name: _load(hints[name], part) for name, part in named.items() if name in hints}
        )
    return value
