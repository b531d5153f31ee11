"""What one run did, as a line for a person, JSON for a program and an exit code for cron."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import field
from datetime import datetime
from typing import ClassVar

from archive.json_fields import AsDict, counted, json_field, shown, shown_as, thousandths
from archive.run.drift import Drift
from scraper.crawl.reason import Reason
from scraper.messages import mark, mark_plural
from scraper.records import dataclass
from scraper.zone import for_people

TRY_LATER, DISK, NOT_UNDERSTOOD, UNREACHABLE, SOME_FAILED, USAGE = 75, 74, 76, 69, 1, 64
#: Fewer pages than this, or a smaller share, are odd pages; more mean that WeChat changed its
#: pages.
MANY_UNKNOWN, SHARE_UNKNOWN = 3, 0.05
_TRY_LATER = frozenset({Reason.BLOCKED, Reason.LIMITED, Reason.NO_WORKERS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(AsDict):
    """What became of one address.

    ``change``: ``new``, ``modified``, ``unchanged`` (fetched, nothing changed), ``reparsed`` (its
    author changed nothing, but more is known of it now), ``held`` (not fetched), ``gone`` (the held
    copy got its tombstone), ``skipped`` (outside the scope), ``waiting`` (not come to), ``failed``.
    """

    OMITTED: ClassVar = (None, "")

    address: str
    change: str
    followed: bool = False
    key: str | None = None
    path: str | None = None
    title: str | None = None
    error_code: str | None = json_field(default=None, hidden=True)
    error: str | None = json_field(default=None, hidden=True)
    due: str | None = None
    exit_code: int = json_field(default=0, hidden=True)

    @property
    @shown_as("error")
    def failure(self) -> dict[str, str | None] | None:
        """What went wrong, if anything: its class and a sentence."""
        if not self.error_code:
            return None
        return {"class": self.error_code, "message": self.error}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitReport(AsDict):
    """What one of several exits did. ``ended``: why it was used no further, ``blocked``,
    ``rate-limited``, ``outage``; ``blocked_until`` aware, UTC."""

    name: str
    requests: int
    ended: str | None = None
    blocked_until: datetime | None = json_field(default=None, timespec="minutes")


@dataclass(slots=True, kw_only=True)
class RunReport(AsDict):
    """Counts and results of one `save` or `run`. Times in seconds; ``exit_code`` follows
    docs/reliability.md.
    """

    command: str = "save"
    #: False: of the results only what went wrong is kept, so that ten thousand addresses take no
    #: more memory than one
    whole: bool = json_field(default=True, hidden=True)
    results: list[Result] = json_field(default_factory=list, hidden=True)
    counts: Counter[str] = json_field(
        default_factory=Counter, spread=True, convert=counted("new", "modified", "gone", "skipped")
    )
    errors: Counter[str] = json_field(default_factory=Counter, hidden=True)
    requests: int = 0
    seconds: float = json_field(default=0.0, convert=thousandths)
    images: int = 0
    images_missing: int = 0
    #: sound and video
    media: int = 0
    media_missing: int = 0
    waiting: int = 0
    sources: int = 0
    source_errors: list[Result] = json_field(default_factory=list, hidden=True)
    reason: Reason | None = json_field(default=None, hidden=True)
    message: str | None = None
    blocked_until: datetime | None = json_field(default=None, timespec="minutes")
    signal: int | None = json_field(default=None, hidden=True)
    disk: str | None = json_field(default=None, hidden=True)
    pages: int = json_field(default=0, hidden=True)
    unknown: int = json_field(default=0, hidden=True)
    #: each exit, where the settings name some
    exits: list[ExitReport] = field(default_factory=list)
    #: what pages give no more since this command
    drift: list[Drift] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Count one address."""
        if self.whole or result.change == "failed" or result.exit_code:
            self.results.append(result)
        self.counts[result.change] += 1
        if result.followed and result.change in (
            "new",
            "modified",
            "unchanged",
            "reparsed",
            "held",
        ):
            self.counts["followed"] += 1
        if result.error_code and result.change == "failed":
            self.errors[result.error_code] += 1

    def add_source_error(self, result: Result) -> None:
        """Count a source that could not be looked at."""
        self.source_errors.append(result)

    @property
    def told(self) -> int:
        """How many addresses have a result."""
        return self.counts.total() - self.counts["followed"]

    @property
    @shown
    def saved(self) -> int:
        """Articles that are new or have a new version."""
        return self.counts["new"] + self.counts["modified"]

    @property
    @shown
    def unchanged(self) -> int:
        """Articles held already, whether looked at again or not."""
        return self.counts["unchanged"] + self.counts["reparsed"] + self.counts["held"]

    @property
    @shown
    def failed(self) -> int:
        """Addresses that gave no article."""
        return self.counts["failed"]

    @property
    @shown
    def followed(self) -> int:
        """Articles among them that were reached by following links."""
        return self.counts["followed"]

    @property
    @shown
    def exit_code(self) -> int:
        """A signal, then 75 (blocked, limited, no worker), 74 (disk), 76 (pages not understood), then 1, 69 or
        64; 0: all fine.
        """
        if self.signal is not None:
            return 128 + self.signal
        if self.blocked_until or self.reason in _TRY_LATER:
            return TRY_LATER
        if self.disk:
            return DISK
        if self.unknown >= MANY_UNKNOWN and self.unknown > SHARE_UNKNOWN * self.pages:
            return NOT_UNDERSTOOD
        return self._failures()

    @property
    @shown
    def ended(self) -> str | None:
        """Why it ended before its end."""
        if self.reason:
            return self.reason.value
        return "signal" if self.signal else None

    @property
    @shown_as("errors")
    def all_errors(self) -> Counter[str]:
        """How often each error came, of addresses and of sources."""
        return self.errors + Counter(one.error_code or "error" for one in self.source_errors)

    @property
    @shown_as("results")
    def all_results(self) -> list[Result]:
        """What became of addresses, then of sources that could not be looked at."""
        return [*self.results, *self.source_errors]

    def _failures(self) -> int:
        failed = (
            r for r in (*self.results, *self.source_errors) if r.change == "failed" or r.exit_code
        )
        codes = {r.exit_code or SOME_FAILED for r in failed if r.change != "gone"}
        if not codes:
            return 0
        nothing_came = self.saved + self.unchanged + self.counts["gone"] == 0
        if nothing_came and codes in ({UNREACHABLE}, {USAGE}, {TRY_LATER}):
            return codes.pop()
        return SOME_FAILED

    def line(self) -> str:
        """One line for a person."""
        said = mark("{command}: {parts}", command=self.command, parts=[*self._parts()])
        tail = self._tail()
        return mark("{what} — {tail}", what=said, tail=tail) if tail else said

    def _parts(self) -> Iterator[str]:
        counts = self.counts
        if not self.saved:
            yield mark("nothing new")
        numbers = [
            (counts["new"], mark("{n} new", n=counts["new"])),
            (counts["modified"], mark("{n} changed", n=counts["modified"])),
            (self.unchanged, mark("{n} unchanged", n=self.unchanged)),
            (self.followed, mark("{n} followed", n=self.followed)),
            (counts["gone"], mark("{n} gone", n=counts["gone"])),
            (counts["skipped"], mark("{n} skipped", n=counts["skipped"])),
        ]
        yield from (said for number, said in numbers if number)
        yield from self._failed()
        yield from self._left()
        yield mark_plural(
            "{n} request in {time}",
            "{n} requests in {time}",
            self.requests,
            time=_duration(self.seconds),
        )
        closed = [exit.name for exit in self.exits if exit.blocked_until]
        if closed and not self.blocked_until:
            exits = mark_plural("{n} exit", "{n} exits", len(self.exits))
            yield mark("{n} of {exits} blocked", n=len(closed), exits=exits)

    def _left(self) -> Iterator[str]:
        if self.images_missing:
            n = self.images_missing
            yield mark_plural("{n} image missing", "{n} images missing", n)
        if self.media_missing:
            n = self.media_missing
            yield mark_plural("{n} sound or video missing", "{n} sounds and videos missing", n)
        if self.waiting:
            yield mark("{n} waiting", n=self.waiting)

    def _failed(self) -> Iterator[str]:
        if self.failed:
            kinds = [
                mark("{n} {failure}", n=n, failure=mark(name))
                for name, n in self.errors.most_common(4)
            ]
            yield mark("{n} failed ({kinds})", n=self.failed, kinds=kinds)
        if self.source_errors:
            sources = mark_plural("{n} source", "{n} sources", self.sources)
            yield mark("{n} of {sources} failed", n=len(self.source_errors), sources=sources)

    def _tail(self) -> str | None:
        if self.signal is not None:
            return mark("interrupted; what is left waits for the next run")
        if self.blocked_until:
            return mark(
                "WeChat asked for a pause: nothing is fetched before {blocked_until}, all "
                "that waits is kept; --now tries at once, --cookies may help",
                blocked_until=for_people(self.blocked_until),
            )
        if self.disk:
            return self.disk
        if self.exit_code == NOT_UNDERSTOOD:
            return mark(
                "{unknown} of {pages} pages were not understood: WeChat may have changed "
                "them; the raw pages are kept for `reparse`",
                unknown=self.unknown,
                pages=self.pages,
            )
        if self.reason in (Reason.REQUESTS, Reason.DURATION, Reason.LIMIT):
            return mark(
                "stopped at --{value}",
                value="limit" if self.reason is Reason.LIMIT else self.reason.value,
            )
        if self.reason is Reason.OUTAGE:
            return mark("stopped, nothing answers: {message}", message=self.message)
        if self.reason is Reason.NO_WORKERS:
            return self.message
        if self.reason is Reason.LIMITED:
            return mark("stopped, the server asks for a pause; the next run goes on")
        return None


def _duration(seconds: float) -> str:
    if seconds < 60:
        return mark("{n:.1f} s", n=seconds)
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return mark("{hours} h {minutes} min", hours=hours, minutes=minutes)
    return mark("{minutes} min {seconds} s", minutes=minutes, seconds=rest)
