"""An article with all that is known of it, as ``show --json`` and the API give it. Reads only."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from archive import record
from archive.db.article_columns import Stored
from archive.store.core import Store
from archive.store.counts import last
from archive.store.recordings import tally
from archive.store.rows import address_of


def links_and_backlinks(store: Store, held: Stored) -> dict[str, Any]:
    """Where it leads and which kept articles lead to it."""
    backlinks = [
        {"key": b.key, "path": b.path, "title": b.title, "relation": b.relation, "text": b.text}
        for b in store.backlinks(held.article_id)
    ]
    edges = links(store, held)
    missing = [edge for edge in edges if edge["article"] and edge["key"] is None]
    return {"key": held.key, "links": edges, "backlinks": backlinks, "not_held": missing}


def versions(store: Store, held: Stored) -> list[dict[str, Any]]:
    """WeChat's versions, oldest first, and then the states of the file that a person made, told
    apart by ``whose``; as ``show --versions --json`` and the API give them."""
    theirs = [
        {"whose": "wechat", "name": str(one.number), **one.as_dict()}
        for one in store.versions(held.article_id)
    ]
    own = [
        {**one.as_dict(), "title": held.title, "changes": {}}
        for one in store.edits.states(held.article_id)
    ]
    return [*theirs, *own]


def listed(conn: sqlite3.Connection, held: Stored) -> dict[str, Any]:
    """Its facts, its sound and video and the newest look at its counts, as ``list --json`` gives them."""
    look = last(conn, held.article_id)
    counts = {"counts": look.as_dict() if look else None}
    return {**held.as_dict(), **tally(conn, held.article_id), **counts}


def everything(store: Store, held: Stored, number: int | None = None) -> dict[str, Any]:
    """Facts, addresses, images, media, their files, links and text of a version (default: the
    newest). Raises NotHeld, Corrupt.
    """
    article = store.version(held.article_id, number or held.version)
    facts = json.loads(record.dumps(article))
    found: dict[str, Any] = {
        **held.as_dict(),
        **{k: v for k, v in facts.items() if k not in held.as_dict()},
    }
    found["wechat_tags"] = facts.get("tags", [])
    found["account_details"] = facts.get("account", {})
    found["addresses"] = store.addresses(held.article_id)
    found["image_files"] = [
        {
            "url": image.url,
            "role": image.role,
            "alt": image.alt,
            "path": store.media_path(image.url),
        }
        for image in article.images
    ]
    found["media"] = facts.get("media", [])
    recordings = store.recordings.of(held.article_id)
    found |= tally(store.db.conn, held.article_id)
    found["media_files"] = [one.as_dict() for one in recordings]
    found["links"] = links(store, held)
    looks = [look.as_dict() for look in store.counts.of(held.article_id)]
    found["counts"] = looks[-1] if looks else None
    found["count_history"] = looks
    discussion = store.discussions.of(held.article_id)
    found["discussion"] = discussion.as_dict() if discussion else None
    found["text"] = article.text
    return found


def links(store: Store, held: Stored) -> list[dict[str, Any]]:
    """Where it leads, in its own order."""
    return [
        {
            "url": edge.url,
            "relation": edge.relation,
            "text": edge.text,
            "article": (address := address_of(edge.url)) is not None and address.form != "album",
            "key": edge.target_key,
            "path": edge.target_path,
            "title": edge.target_title,
        }
        for edge in store.edges(held.article_id)
    ]
