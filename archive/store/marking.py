"""Marks on many articles at once: those that are named, or all that a query means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.db.article_columns import Stored
from archive.document.own import Own
from archive.errors import ArchiveError
from archive.store.core import Store
from archive.store.own import Marking


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What came of one: ``own`` is what is said of it now; with ``error`` nothing has changed."""

    name: str
    stored: Stored | None = None
    own: Own | None = None
    error: ArchiveError | None = None

    def as_dict(self) -> dict[str, Any]:
        """For ``--json`` and the API."""
        own = (self.own or Own()).as_dict()
        return {
            "key": self.stored.key if self.stored else None,
            "title": self.stored.title if self.stored else self.name,
            **own,
            "starred": bool(own["starred"]),
            "read": bool(own["read"]),
            "error": str(self.error) if self.error else None,
        }


def chosen(
    store: Store, names: Sequence[str], query: str | None
) -> Iterator[tuple[str, Stored | ArchiveError]]:
    """Each article once with the name that it was asked for by: the article, or what is wrong with
    that name. Raises BadQuery, NotIndexed for the query."""
    from archive.search.matching import article_ids

    seen = set()
    for name in names:
        try:
            found = store.get(name)
        except ArchiveError as error:
            yield name, error
            continue
        if found.article_id not in seen:
            seen.add(found.article_id)
            yield name, found
    for article_id in article_ids(store.db.conn, query) if query is not None else ():
        if article_id not in seen:
            seen.add(article_id)
            try:
                stored = store.stored(article_id)
                yield stored.key, stored
            except ArchiveError as error:
                yield str(article_id), error


def mark(
    store: Store,
    names: Sequence[str],
    marking: Marking,
    now: datetime,
    *,
    query: str | None = None,
) -> Iterator[Marked]:
    """Change what is said of each; one that cannot be changed stops no other. Raises BadQuery,
    NotIndexed."""
    return mark_chosen(store, chosen(store, names, query), marking, now)


def mark_chosen(
    store: Store,
    among: Iterable[tuple[str, Stored | ArchiveError]],
    marking: Marking,
    now: datetime,
) -> Iterator[Marked]:
    """The same for those that ``chosen`` gave."""
    for name, found in among:
        if isinstance(found, ArchiveError):
            yield Marked(name=name, error=found)
            continue
        try:
            own = store.edits.mark(found, marking, now)
        except ArchiveError as error:
            yield Marked(name=name, stored=found, error=error)
            continue
        yield Marked(name=name, stored=found, own=own)
