"""An ``Article`` as JSON and back: the ``record`` column. Pure.

Names with their default value are left out, so a record stays readable in Datasette and an old one
can be read when a field is added later. ``body`` and ``text`` have columns of their own.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from scraper.models import Article, Media
from scraper.patterns import lazy

#: As columns hold JSON, and as hashes were made of it. Each is made once: `json.dumps` makes one each
#: time that it is told how to write.
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
SPACED = json.JSONEncoder(ensure_ascii=False)
_APART = ("body", "text")
#: Fields that records call by the name they had in the first ones.
_WRITTEN: dict[tuple[Any, str], str] = {(Media, "type"): "sort"}
#: A lone half of a character, or NUL: no database column and no Markdown file can hold it.
_IMPOSSIBLE = lazy("[\ud800-\udfff\x00]")


def iso(time: datetime) -> str:
    """A time as the database writes it: UTC with zone, seconds."""
    return time.astimezone(UTC).isoformat(timespec="seconds")


def dumps(article: Article) -> str:
    """The record, its names in the order of ``Article``."""
    return COMPACT.encode(_dump(article, _APART))


def loads(record: str, body: str, text: str) -> Article:
    """The article again, equal to the one that was written. Raises ValueError for what is no
    record.
    """
    values = json.loads(record)
    if not isinstance(values, dict):
        raise ValueError("the record is not an object")
    article: Article = _load(Article, {"title": "", **values, "body": body, "text": text})
    return article


def storable(article: Article) -> Article:
    """The same article; characters that nothing can store are replaced, where there are any."""
    return storable_and_record(article)[0]


def storable_and_record(article: Article) -> tuple[Article, str]:
    """``storable``, and the record of what comes of it."""
    written = dumps(article)
    try:
        (written + article.body + article.text).encode()
        spoiled = "\\u0000" in written or "\0" in article.body or "\0" in article.text
    except UnicodeEncodeError:
        spoiled = True
    if not spoiled:
        return article, written
    mended = typing.cast(Article, _mended(article))
    return mended, dumps(mended)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _IMPOSSIBLE().sub("\ufffd", value)
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
def _hints(record: type[Any]) -> dict[str, Any]:
    """The types of its fields; making them out of their text takes a hundred times a look."""
    return typing.get_type_hints(record)


@cache
def _fields(record: type[Any]) -> list[tuple[str, str, Any]]:
    """Name, name in a record and default of each field."""
    return [(f.name, _WRITTEN.get((record, f.name), f.name), f.default) for f in fields(record)]


def _load(hint: Any, value: Any) -> Any:
    return None if value is None else _reader(hint)(value)


@cache
def _reader(hint: Any) -> Callable[[Any], Any]:
    """What makes a value that is there out of its JSON: types are looked at once, not once a
    value."""
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return _reader(next(one for one in typing.get_args(hint) if one is not type(None)))
    if origin is tuple:
        return _tuple_reader(typing.get_args(hint))
    if hint is datetime:
        return datetime.fromisoformat
    if is_dataclass(hint) and isinstance(hint, type):
        return _object_reader(hint)
    return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _tuple_reader(parts: tuple[Any, ...]) -> Callable[[Any], Any]:
    if len(parts) == 2 and parts[1] is Ellipsis:
        return lambda value: tuple([_load(parts[0], one) for one in value])
    return lambda value: tuple(_load(part, one) for part, one in zip(parts, value, strict=True))


def _object_reader(made: Any) -> Callable[[Any], Any]:
    hints = _hints(made)
    readers = {
        _WRITTEN.get((made, name), name): (name, _reader(hint)) for name, hint in hints.items()
    }
    #: As a record calls them → the names of fields that are read as they are, of the others, and how.
    plain = {written: name for written, (name, reader) in readers.items() if reader is _as_it_is}
    others = {written: found for written, found in readers.items() if written not in plain}

    def read(value: Any) -> Any:
        found = {}
        for written, part in value.items():
            if written in plain:
                found[plain[written]] = part
            elif written in others:
                name, reader = others[written]
                found[name] = None if part is None else reader(part)
        return made(**found)

    return read


def require_typed(article: Article) -> None:
    """Raises ValueError where a field holds what its type does not allow, or a number that no column
    holds: a record that somebody else wrote may say anything."""
    hints = _hints(Article)
    for f in fields(article):
        if not _fits(hints[f.name], getattr(article, f.name)):
            raise ValueError(f"{f.name} is not what it should be")


def _fits(hint: Any, value: Any) -> bool:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return any(_fits(part, value) for part in parts)
    if origin is tuple:
        return isinstance(value, tuple) and _fit_each(parts, value)
    if origin is typing.Literal:
        return value in parts
    if is_dataclass(hint) and isinstance(hint, type):
        known = _hints(hint)
        return type(value) is hint and all(
            _fits(known[f.name], getattr(value, f.name)) for f in fields(hint)
        )
    return _fits_plainly(hint, value)


def _fit_each(parts: tuple[Any, ...], value: tuple[Any, ...]) -> bool:
    if len(parts) == 2 and parts[1] is Ellipsis:
        return all(_fits(parts[0], one) for one in value)
    return len(parts) == len(value) and all(map(_fits, parts, value))


def _fits_plainly(hint: Any, value: Any) -> bool:
    if hint is datetime:
        return isinstance(value, datetime) and value.tzinfo is not None
    if hint is int:
        return type(value) is int and -(2**63) <= value < 2**63
    return type(value) is (type(None) if hint is None else hint)
