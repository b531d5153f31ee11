"""What an element's attributes say, whatever their spelling.

``data-music_name``, ``musicName`` and ``music-name`` are one name here.

WeChat's editor spelled the same fact differently from year to year, percent-encodes some values
(``mp-common-poi``) and puts whole objects as JSON into others (``data-videocarddata`` of a short
play).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

import lxml.etree as etree

from scraper import plain
from scraper.body import images
from scraper.urls import without_tokens

HOST = "https://mp.weixin.qq.com"
#: No text of a card is longer; votes with all their options come near.
LONGEST_EXTRA = 4_000
#: JSON in an attribute: how deep its members are looked for, and how many are kept.
_DEEPEST, _MOST_MEMBERS = 4, 200
_NOTHING = frozenset(["", "undefined", "null", "none", "nan", "[object object]"])
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
#: Letters beyond ASCII.
_LETTERS = re.compile(r"(?:%[CDEFcdef][0-9A-Fa-f](?:%[89ABab][0-9A-Fa-f]){1,3})+")
_SEPARATORS = re.compile(r"[-_:.]")
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{2})")


def decoded(value: str) -> str:
    """``value`` without percent-encoding: where all of it is encoded (``encodeURIComponent`` leaves
    ASCII only), else the letters that are.

    >>> decoded("50%25%20off"), decoded("50%20 第1期%E5%A4%9C")
    ('50% off', '50%20 第1期夜')
    """
    if "%" not in value:
        return value
    if value.isascii() and _PERCENT.search(value):
        return _unquoted(value)
    return _LETTERS.sub(lambda found: _unquoted(found[0]), value)


def _unquoted(value: str) -> str:
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        return value


def key(name: str) -> str:
    """The spelling under which an attribute or a JSON member is looked up.

    >>> key("data-music_name"), key("musicName")
    ('musicname', 'musicname')
    """
    return _SEPARATORS.sub("", name.lower().removeprefix("data-"))


def said(value: str | None) -> str | None:
    """``value`` as one line of text; ``None`` for nothing and for what a script wrote for
    nothing.
    """
    if not value:
        return None
    found = plain.decoded_line(decoded(value))
    return found if found and found.lower() not in _NOTHING else None


class Attributes:
    """The attributes of one card; every name is looked for among them first, then among the members
    of their JSON.
    """

    def __init__(self, element: etree._Element) -> None:
        self.element = element
        self.tag = str(element.tag)

    @cached_property
    def _own(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for name, value in self.element.attrib.items():
            found.setdefault(key(str(name)), str(value))
        return found

    @cached_property
    def _members(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for value in self._own.values():
            if value.startswith(("{", "[", "%")):
                for name, text in _flattened(parsed(value)):
                    found.setdefault(key(name), text)
        return found

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The query of the address that the card's frame loads
        (``tmpl/audio_tmpl&name=…&play_length=…``).
        """
        source = self._own.get("src") or self._own.get("datasrc") or ""
        return dict(parse_qsl(urlsplit(source.replace("&amp;", "&")).query))

    def _first(self, read: Callable[[str | None], str | None], names: Iterable[str]) -> str | None:
        """What ``read`` finds under the first of these names where it finds something."""
        for place in self._places():
            for name in names:
                found = read(place.get(name))
                if found:
                    return found
        return None

    def _places(self) -> Iterator[Mapping[str, str]]:
        yield self._own
        yield self._members

    def text(self, *names: str) -> str | None:
        """The first of these names that says something, as one line."""
        return self._first(said, names)

    def url(self, *names: str) -> str | None:
        """The first of these names that holds an address, made absolute, without readers'
        tokens.
        """
        return self._first(absolute, names)

    def picture(self, *names: str) -> str | None:
        """The first of these names that holds a picture's address."""
        return self._first(_picture, names)

    def seconds(self, *names: str, milliseconds: bool = False) -> float | None:
        """A length in seconds. ``milliseconds``: whether a bare number counts these whatever its
        size.

        Where both units have been seen (``play_length`` of qqmusic 261 and 320000, ``duration`` of
        clmusic 203 and 221000), 10,000 and more are milliseconds: no song lasts three hours.
        """
        value = self.text(*names)
        if value is None:
            return None
        clock = _CLOCK.fullmatch(value)
        if clock:
            return float(int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + int(clock[3])) or None
        try:
            number = float(value)
        except ValueError:
            return None
        if milliseconds or number >= 10_000:
            number /= 1000
        return number if 0 < number < 1e7 else None

    def extra(self, **names: str) -> tuple[tuple[str, str], ...]:
        """(name, text) of each attribute that says something; ``names``: the name to give it →
        where it stands.
        """
        found = ((name, self.text(place)) for name, place in names.items())
        return tuple((name, without_tokens(text)[:LONGEST_EXTRA]) for name, text in found if text)

    def items(self) -> Iterator[tuple[str, str]]:
        """Every (name as written, text) of the element, then of its JSON."""
        for name, value in self.element.attrib.items():
            if (text := said(str(value))) is not None:
                yield str(name), text
        for name, value in self._members.items():
            if (text := said(value)) is not None:
                yield name, text


def _picture(value: str | None) -> str | None:
    return images.address(decoded(value)) if value else None


def absolute(value: str | None) -> str | None:
    """An http(s) address of WeChat's own host or another; ``None`` for scripts, data and
    fragments.
    """
    if not value:
        return None
    value = value.strip()
    if value[:8].lower() in ("http%3a%", "https%3a"):
        value = unquote(value)
    if not value or value.lower().startswith(("javascript:", "data:", "#", "blob:", "about:")):
        return None
    while "&amp;" in value:
        value = value.replace("&amp;", "&")
    try:
        value = urljoin(HOST, value)
    except ValueError:
        return None
    return without_tokens(value) if value.startswith(("http://", "https://")) else None


def parsed(value: str) -> object:
    """The JSON in an attribute, percent-encoded or not; ``None`` where there is none."""
    for text in (value, unquote(value)):
        if text[:1] in ("{", "["):
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                continue
    return None


def _flattened(data: object) -> Iterator[tuple[str, str]]:
    """(name, text) of the members of an object, the outer ones first; of an array its first
    object's.
    """
    level: list[object] = [data]
    count = 0
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for value in level:
            if isinstance(value, list):
                inner += value[:1]
            elif isinstance(value, dict):
                for name, member in value.items():
                    if isinstance(member, dict | list):
                        inner.append(member)
                    elif isinstance(member, str | int | float) and not isinstance(member, bool):
                        count += 1
                        if count > _MOST_MEMBERS:
                            return
                        yield str(name), str(member)
        level = inner
