"""From the outbox to the ways: each message once, the oldest first; a way that fails keeps no other
waiting."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from archive import i18n
from archive.config import WayConfig
from archive.notify import outbox
from archive.notify.message import Message
from archive.notify.ways import Surroundings, Way, WayFailedError, hidden, wanted, way_of
from scraper.messages import message_of

_LOG = logging.getLogger(__name__)
#: Seconds for all messages of one way; what is left goes with the next run.
_LONGEST = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What hands messages over. ``language`` of ``archive.i18n``; ``page``: where `serve` is
    reached, for links."""

    around: Surroundings
    language: str
    page: str | None

    async def all(self, conn: sqlite3.Connection, ways: Sequence[WayConfig]) -> None:
        """Everything that is due. What fails is logged and goes again with a later run."""
        await asyncio.gather(*(self._by(conn, one) for one in ways))

    async def _by(self, conn: sqlite3.Connection, one: WayConfig) -> None:
        clock = self.around.clock
        numbers = outbox.due(conn, one.name, clock.now())
        if not numbers:
            return
        way = way_of(one, self.around)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST):
                for number in numbers:
                    error = await self.send(way, wanted(way, outbox.message(conn, number)), one)
                    if error is not None:
                        outbox.failed(conn, number, one.name, error, clock.now(), self.around.rng)
                        _LOG.warning(
                            "the alert could not go by %s (%s): %s; a later run tries again",
                            one.name,
                            way.shown,
                            error,
                        )
                        return
                    outbox.delivered(conn, number, one.name, clock.now())

    async def send(self, way: Way, message: Message, one: WayConfig) -> str | None:
        """Hand one message over; why it was not taken, without secrets, or None."""
        with i18n.use(self.language):
            try:
                await way.send(message, self.page)
            except WayFailedError as error:
                return message_of(error)
            except Exception as error:  # a way's fault is never the run's
                said = f"{type(error).__name__}: {error}"
                return hidden(said, one.webhook, one.url, one.secret)
        return None
