"""The exits of an archive: which may be used now, what a run found out about each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from archive.crawl.cooldown import CoolDown, note_use
from archive.run.network import Network, exits_of
from archive.run.report import ExitReport, RunReport
from archive.run.session import ArchiveSession
from scraper.crawl.loop import Exit
from scraper.crawl.reason import Reason
from scraper.errors import Blocked


@dataclass(slots=True)
class Exits:
    """Cool-downs and health of an archive's exits, for one command."""

    session: ArchiveSession
    #: requests go out although a cool-down is in force
    anyway: bool

    @property
    def names(self) -> list[str]:
        """In the order of the settings."""
        return [exit.name for exit in exits_of(self.session.config)]

    def cooldown(self, name: str) -> CoolDown:
        """An exit's cool-down."""
        return CoolDown(self.session.frontier.conn, name)

    def usable(self, now: datetime) -> list[str]:
        """Those that no block forbids now."""
        return [n for n in self.names if self.anyway or self.cooldown(n).in_force(now) is None]

    def stop_if_none(self, report: RunReport, now: datetime) -> None:
        """Raises CoolingDown while a block lasts at every exit, unless told to try anyway."""
        if self.usable(now):
            return
        blocks = [block for n in self.names if (block := self.cooldown(n).in_force(now))]
        first = min(blocks, key=lambda block: block.until)
        report.reason = Reason.BLOCKED
        report.blocked_until = first.until
        raise first.refusal()

    def pause(self, now: datetime) -> datetime | None:
        """Until when no exit may be used; None: one may."""
        return None if self.usable(now) else self.first_end(now)

    def first_end(self, now: datetime) -> datetime | None:
        """When the first of the blocks in force ends."""
        blocks = (self.cooldown(name).in_force(now) for name in self.names)
        return min((block.until for block in blocks if block is not None), default=None)

    def has_due(self, now: datetime) -> bool:
        """Whether an address is due for an exit that may be used."""
        return any(
            self.session.frontier.has_due(now, name, probing=self.cooldown(name).policy().probing)
            for name in self.usable(now)
        )

    def open(self, network: Network, now: datetime) -> list[Exit]:
        """The exits for a crawl."""
        config = self.session.config
        cookies = {exit.name: bool(exit.cookies or config.cookies) for exit in exits_of(config)}
        return [
            Exit(
                name=name,
                fetcher=network.exits[name],
                has_cookies=cookies[name],
                captcha=self.cooldown(name).policy(),
            )
            for name in self.usable(now)
        ]

    def blocked(self, exit: Exit, error: Blocked, now: datetime) -> None:
        """WeChat closed an exit: at once remembered."""
        self.cooldown(exit.name).blocked(error, now)

    def remember(self, exits: Sequence[Exit], network: Network, now: datetime) -> None:
        """After a crawl: what each exit met."""
        for exit in exits:
            if not exit.is_blocked:
                self.cooldown(exit.name).remember(exit.captcha)
            closing = exit.closed.error if exit.closed else None
            note_use(
                self.session.frontier.conn,
                exit.name,
                now,
                requests=network.exits[exit.name].requests,
                failures=exit.health.failures,
                error=str(closing) if closing else None,
            )

    def report(self, exits: Sequence[Exit], network: Network, now: datetime) -> list[ExitReport]:
        """A line for each exit, where the settings name some."""
        ended = {exit.name: exit.closed.reason.value for exit in exits if exit.closed}
        if not self.session.config.exits:
            return []
        return [
            ExitReport(
                name=name,
                requests=network.exits[name].requests,
                ended=ended.get(name),
                blocked_until=block.until if (block := self.cooldown(name).in_force(now)) else None,
            )
            for name in self.names
        ]
