"""Links between exported articles, which stay inside the export."""

from __future__ import annotations

from collections.abc import Mapping

from archive.store import Store, Stored


def links_within(store: Store, stored: Stored, places: Mapping[int, str]) -> dict[str, str]:
    """Each address that the article links to → the place of the article it leads to, where that is
    exported too; ``places``: article id → place.
    """
    return {
        edge.url: places[edge.target_id]
        for edge in store.edges(stored.article_id)
        if edge.target_id is not None and edge.target_id in places
    }
