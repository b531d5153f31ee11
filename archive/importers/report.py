"""What an ``import`` did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from archive.store import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One article found in a file.

    ``change``: ``new``, ``modified`` (a newer capture of what is held), ``unchanged``, ``held``
    (that is as good or better: left alone), ``waiting`` (only an address: fetched by the next run),
    ``listed`` (an address out of a list, which waits only where that was asked for), ``failed``.
    ``source`` is the file and, in a collection, the place in it.
    """

    source: str
    change: str
    key: str | None = None
    path: str | None = None
    title: str | None = None
    error: str | None = None

    @classmethod
    def of(cls, change: str, source: str, held: Stored) -> Self:
        """About an article that is held."""
        return cls(source=source, change=change, key=held.key, path=held.path, title=held.title)

    def to_json(self) -> dict[str, Any]:
        """What is known of it."""
        return {
            name: value for name in self.__slots__ if (value := getattr(self, name)) is not None
        }


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """Counts and failures. ``links``: addresses that now wait to be fetched; ``passed_over``: files
    of folders that were not opened (documents of other kinds, named pipes, devices), with the
    reason."""

    counts: Counter[str] = field(default_factory=Counter)
    results: list[Taken] = field(default_factory=list)
    links: int = 0
    media: int = 0
    passed_over: list[tuple[Path, str]] = field(default_factory=list)
    #: Names of accounts out of other programs' lists.
    accounts: set[str] = field(default_factory=set)
    #: Looks at an article's counts, and comments with replies, that were not known.
    counts_seen: int = 0
    comments: int = 0
    #: Answers about articles that are not held.
    unmatched: int = 0
    signal: int | None = None

    def add(self, taken: Taken) -> None:
        """Count one."""
        self.counts[taken.change] += 1
        self.results.append(taken)

    @property
    def failures(self) -> list[Taken]:
        """What could not be read."""
        return [taken for taken in self.results if taken.change == "failed"]

    @property
    def exit_code(self) -> int:
        """0, 1 where something could not be read, 128 and more for a signal."""
        return 128 + self.signal if self.signal else int(bool(self.counts["failed"]))

    def to_json(self) -> dict[str, Any]:
        """One object."""
        names = ("new", "modified", "unchanged", "held", "waiting", "listed", "failed")
        return {
            "command": "import",
            "saved": self.counts["new"] + self.counts["modified"],
            **{name: self.counts[name] for name in names},
            "links": self.links,
            "media": self.media,
            "counts": self.counts_seen,
            "comments": self.comments,
            "unmatched": self.unmatched,
            "accounts": sorted(self.accounts),
            "skipped": len(self.passed_over),
            "passed_over": [{"path": str(path), "why": why} for path, why in self.passed_over],
            "exit_code": self.exit_code,
            "results": [taken.to_json() for taken in self.results],
        }

    def _around(self) -> list[str]:
        told = (
            (self.counts_seen, "looks at counts"),
            (self.comments, "comments"),
            (self.unmatched, "answers about articles that are not held"),
        )
        return [f"{number} {what}" for number, what in told if number]

    def line(self) -> str:
        """One line for a person."""
        parts = [f"{self.counts['new'] + self.counts['modified']} saved"]
        same = self.counts["unchanged"] + self.counts["held"]
        parts += [f"{same} held already"] if same else []
        parts += [f"{self.media} images"] if self.media else []
        parts += self._around()
        parts += [f"{self.counts['failed']} could not be read"] if self.counts["failed"] else []
        parts += [f"{len(self.passed_over)} passed over"] if self.passed_over else []
        waiting = self.links + self.counts["waiting"]
        parts += (
            [f"{waiting} addresses wait (`wechat-archive run` or --fetch fetches them)"]
            if waiting
            else []
        )
        listed, accounts = self.counts["listed"], len(self.accounts)
        of = f" of {accounts} account{'s' * (accounts != 1)}" if accounts else ""
        parts += [f"{listed} addresses{of} not held (--fetch fetches them)"] if listed else []
        text = f"import: {', '.join(parts)}"
        return text + (" — interrupted; the same command goes on" if self.signal else "")
