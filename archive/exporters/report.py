"""What an ``export`` wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that a person changed, which stays, and where the new text went instead; both from the
    target's folder.
    """

    path: str
    new: str


@dataclass(slots=True, kw_only=True)
class ExportReport:
    """Counts; ``problems``: articles that were left out, because they are damaged or, ``faults``
    of them, because something unexpected came; ``kept``: a person's files.
    """

    format: str
    target: str
    articles: int = 0
    images: int = 0
    records: int = 0
    missing_images: int = 0
    problems: list[str] = field(default_factory=list)
    faults: int = 0
    kept: list[KeptFile] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """65 where something damaged had to be left out, 1 where something else was."""
        if len(self.problems) > self.faults:
            return 65
        return 1 if self.problems else 0

    def to_json(self) -> dict[str, Any]:
        """One object."""
        values = {name: getattr(self, name) for name in self.__slots__}
        values["kept"] = [{"path": one.path, "new": one.new} for one in self.kept]
        return {"command": "export", **values, "exit_code": self.exit_code}

    def line(self) -> str:
        """One line for a person."""
        parts = (
            [f"{self.records} records"] if self.format == "warc" else [f"{self.articles} articles"]
        )
        parts += [f"{self.images} images"] if self.images else []
        parts += [f"{self.missing_images} images not held"] if self.missing_images else []
        because = "" if self.faults else " because damaged"
        parts += [f"{len(self.problems)} left out{because}"] if self.problems else []
        parts += (
            [f"{len(self.kept)} changed by hand and kept, the new text beside"] if self.kept else []
        )
        return f"export: {', '.join(parts)} in {self.target}"
