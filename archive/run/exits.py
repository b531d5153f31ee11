"""The exits of an archive: which may be used now, what a run found out about each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING

from archive.crawl.cooldown import DIRECT, CoolDown, note_use, take_over
from archive.run.network import Network, exits_of
from archive.run.report import ExitReport, RunReport
from archive.run.session import ArchiveSession
from scraper.crawl.loop import Exit
from scraper.crawl.reason import Reason
from scraper.errors import Blocked
from scraper.records import dataclass

if TYPE_CHECKING:
    from archive.fleet.network import FleetNetwork, RemoteExit


@dataclass(slots=True)
class Exits:
    """Cool-downs and health of an archive's exits, for one command."""

    session: ArchiveSession
    #: requests go out although a cool-down is in force
    anyway: bool
    #: where the exits are other machines'
    fleet: FleetNetwork | None = None
    #: those of the settings that were put to work, by name
    _opened: dict[str, Exit] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """In the order of the settings; of a fleet, those that have a worker."""
        if self.fleet is not None:
            return self.fleet.at_work()
        return [exit.name for exit in exits_of(self.session.config)]

    def cooldown(self, name: str) -> CoolDown:
        """An exit's cool-down."""
        return CoolDown(self.session.frontier.conn, name)

    def usable(self, now: datetime) -> list[str]:
        """Those that no block forbids now."""
        return [n for n in self.names if self.anyway or self.cooldown(n).in_force(now) is None]

    def stop_if_none(self, report: RunReport, now: datetime) -> None:
        """Raises CoolingDown while a block lasts at every exit, unless told to try anyway."""
        blocks = [block for n in self.names if (block := self.cooldown(n).in_force(now))]
        if not blocks or self.usable(now):
            return
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
            for name in self.usable(now) or [DIRECT]  # a fleet may have no worker yet
        )

    async def ready(self, now: datetime) -> None:
        """Of a fleet: wait for a worker, and share what archive and queue know of blocks. Raises
        NoWorkers."""
        if self.fleet is None:
            return
        await self.fleet.wait_for_worker()
        for exit in self.fleet.exits.values():
            self._share(exit, now)

    def _share(self, exit: RemoteExit, now: datetime) -> None:
        cooldown, fleet = self.cooldown(exit.name), exit.network
        if self.anyway:
            fleet.unblock(exit.name)
            return
        if exit.block is not None:
            take_over(cooldown, exit.block)
        elif (block := cooldown.in_force(now)) is not None:
            fleet.block(
                exit.name,
                level=block.level,
                until=block.until,
                reason=block.reason,
                shown=block.shown,
            )

    async def arrival(self) -> Exit:
        """The next exit of the fleet that gets a worker during a crawl, or comes out of a block."""
        assert self.fleet is not None
        return self._remote(await self.fleet.arrival())

    def _remote(self, remote: RemoteExit) -> Exit:
        first, *ahead = remote.open()
        return Exit(
            name=remote.name,
            fetcher=first,
            ahead=ahead,
            has_cookies=remote.has_cookies,
            captcha=self.cooldown(remote.name).policy(),
            on_closed=remote.close,
        )

    def open(self, network: Network, now: datetime) -> list[Exit]:
        """The exits for a crawl."""
        if self.fleet is not None:
            return [self._remote(self.fleet.exits[name]) for name in self.usable(now)]
        return [self._local(name, network) for name in self.usable(now)]

    def _local(self, name: str, network: Network) -> Exit:
        config = self.session.config
        (settings,) = (exit for exit in exits_of(config) if exit.name == name)
        exit = Exit(
            name=name,
            fetcher=network.exits[name],
            has_cookies=bool(settings.cookies or config.cookies),
            captcha=self.cooldown(name).policy(),
        )
        self._opened[name] = exit
        return exit

    def returning(self, network: Network, now: datetime) -> list[Exit]:
        """Those of the settings that a block kept from work, or took from it, and whose cool-down
        has ended."""
        return [
            self._local(name, network)
            for name in self.names
            if self._is_absent(name) and self.cooldown(name).in_force(now) is None
        ]

    def _is_absent(self, name: str) -> bool:
        exit = self._opened.get(name)
        return exit is None or exit.is_blocked

    def blocked(self, exit: Exit, error: Blocked, now: datetime) -> None:
        """WeChat closed an exit: at once remembered."""
        block = self.cooldown(exit.name).blocked(error, now)
        if self.fleet is not None:
            self.fleet.block(
                exit.name,
                level=block.level,
                until=block.until,
                reason=block.reason,
                shown=block.shown or str(error),
            )

    def remember(self, exits: Sequence[Exit], network: Network, now: datetime) -> None:
        """After a crawl: what each exit met."""
        for exit in _last(exits):
            if not exit.is_blocked:
                self._open_again(exit)
            closing = exit.closed.error if exit.closed else None
            note_use(
                self.session.frontier.conn,
                exit.name,
                now,
                requests=network.exits[exit.name].requests,
                failures=exit.health.failures,
                error=str(closing) if closing else None,
            )

    def _open_again(self, exit: Exit) -> None:
        """It met no block: where a page came, the last one is over."""
        cooldown = self.cooldown(exit.name)
        was_blocked = cooldown.last() is not None
        cooldown.remember(exit.captcha)
        if self.fleet is not None and was_blocked and cooldown.last() is None:
            self.fleet.unblock(exit.name)

    def report(self, exits: Sequence[Exit], network: Network, now: datetime) -> list[ExitReport]:
        """A line for each exit, where the settings name some."""
        ended = {exit.name: exit.closed.reason.value for exit in _last(exits) if exit.closed}
        if not self.session.config.exits and self.fleet is None:
            return []
        names = self.names if self.fleet is None else sorted({exit.name for exit in exits})
        return [
            ExitReport(
                name=name,
                requests=network.exits[name].requests,
                ended=ended.get(name),
                blocked_until=block.until if (block := self.cooldown(name).in_force(now)) else None,
            )
            for name in names
        ]


def _last(exits: Sequence[Exit]) -> list[Exit]:
    """Each exit once, as it was when it came back, where it did."""
    return list({exit.name: exit for exit in exits}.values())
