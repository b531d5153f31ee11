"""What ``verify`` finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Sort = Literal[
    "database",  # the file itself: its seal, its structure
    "row",  # the short columns of an article
    "content",  # its text, body or record
    "parts",  # rows that follow from the article: links, images, tags …
    "version",  # an earlier version
    "markdown",  # its file
    "address",
    "media",  # an image's file or row
    "snapshot",
    "index",  # search
    "stray",  # a file that no row names
    "edited",  # a person changed the file
]

#: Worth knowing, but nothing is wrong.
NOTES = frozenset({"stray", "edited"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it was written. ``what`` is a sentence that names it; ``repaired`` after a repair:
    True or False, ``None`` where none was tried; ``how`` what was done or is left to do."""

    sort: Sort
    what: str
    article_id: int | None = None
    path: str | None = None
    name: str | None = None
    repaired: bool | None = None
    how: str | None = None

    @property
    def is_fault(self) -> bool:
        """Whether this makes ``verify`` end with 65."""
        return self.sort not in NOTES and not self.repaired

    def to_json(self) -> dict[str, Any]:
        """For ``verify --json``."""
        return {
            "sort": self.sort,
            "what": self.what,
            "path": self.path,
            "fault": self.sort not in NOTES,
            "repaired": self.repaired,
            "how": self.how,
        }
