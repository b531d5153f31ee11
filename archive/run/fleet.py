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


@asynccontextmanager
async def open_fleet(
    session: ArchiveSession, address: str, pool: FetcherPool
) -> AsyncIterator[FleetNetwork]:
    """The fleet's queue, open. Raises BadConfig, QueueTrouble."""
    conn = session.frontier.conn

    def wanted(addresses: Sequence[str]) -> set[str]:
        marks = ", ".join("?" * len(addresses))
        rows = conn.execute(
            f"SELECT fetch FROM frontier WHERE open AND state = 'waiting' AND fetch IN ({marks})",
            tuple(addresses),
        )
        return {row["fetch"] for row in rows}

    network = FleetNetwork(
        address=checked(address),
        archive=identity(conn).archive_id or "archive",
        local=pool,
        wanted=wanted,
    )
    async with pool, network:
        yield network
