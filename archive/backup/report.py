"""What a backup did."""

from __future__ import annotations

from dataclasses import dataclass, field

from archive.json_fields import AsDict, shown
from scraper.messages import mark, mark_plural


@dataclass(slots=True, kw_only=True)
class BackupReport(AsDict):
    """What was copied; files that were there already count as ``kept``.

    ``missing``: files that a row names but the archive itself has lost or holds damaged.
    ``beside``: where the new text of a file went that a person changed in the backup.
    """

    command: str = field(default="backup", init=False)
    target: str
    articles: int = 0
    files: int = 0
    kept: int = 0
    removed: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)

    @property
    @shown
    def exit_code(self) -> int:
        """65 where the archive itself lacks something."""
        return 65 if self.missing else 0

    def line(self) -> str:
        """One line for a person."""
        parts = [
            mark_plural("{n} article", "{n} articles", self.articles),
            mark_plural(
                "{n} file new, {kept} there already",
                "{n} files new, {kept} there already",
                self.files,
                kept=self.kept,
            ),
        ]
        if self.removed:
            parts.append(mark("{n} removed", n=self.removed))
        if self.beside:
            parts.append(
                mark("{n} beside files that were changed in the backup", n=len(self.beside))
            )
        if self.missing:
            parts.append(
                mark_plural(
                    "{n} file missing or damaged in the archive itself: run `verify`",
                    "{n} files missing or damaged in the archive itself: run `verify`",
                    len(self.missing),
                )
            )
        return mark(
            "backup: {parts}; use it with --archive {target}", parts=parts, target=self.target
        )
