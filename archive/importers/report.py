"""What an ``import`` did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from archive.store import Stored
from scraper.messages import mark, mark_plural


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

    def take_over(self, again: ImportReport) -> None:
        """What the same files brought around articles that have come since."""
        self.counts_seen += again.counts_seen
        self.comments += again.comments
        self.unmatched = again.unmatched

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

    def line(self) -> str:
        """One line for a person."""
        counts = self.counts
        parts = [
            (counts["new"], mark("{n} new", n=counts["new"])),
            (counts["modified"], mark("{n} changed", n=counts["modified"])),
            (counts["unchanged"], mark("{n} unchanged", n=counts["unchanged"])),
            (counts["held"], mark("{n} held already", n=counts["held"])),
            (self.media, mark_plural("{n} image", "{n} images", self.media)),
            (self.counts_seen, mark("{n} looks at counts", n=self.counts_seen)),
            (self.comments, mark_plural("{n} comment", "{n} comments", self.comments)),
            (
                self.unmatched,
                mark("{n} answers about articles that are not held", n=self.unmatched),
            ),
            (counts["failed"], mark("{n} could not be read", n=counts["failed"])),
            (len(self.passed_over), mark("{n} passed over", n=len(self.passed_over))),
            (self.links + counts["waiting"], self._waiting()),
            (counts["listed"], self._listed()),
        ]
        shown = [said for number, said in parts if number] or [mark("nothing new")]
        text = mark("import: {parts}", parts=shown)
        if not self.signal:
            return text
        return mark("{what} — interrupted; the same command goes on", what=text)

    def _waiting(self) -> str:
        return mark_plural(
            "{n} address waits (`wechat-archive run` or --fetch fetches it)",
            "{n} addresses wait (`wechat-archive run` or --fetch fetches them)",
            self.links + self.counts["waiting"],
        )

    def _listed(self) -> str:
        listed = self.counts["listed"]
        addresses = mark_plural("{n} address", "{n} addresses", listed)
        if self.accounts:
            accounts = mark_plural("{n} account", "{n} accounts", len(self.accounts))
            addresses = mark("{addresses} of {accounts}", addresses=addresses, accounts=accounts)
        return mark("{addresses} not held (--fetch fetches them)", addresses=addresses)
