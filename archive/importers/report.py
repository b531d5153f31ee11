"""What an ``import`` did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

from archive.json_fields import AsDict, counted, json_field, shown
from archive.store import Stored
from scraper.messages import mark, mark_plural

#: What can have become of an article.
_CHANGES = ("new", "modified", "unchanged", "held", "waiting", "listed", "failed")


class PassedOver(NamedTuple):
    """A file of a folder that was not opened, and why."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken(AsDict):
    """One article found in a file.

    ``change``: ``new``, ``modified`` (a newer capture of what is held), ``unchanged``, ``held``
    (that is as good or better: left alone), ``waiting`` (only an address: fetched by the next run),
    ``listed`` (an address out of a list, which waits only where that was asked for), ``failed``.
    ``source`` is the file and, in a collection, the place in it.
    """

    OMITTED: ClassVar = (None,)

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


@dataclass(slots=True, kw_only=True)
class ImportReport(AsDict):
    """Counts and failures. ``links``: addresses that now wait to be fetched; ``passed_over``: files
    of folders that were not opened (documents of other kinds, named pipes, devices), with the
    reason."""

    command: str = field(default="import", init=False)
    counts: Counter[str] = json_field(
        default_factory=Counter, spread=True, convert=counted(*_CHANGES)
    )
    results: list[Taken] = field(default_factory=list)
    links: int = 0
    media: int = 0
    passed_over: list[PassedOver] = field(default_factory=list)
    #: Names of accounts out of other programs' lists.
    accounts: set[str] = field(default_factory=set)
    #: Looks at an article's counts, and comments with replies, that were not known.
    counts_seen: int = json_field(default=0, name="counts")
    comments: int = 0
    #: Answers about articles that are not held.
    unmatched: int = 0
    signal: int | None = json_field(default=None, hidden=True)

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
    @shown
    def saved(self) -> int:
        """Articles that are new or have a new version."""
        return self.counts["new"] + self.counts["modified"]

    @property
    @shown
    def skipped(self) -> int:
        """How many files were passed over."""
        return len(self.passed_over)

    @property
    @shown
    def exit_code(self) -> int:
        """0, 1 where something could not be read, 128 and more for a signal."""
        return 128 + self.signal if self.signal else int(bool(self.counts["failed"]))

    def line(self) -> str:
        """One line for a person."""
        counts = self.counts
        parts = [
            (counts["new"], mark("{n} new", n=counts["new"])),
            (counts["modified"], mark("{n} changed", n=counts["modified"])),
            (counts["unchanged"], mark("{n} unchanged", n=counts["unchanged"])),
            (counts["held"], mark("{n} held already", n=counts["held"])),
            (self.media, mark_plural("{n} image", "{n} images", self.media)),
            (
                self.counts_seen,
                mark_plural("{n} look at counts", "{n} looks at counts", self.counts_seen),
            ),
            (self.comments, mark_plural("{n} comment", "{n} comments", self.comments)),
            (
                self.unmatched,
                mark_plural(
                    "{n} answer about an article that is not held",
                    "{n} answers about articles that are not held",
                    self.unmatched,
                ),
            ),
            (counts["failed"], mark("{n} could not be read", n=counts["failed"])),
            (len(self.passed_over), mark("{n} passed over", n=len(self.passed_over))),
            (self.links + counts["waiting"], self._waiting()),
            (counts["listed"], self._listed()),
            (0 if counts["listed"] else len(self.accounts), self._accounts()),
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
            addresses = mark(
                "{addresses} of {accounts}", addresses=addresses, accounts=self._accounts()
            )
        return mark("{addresses} not held (--fetch fetches them)", addresses=addresses)

    def _accounts(self) -> str:
        return mark_plural("{n} account", "{n} accounts", len(self.accounts))
