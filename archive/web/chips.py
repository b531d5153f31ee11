"""Filters of a query as something to click. Pure: each chip is the query that a click makes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from archive.search.fields import FIELDS

_FIELDS = "|".join(FIELDS)
_FILTER = re.compile(rf'(?<!\S)-?(?:{_FIELDS}):(?:"[^"]*"|[^\s()]+)', re.IGNORECASE)
_DATES = re.compile(r"(?<!\S)-?(?:after|since|before|until|date):\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Chip:
    """``text`` to show, ``query`` that it leads to; ``adds`` is what that has more."""

    text: str
    query: str
    adds: str = ""


def in_force(query: str) -> list[Chip]:
    """A chip for each filter of a query; it leads to the query without that one."""
    found = []
    for match in _FILTER.finditer(query):
        rest = query[: match.start()] + query[match.end() :]
        found.append(Chip(match[0], " ".join(rest.split())))
    return found


def to_add(query: str, filters: Iterable[tuple[str, str]]) -> list[Chip]:
    """A chip for each filter, given as ``(filter, text)``, that the query does not have yet; it
    leads to the query with it.
    """
    has = {match[0].lower() for match in _FILTER.finditer(query)}
    fields = {one.partition(":")[0] for one in has}
    return [
        Chip(text, f"{query} {one}".strip(), one)
        for one, text in filters
        if one.lower() not in has and one.partition(":")[0] not in fields
    ]


def account_filter(name: str) -> str:
    """What finds the articles of an account."""
    return 'account:"' + name.replace('"', " ") + '"'


def of_year(query: str, year: int) -> str:
    """The query within one year, whatever dates it had."""
    bare = " ".join(_DATES.sub(" ", query).split())
    return f"{bare} after:{year} before:{year + 1}".strip()
