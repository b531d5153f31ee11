"""What the API's objects look like, as JSON Schema. Pure."""

from __future__ import annotations

from datetime import datetime
from types import NoneType, UnionType
from typing import Any, get_args, get_type_hints

from archive.db.article_columns import ARTICLES, Stored

TEXT = {"type": "string"}
MAYBE_TEXT = {"type": ["string", "null"]}
MAYBE_TIME = {"type": ["string", "null"], "format": "date-time"}
TIME = {"type": "string", "format": "date-time"}
#: A date, China's, where a page tells no time.
MAYBE_PUBLISHED = {
    "type": ["string", "null"],
    "anyOf": [{"type": "null"}, {"format": "date-time"}, {"format": "date"}],
}
NUMBER = {"type": "integer"}
_TYPES: dict[Any, str] = {str: "string", int: "integer", bool: "boolean", float: "number"}


def listed(items: dict[str, Any]) -> dict[str, Any]:
    """An array of these."""
    return {"type": "array", "items": items}


def record(**properties: Any) -> dict[str, Any]:
    """An object that always has these names, and may gain others."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def named(name: str) -> dict[str, str]:
    """One of ``COMPONENTS``."""
    return {"$ref": f"#/components/schemas/{name}"}


def _column(hint: Any) -> dict[str, Any]:
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    nullable = NoneType in kinds
    kind = next(one for one in kinds if one is not NoneType)
    if kind is datetime:
        return MAYBE_TIME if nullable else TIME
    return {"type": [_TYPES[kind], "null"] if nullable else _TYPES[kind]}


def _facts() -> dict[str, Any]:
    """The columns of ``list --json``, from their one declaration."""
    hints = get_type_hints(Stored)
    names = [one.field for one in ARTICLES.read_columns if one.field and one.json]
    columns = {name: _column(hints[name]) for name in names}
    return {**columns, "published": MAYBE_PUBLISHED, "tags": listed(TEXT)}


FACTS = record(
    **_facts(), media_held=NUMBER, media_missing=NUMBER, counts={"type": ["object", "null"]}
)
SNIPPET = record(
    text=TEXT, marks=listed(listed(NUMBER)), before={"type": "boolean"}, after={"type": "boolean"}
)
HIT = record(
    key=TEXT,
    title=TEXT,
    account=MAYBE_TEXT,
    account_now=MAYBE_TEXT,
    author=MAYBE_TEXT,
    published=MAYBE_PUBLISHED,
    path=TEXT,
    url=MAYBE_TEXT,
    score={"type": ["number", "null"]},
    snippet=SNIPPET,
    title_marks=listed(listed(NUMBER)),
    gone={},
    folded=listed({}),
)
LINK = record(
    url=TEXT,
    relation=TEXT,
    text=MAYBE_TEXT,
    article={"type": "boolean"},
    key=MAYBE_TEXT,
    path=MAYBE_TEXT,
    title=MAYBE_TEXT,
)
VERSION = record(
    whose={"enum": ["wechat", "own"]},
    name=TEXT,
    number=NUMBER,
    seen=TIME,
    title=TEXT,
    changes={"type": "object"},
    current={"type": "boolean"},
)
SIMILAR = record(
    key=TEXT,
    title=TEXT,
    account=MAYBE_TEXT,
    published=MAYBE_PUBLISHED,
    path=TEXT,
    relation=TEXT,
    score={"type": "number"},
)
OWN = record(
    key=MAYBE_TEXT,
    title=TEXT,
    tags=listed(TEXT),
    starred={"type": "boolean"},
    read={"type": "boolean"},
    note=MAYBE_TEXT,
    error=MAYBE_TEXT,
)
OUTCOME = record(key=TEXT, title=TEXT, error=MAYBE_TEXT)
TALLY = record(name=TEXT, title=TEXT, articles=NUMBER)
SOURCE = record(
    id=NUMBER,
    sort=TEXT,
    address=TEXT,
    title=MAYBE_TEXT,
    every={"type": "number"},
    follow=NUMBER,
    scope=TEXT,
    include=MAYBE_TEXT,
    exclude=MAYBE_TEXT,
    tags=listed(TEXT),
    group=MAYBE_TEXT,
    due=TIME,
    checked=MAYBE_TIME,
    news=MAYBE_TIME,
    quiet=NUMBER,
    error=MAYBE_TEXT,
)
GROUP = record(name=TEXT, accounts=listed(TEXT))
JOB = record(
    id=TEXT,
    kind=TEXT,
    state={"enum": ["waiting", "running", "locked", "done", "failed"]},
    created=TIME,
    started=MAYBE_TIME,
    ended=MAYBE_TIME,
    results=listed({"type": "object"}),
    counts={"type": "object"},
    message=MAYBE_TEXT,
    exit_code={"type": ["integer", "null"]},
)
ERROR = record(error=record(status=NUMBER, title=TEXT, message=TEXT))

COMPONENTS = {
    "Article": FACTS,
    "Hit": HIT,
    "Link": LINK,
    "Version": VERSION,
    "Similar": SIMILAR,
    "Own": OWN,
    "Outcome": OUTCOME,
    "Tally": TALLY,
    "Source": SOURCE,
    "Group": GROUP,
    "Job": JOB,
    "Error": ERROR,
}
