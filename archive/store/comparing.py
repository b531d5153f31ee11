"""What changed between two versions of an article, as a unified diff of their Markdown. Reads
only.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from archive.db.article_columns import Stored
from archive.document.layout import to_markdown
from archive.errors import NotHeld
from archive.store.core import Store
from scraper.messages import mark


def diff(store: Store, held: Stored, older: int | None, newer: int | None) -> Iterator[str]:
    """Lines as they stand in a patch, each with its end; none where nothing differs.

    The newest two by default; ``older`` alone is compared with the newest. Raises NotHeld for a
    version that is not there, Corrupt.
    """
    newer = newer or held.version
    older = older or newer - 1
    if older < 1:
        raise NotHeld(mark("{key} has one version only: nothing to compare", key=held.key))
    old, new = (
        to_markdown(store.version(held.article_id, number)).splitlines(keepends=True)
        for number in (older, newer)
    )
    seen = {version.number: version.seen for version in store.versions(held.article_id)}
    yield from difflib.unified_diff(
        old,
        new,
        f"{held.path} (version {older})",
        f"{held.path} (version {newer})",
        seen[older].isoformat(timespec="seconds"),
        seen[newer].isoformat(timespec="seconds"),
    )
