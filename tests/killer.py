"""Kills a command at any system call of its own: SIGKILL by strace, which counts them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.crawl.nursery import Nursery
from tests.share import drawn_for

#: What a writing command does that a kill could break: files, databases, and their order.
WRITES = (
    *("pwrite64", "write", "openat", "ftruncate", "fdatasync", "fsync"),
    *("rename", "unlink", "link", "mkdir"),
)
#: The same for a command that talks to the network too.
WRITES_AND_TALK = (*WRITES, "sendto", "recvfrom")


class Killer:
    """Runs commands and kills them somewhere; without strace (some containers forbid it) at a
    random moment.
    """

    def __init__(self, nursery: Nursery, seed: int, calls: Sequence[str] = WRITES) -> None:
        self.nursery, self.calls = nursery, calls
        self.rng = drawn_for(seed)
        self.traced = strace_works()

    def kills(self, *argv: str) -> bool:
        """Run a command and kill it at some point; False: it ended before that."""
        pid = self.nursery.start(*argv, hold=True)
        tracer = self._trace(pid) if self.traced else None
        os.kill(pid, signal.SIGCONT)
        if tracer is None:
            time.sleep(self.rng.uniform(0, 0.4))
            os.kill(pid, signal.SIGKILL)
        code = self.nursery.wait()
        if tracer is not None:
            tracer.wait(timeout=10)
        return code == -signal.SIGKILL

    def _trace(self, pid: int) -> subprocess.Popen[bytes]:
        call = self.rng.choice(self.calls)
        nth = int(self.rng.expovariate(1 / 12)) + 1
        inject = f"inject={call}:signal=KILL:when={nth}"
        tracer = subprocess.Popen(
            ["strace", "-f", "-o", os.devnull, "-e", f"trace={call}", "-e", inject, "-p", str(pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while not _is_traced(pid) and tracer.poll() is None:
            time.sleep(0.002)
        return tracer


def _is_traced(pid: int) -> bool:
    return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()


def strace_works() -> bool:
    """Whether system calls can be counted here."""
    strace = shutil.which("strace")
    return (
        strace is not None
        and subprocess.run([strace, "-o", os.devnull, "true"], capture_output=True).returncode == 0
    )
