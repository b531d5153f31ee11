"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/). Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from archive.exporters.feeds.model import Entry, Feed, contents, legal


def write(feed: Feed) -> bytes:
    """The document; a member without a value is left out."""
    body = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": legal(feed.title),
        "home_page_url": feed.home,
        "feed_url": feed.url,
        "description": legal(feed.description),
        "language": feed.language,
        "items": [
            _item(entry, content)
            for entry, content in zip(feed.entries, contents(feed.entries), strict=True)
        ],
    }
    return json.dumps(_said(body), ensure_ascii=False).encode("utf-8", "replace")


def _item(entry: Entry, content: str | None) -> dict[str, Any]:
    item = {
        "id": entry.id,
        "url": entry.url,
        "external_url": entry.original,
        "title": legal(entry.title),
        "content_html": content,
        # One of the two is asked for in each item.
        "content_text": legal(entry.summary or entry.title) if content is None else None,
        "summary": legal(entry.summary),
        "image": entry.picture,
        "date_published": _time(entry.published),
        "date_modified": _time(entry.updated),
        "authors": [{"name": legal(entry.author)}] if entry.author else None,
        "tags": [legal(tag) for tag in entry.tags],
    }
    return _said(item)


def _said(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value or name == "items"}


def _time(value: datetime | None) -> str | None:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if value else None
