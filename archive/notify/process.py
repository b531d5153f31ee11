"""A program run beside this one: what it reads is given, what it says is bounded, and it ends in
time, with everything that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Bytes of what a program says that are read; the rest is thrown away.
_MOST = 64 * 1024
#: Seconds that it gets to end by itself when it is told to.
_GRACE = 1.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: ``code`` as the system has it (negative: a signal), and what it said."""

    code: int
    stdout: bytes
    stderr: bytes


async def run(
    argv: Sequence[str], given: bytes, *, timeout: float, env: Mapping[str, str]
) -> Ended:
    """Run a program (no shell) with ``given`` on its standard input.

    Raises OSError where it cannot be started, TimeoutError where it takes longer than ``timeout``
    seconds; it and its whole process group are ended then, also where this is cancelled.
    """
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=dict(env), start_new_session=True
    )
    try:
        async with asyncio.timeout(timeout):
            _, out, err = await asyncio.gather(
                _feed(process, given), _read(process.stdout), _read(process.stderr)
            )
            return Ended(await process.wait(), out, err)
    except BaseException:
        await _end(process)
        raise


async def _feed(process: Process, given: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it need not read
        process.stdin.write(given)
        await process.stdin.drain()
    process.stdin.close()


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    assert stream is not None
    kept = b""
    while some := await stream.read(_MOST):
        kept += some[: _MOST - len(kept)]
    return kept


async def _end(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()  # else it stays open where feeding was broken off
    for number in (signal.SIGTERM, signal.SIGKILL):
        # The group is there as long as any process in it, also when its first has ended.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE)
