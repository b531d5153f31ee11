"""A command in a real terminal (a pseudo-terminal) of some width."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archive.cli.widths import width

#: What moves the cursor, colours, links: not seen as text.
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x1b\x07]*(?:\x1b\\|\x07)")


@dataclass(frozen=True)
class Screen:
    """What came of a command: all that was drawn, escapes taken out; ``raw`` with them."""

    code: int
    raw: str

    @property
    def text(self) -> str:
        """As it is read, line by line."""
        return _ESCAPES.sub("", self.raw).replace("\r\n", "\n").replace("\r", "\n")

    @property
    def widest(self) -> int:
        """The columns of its widest line."""
        return max(map(width, self.text.splitlines()), default=0)


def in_terminal(command: Sequence[str], columns: int, environ: Mapping[str, str]) -> Screen:
    """Run ``command`` in a terminal so many columns wide, 50 lines high."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environ, "TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(theirs)
    drawn = bytearray()
    while True:
        try:
            some = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not some:
            break
        drawn += some
    os.close(ours)
    return Screen(process.wait(), drawn.decode("utf-8", "replace"))
