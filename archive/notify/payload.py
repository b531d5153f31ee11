"""A message as JSON, for programs: what ``--exec`` reads from standard input and a webhook gets."""

from __future__ import annotations

import json
from typing import Any

from archive.notify import wording
from archive.notify.message import Message


def payload(message: Message, page: str | None) -> dict[str, Any]:
    """``archive/schemas/message.json`` describes it. Titles stand in it as their authors wrote
    them, ``title`` and ``text`` are made for people; times ISO 8601, UTC."""
    content = message.content
    return {
        "id": message.id,
        "made": message.made.isoformat(timespec="seconds"),
        "test": message.is_test,
        "title": wording.title(message),
        "text": wording.text(message, page),
        "matches": [
            {**match, "articles": [_linked(one, page) for one in match["articles"]]}
            for match in content["matches"]
        ],
        "starred": [_linked(one, page) for one in content["starred"]],
        "problems": [{**one, "text": wording.sentence(one)} for one in content["problems"]],
    }


def _linked(article: dict[str, Any], page: str | None) -> dict[str, Any]:
    return {**article, "page": wording.link_to(article, page) if page else None}


def as_bytes(message: Message, page: str | None) -> bytes:
    """The same as UTF-8; Chinese as it is."""
    return json.dumps(payload(message, page), ensure_ascii=False).encode("utf-8", "replace")
