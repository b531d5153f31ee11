"""Why a list is empty: its filters that no article held matches, whatever stands beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from archive.search.unmatched import no_article
from archive.store.core import Store
from scraper.zone import CHINA


def unmatched(store: Store, filters: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each of these filters of ``Store.articles`` that alone matches no article;
    None: not asked for."""
    for name, value in filters.items():
        if value is not None and next(store.articles(**{name: value}, limit=1), None) is None:
            yield no_article(name, _shown(name, value))


def _shown(name: str, value: Any) -> str:
    if not isinstance(value, datetime):
        return str(value)
    named = value - timedelta(seconds=1) if name == "until" else value  # until: its day's end
    return f"{named.astimezone(CHINA):%Y-%m-%d}"
