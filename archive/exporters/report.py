"""What an ``export`` wrote."""

from __future__ import annotations

from dataclasses import dataclass, field

from archive.json_fields import AsDict, shown
from scraper.messages import mark, mark_plural


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that a person changed, which stays, and where the new text went instead; both from the
    target's folder.
    """

    path: str
    new: str


@dataclass(slots=True, kw_only=True)
class ExportReport(AsDict):
    """Counts; ``problems``: articles that were left out, because they are damaged or, ``faults``
    of them, because something unexpected came; ``kept``: a person's files.
    """

    command: str = field(default="export", init=False)
    format: str
    target: str
    articles: int = 0
    images: int = 0
    media: int = 0
    records: int = 0
    missing_images: int = 0
    problems: list[str] = field(default_factory=list)
    faults: int = 0
    kept: list[KeptFile] = field(default_factory=list)

    @property
    @shown
    def exit_code(self) -> int:
        """65 where something damaged had to be left out, 1 where something else was."""
        if len(self.problems) > self.faults:
            return 65
        return 1 if self.problems else 0

    def line(self) -> str:
        """One line for a person."""
        parts = [
            mark_plural("{n} record", "{n} records", self.records)
            if self.format == "warc"
            else mark_plural("{n} article", "{n} articles", self.articles)
        ]
        if self.images:
            parts.append(mark_plural("{n} image", "{n} images", self.images))
        if self.media:
            parts.append(mark_plural("{n} sound or video", "{n} sounds and videos", self.media))
        if self.missing_images:
            parts.append(
                mark_plural("{n} image not held", "{n} images not held", self.missing_images)
            )
        if self.problems:
            n = len(self.problems)
            parts.append(
                mark("{n} left out", n=n)
                if self.faults
                else mark("{n} left out because damaged", n=n)
            )
        if self.kept:
            parts.append(
                mark("{n} changed by hand and kept, the new text beside", n=len(self.kept))
            )
        return mark("export: {parts} in {target}", parts=parts, target=self.target)
