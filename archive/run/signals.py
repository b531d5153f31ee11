"""SIGTERM and SIGINT while a command writes: what is being written is finished, then the command
ends.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")


class Interrupted(BaseException):
    """A signal came while nothing was in flight; ``number`` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Signals:
    """Notes the first SIGTERM or SIGINT. Inside ``drive`` it cancels what is awaited (a request, a
    wait), elsewhere it raises ``Interrupted``; ``hold`` keeps it back while something is written. A
    second one changes nothing: the first ends the command within seconds anyway."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._task: asyncio.Task[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._held = 0

    @contextmanager
    def listening(self) -> Iterator[Signals]:
        """Take over both signals for a while; nothing outside the main thread, where Python gives
        none.
        """
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        before = {
            number: signal.signal(number, self._came) for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Let what is inside finish first."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        if self.number is not None and not self._held and self._task is None:
            raise Interrupted(self.number)

    def drive(self, work: Coroutine[Any, Any, T]) -> T:
        """Run ``work`` to its end. Raises Interrupted where a signal ended it."""

        async def supervised() -> T:
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
            try:
                if self.number is not None:
                    work.close()
                    raise Interrupted(self.number)
                return await work
            except asyncio.CancelledError:
                if self.number is None:
                    raise
                raise Interrupted(self.number) from None
            finally:
                self._task = self._loop = None

        # Not asyncio.run: it would put its own SIGINT handler over ours.
        with asyncio.Runner() as runner:
            loop = runner.get_loop()
            return loop.run_until_complete(supervised())

    def _came(self, number: int, _frame: FrameType | None) -> None:
        first = self.number is None
        self.number = self.number or number
        if self._task is not None and self._loop is not None:
            if first:
                self._loop.call_soon_threadsafe(self._task.cancel)
        elif not self._held:
            raise Interrupted(self.number)
