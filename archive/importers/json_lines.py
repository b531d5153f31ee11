"""What ``export jsonl`` wrote, back: facts, text and HTML of each article, with its key, and a
person's own work on it: tags, star, read, note, and the file as they left it.

A line is somebody's file like any other: its HTML is cleaned as an author's, its facts must be of
the types that an article has, and both are bounded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from archive import record
from archive.document import bounds
from archive.document.facts import Holding, time_of
from archive.document.own import own_of
from archive.errors import BadInput
from archive.importers.items import ImportFormat, ImportItem, OwnWork
from scraper.body import clean
from scraper.errors import Unexpected
from scraper.messages import mark
from scraper.models import Article

#: Bytes of one line: an article with its text twice, its HTML and the file.
_LARGEST_LINE = 64 * 2**20
_LONGEST_FILE = 2**20
_KEY = re.compile(r"[0-9a-z]{10,26}")
_BEGIN = re.compile(rb'\s*\{"key": ?"[0-9a-z]{10,26}", ?"path": ?"')


def read(path: Path) -> Iterator[ImportItem]:
    """Each line's article; one that is none is told, and the others go on."""
    with path.open("rb") as file:
        number = 0
        while line := file.readline(_LARGEST_LINE + 1):
            number += 1
            source = f"{path}, line {number}"
            if len(line) > _LARGEST_LINE:
                raise BadInput(mark("line {n} is longer than any article", n=number))
            if not line.strip():
                continue
            try:
                yield _item(source, path, line)
            except BadInput as error:
                yield ImportItem(source=source, path=path, error=str(error))
            except Exception as error:  # one article's trouble is not the others'
                found = str(Unexpected.of(error, url=source))
                yield ImportItem(source=source, path=path, error=found)


def _item(source: str, path: Path, line: bytes) -> ImportItem:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadInput(mark("it is not JSON: {error}", error=error)) from error
    if not isinstance(values, Mapping) or not isinstance(values.get("article"), Mapping):
        raise BadInput(mark("it is no line of `export jsonl`"))
    return ImportItem(
        source=source,
        path=path,
        article=_article(values),
        own=_own(values),
        holding=_holding(values),
    )


def _article(values: Mapping[str, Any]) -> Article:
    body = clean(str(values.get("html") or ""))
    try:
        article = record.loads(json.dumps(values["article"]), body.html, body.text)
        record.require_typed(article)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(
            mark("its facts are not those of an article: {error}", error=error)
        ) from error
    return replace(article, text=_text(values) or body.text)


def _text(values: Mapping[str, Any]) -> str:
    text = values.get("text")
    return bounds.encodable(text) if isinstance(text, str) else ""


def _holding(values: Mapping[str, Any]) -> Holding:
    return Holding(
        archived=time_of(values.get("archived")),
        changed=time_of(values.get("changed")),
        gone=time_of(values.get("gone")),
        gone_reason=bounds.text(values.get("gone_reason")),
        gone_shown=bounds.text(values.get("gone_shown")),
    )


def _own(values: Mapping[str, Any]) -> OwnWork:
    key, mine = values.get("key"), values.get("mine")
    markdown = mine.get("markdown") if isinstance(mine, Mapping) else None
    is_file = isinstance(markdown, str) and 0 < len(markdown) <= _LONGEST_FILE
    return OwnWork(
        own=own_of({name: values.get(name) for name in ("tags", "starred", "read", "note")}),
        starred=time_of(values.get("starred")),
        read=time_of(values.get("read")),
        markdown=bounds.encodable(str(markdown)) if is_file else None,
        key=key if isinstance(key, str) and _KEY.fullmatch(key) else None,
    )


FORMAT = ImportFormat(
    name="json lines",
    label="what `export jsonl` wrote, with your tags, notes and edits",
    chinese="`export jsonl` 写出的文件，连同你的标签、笔记和修改",
    endings=(".jsonl", ".ndjson"),
    read=read,
    begins=lambda head: _BEGIN.match(head) is not None,
)
