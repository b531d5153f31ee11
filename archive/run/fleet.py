"""A run whose pages other machines fetch: the queue behind the crawl, this machine's own way to
images and feeds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from archive.db.identity import identity
from archive.fleet.database import checked
from archive.fleet.network import FleetNetwork
from archive.run.network import FetcherPool
from archive.run.session import ArchiveSession
from archive.run.sink import own_snapshot


@asynccontextmanager
async def open_fleet(
    session: ArchiveSession, address: str, pool: FetcherPool
) -> AsyncIterator[FleetNetwork]:
    """The fleet's queue, open. Raises BadConfig, QueueTrouble."""
    frontier, snapshots = session.frontier, session.snapshots

    def wanted(addresses: Sequence[str]) -> set[str]:
        # Whose page was kept by a run that was killed then has it and asks for nothing.
        return {
            task.original or task.url
            for task in frontier.waiting_at(addresses)
            if snapshots is None or own_snapshot(snapshots, task) is None
        }

    network = FleetNetwork(
        address=checked(address),
        archive=identity(frontier.conn).archive_id or "archive",
        local=pool,
        wanted=wanted,
    )
    async with pool, network:
        yield network
