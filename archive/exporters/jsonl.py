"""JSON Lines: one article a line, for other programs."""

from __future__ import annotations

import json
from typing import Any

from archive import record
from archive.exporters.export import Export
from archive.store import Store, Stored
from archive.store.edits import Text
from scraper.controls import escape_controls


def write(export: Export) -> None:
    """One object an article."""
    with export.opened() as file:

        def one(stored: Stored) -> None:
            values = _values(export.store, stored)
            line = escape_controls(json.dumps(values, ensure_ascii=False))
            file.write(line.encode() + b"\n")
            export.report.articles += 1

        export.each(one)


def _values(store: Store, stored: Stored) -> dict[str, Any]:
    """The facts of ``list --json``, everything the page said, the body as HTML and as text."""
    article = store.article(stored.article_id)
    talk = store.discussions.of(stored.article_id)
    looks = [look.as_dict() for look in store.counts.of(stored.article_id)]
    edges = [
        {"url": e.url, "relation": e.relation, "text": e.text, "key": e.target_key}
        for e in store.edges(stored.article_id)
    ]
    mine = store.edits.text(stored.article_id)
    return {
        **stored.as_dict(),
        "article": json.loads(record.dumps(article)),
        "text": article.text,
        "html": article.body,
        "mine": _mine(store, stored, mine) if mine else None,
        "image_files": {i.url: path for i in article.images if (path := store.media_path(i.url))},
        "media_files": {
            one.address: one.path for one in store.recordings.of(stored.article_id) if one.path
        },
        "links": edges,
        "counts": looks[-1] if looks else None,
        "count_history": looks,
        "discussion": talk.as_dict() if talk else None,
    }


def _mine(store: Store, stored: Stored, mine: Text) -> dict[str, Any]:
    """The article as a person left it in its file: the whole file, its words, and what only they
    wrote."""
    return {
        "noticed": mine.noticed,
        "markdown": mine.markdown,
        "text": store.shown(stored.article_id).text,
        "lines": mine.lines,
    }
