"""What ``verify`` finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archive.json_fields import AsDict, json_field, shown
from scraper.messages import changed, mark

Sort = Literal[
    "database",  # the file itself: its checksums, its structure
    "row",  # the short columns of an article
    "content",  # its text, body or record
    "parts",  # rows that follow from the article: links, images, tags …
    "version",  # an earlier version
    "comment",  # a comment, or a reply to one
    "markdown",  # its file
    "address",
    "media",  # an image's file or row
    "snapshot",
    "index",  # search
    "stray",  # a file that no row names
    "edited",  # a person changed the file
    "deleted",  # a person deleted the file, and was asked about it
    "lost",  # raw pages that rows name and snapshots.db has no more: it may have been deleted on purpose
    "due",  # nothing is wrong: work that a running or killed command left for the next one
]

#: Worth knowing, but nothing is wrong.
NOTES = frozenset({"stray", "edited", "deleted", "lost", "due"})


def _printable(text: str) -> str:
    """Damaged text as far as it can be shown."""
    return text.encode("utf-8", "replace").decode()


def _printable_path(path: str | None) -> str | None:
    return _printable(path) if path else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(AsDict):
    """One thing that is not as it was written. ``what`` is a sentence that names it; ``repaired``
    after a repair: True or False, ``None`` where none was tried; ``how`` what was done or is left
    to do."""

    sort: Sort
    what: str = json_field(convert=_printable)
    article_id: int | None = json_field(default=None, hidden=True)
    path: str | None = json_field(default=None, convert=_printable_path)
    name: str | None = json_field(default=None, hidden=True)
    repaired: bool | None = None
    how: str | None = None

    def line(self) -> str:
        """For a person: what it is, and what came of it."""
        said = self.what
        if self.repaired is True:
            said = mark("{what}  → repaired: {how}", what=said, how=self.how or "")
        elif self.repaired is False:
            said = mark("{what}  → not repaired: {how}", what=said, how=self.how or "")
        return changed(said, _printable)

    @property
    def is_fault(self) -> bool:
        """Whether this makes ``verify`` end with 65."""
        return self.sort not in NOTES and not self.repaired

    @property
    @shown
    def fault(self) -> bool:
        """Whether something was wrong, repaired or not."""
        return self.sort not in NOTES
