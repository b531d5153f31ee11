"""Pure: the fields of the query language, one row each: ``field:value`` → what is asked of the
index or of other tables.

Most fields are answered by the index (`nodes.Text`, `nodes.Tag`, `nodes.Dates`). One that changes
without the article, such as a person's star, is answered by its own table when the query is asked:
its row here reads the value as `nodes.Members`, and its row in `members` says which articles those
are. A test asks for its line in the help and in the manuals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial

from archive.errors import BadQuery
from archive.search import scopes
from archive.search.dates import RANGE, seconds
from archive.search.nodes import Dates, Members, Node, Not, Tag, Text
from archive.search.terms import VALUE, fold, kind_token
from scraper.messages import mark
from scraper.models import KIND_NAMES, MEDIA_TYPES
from scraper.records import dataclass

HAS = ("code", *dict.fromkeys(known.has for known in MEDIA_TYPES.values()))


@dataclass(frozen=True, slots=True)
class Value:
    """What stands behind a field's colon. ``text``: in NFKC, without blanks around it; ``raw``: as
    typed, without a star at its end. ``contains``: Latin words are found inside longer ones."""

    text: str
    raw: str
    star: bool = False
    contains: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """``example``: a whole filter, shown where a value is missing or wrong.

    ``read`` raises `BadQuery` for a value that means nothing.
    """

    name: str
    example: str
    read: Callable[[Field, Value], Node]

    def needs_value(self) -> BadQuery:
        return BadQuery(
            mark("{name}: needs a value, like: {example}", name=self.name, example=self.example)
        )

    def means_nothing(self, value: Value, known: Iterable[str]) -> BadQuery:
        return BadQuery(
            mark(
                "{name}:{text} means nothing; write one of: {known}",
                name=self.name,
                text=value.text,
                known=", ".join(known),
            )
        )


def _text(field: Field, value: Value) -> Node:
    folded = fold(value.raw)
    if not folded:
        raise field.needs_value()
    return Text(folded, field.name, value.contains, value.contains or value.star)


def _part_of_name(field: Field, value: Value) -> Node:
    """Names are found by any part of them, also of a Latin word."""
    folded = fold(value.raw)
    if not folded:
        raise field.needs_value()
    return Text(folded, field.name, True, True)


def _kind(field: Field, value: Value) -> Node:
    name = value.text.lower()
    if name.isdecimal() and len(name) < 6:
        name = KIND_NAMES.get(int(name), f"unknown-{int(name)}")
    if not is_kind(name):
        raise field.means_nothing(value, KIND_NAMES.values())
    return Tag(kind_token(name))


def is_kind(name: str) -> bool:
    """Whether there is such a kind: a word of ``KIND_NAMES``, or ``unknown-N`` for a number that
    WeChat may give tomorrow."""
    return name in KIND_NAMES.values() or re.fullmatch(r"unknown-\d{1,6}", name) is not None


def _has(field: Field, value: Value) -> Node:
    name = value.text.lower()
    if name not in HAS:
        raise field.means_nothing(value, (f"has:{one}" for one in HAS))
    return Tag(f"{VALUE}h{name}")


def _gone(field: Field, value: Value) -> Node:
    gone = Tag(VALUE + "gone")
    if value.text.lower() in ("", "yes", "true", "1", "是"):
        return gone
    if value.text.lower() in ("no", "false", "0", "否"):
        return Not(gone)
    raise BadQuery(mark("gone:{text} means nothing; write gone:yes or gone:no", text=value.text))


def _date(field: Field, value: Value, *, after: bool = False, before: bool = False) -> Node:
    """From the start of a period on (``after``), to before its start (``before``)."""
    start, _ = _period(field, value)
    return Dates(start if after else None, start if before else None)


def _until(field: Field, value: Value) -> Node:
    """To the end of a period, which belongs to it."""
    return Dates(before=_period(field, value)[1])


def _within(field: Field, value: Value) -> Node:
    found = date_range(value.text)
    if found is not None:
        return found
    return Dates(*_period(field, value))


def _period(field: Field, value: Value) -> tuple[int, int]:
    found = seconds(value.text)
    if found is None:
        raise BadQuery(
            mark(
                "{name}:{text} is no date; write a year, month or day, like: {example}",
                name=field.name,
                text=value.text,
                example=field.example,
            )
        )
    return found


def date_range(text: str) -> Dates | None:
    """``2023..2024-06``: from the start of the one to the end of the other; ``None`` for anything
    else."""
    match = RANGE.fullmatch(text)
    if match is None:
        return None
    ends = [None if part is None else seconds(part) for part in match.groups()]
    if any(
        part is not None and end is None for part, end in zip(match.groups(), ends, strict=True)
    ):
        return None
    first, last = ends
    return Dates(first[0] if first else None, last[1] if last else None)


def _members(field: Field, value: Value) -> Node:
    folded = fold(value.raw)
    if not folded:
        raise field.needs_value()
    return Members(field.name, folded)


def _in(field: Field, value: Value) -> Node:
    name = {"留言": "comments"}.get(value.text, value.text.lower())
    if name not in scopes.SCOPES:
        raise field.means_nothing(value, (f"in:{one}" for one in scopes.SCOPES))
    return Members(scopes.FIELD, name)


IS = ("starred", "unread", "read", "edited", "noted", "tagged")


def _is(field: Field, value: Value) -> Node:
    name = value.text.lower()
    if name not in IS:
        raise field.means_nothing(value, (f"is:{one}" for one in IS))
    # What is unread is nearly everything, and is not listed.
    return Not(Members("is", "read")) if name == "unread" else Members("is", name)


_ALL = (
    Field("title", "title:融资", _text),
    Field("account", "account:投资实习所", _part_of_name),
    Field("author", "author:张三", _text),
    Field("place", "place:北京", _text),
    Field("album", "album:读书", _members),
    Field("tag", "tag:投资", _members),
    Field(scopes.FIELD, "in:comments", _in),
    Field("topic", "topic:投资", _members),
    Field("group", "group:投资", _members),
    Field("note", "note:融资", _members),
    Field("mine", "mine:融资", _text),
    Field("is", "is:starred", _is),
    Field("kind", "kind:video", _kind),
    Field("has", "has:code", _has),
    Field("gone", "gone:yes", _gone),
    Field("after", "after:2024-01", partial(_date, after=True)),
    Field("since", "since:2024-01", partial(_date, after=True)),
    Field("before", "before:2024-01-15", partial(_date, before=True)),
    Field("until", "until:2024-12-31", _until),
    Field("date", "date:2023..2024-06", _within),
)
FIELDS = {field.name: field for field in _ALL}
