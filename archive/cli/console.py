"""The one place that all output goes through: nothing in it commands the terminal, colours are
wanted.

Titles, texts, addresses and file names come from anywhere. So while a command runs, stdout and
stderr are a ``SafeStream`` each: whoever writes there, by ``click.echo``, a log or a traceback,
writes control characters as ``\\u001b``. Styles come from ``styled`` alone, whose marks nobody else
can write.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from scraper.controls import escape_controls

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33}
#: Drawn anew by each process, so that no text from outside can hold one.
_NONCE = os.urandom(8).hex()
_MARK = re.compile(rf"\x02{_NONCE}([0-9;]+|8;;(?:file:[!-~]*)?)\x03")


def wants_colour() -> bool | None:
    """What the environment says (no-color.org, force-color.org); None: it depends on who reads."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return None


def shows_colour(stream: TextIO) -> bool:
    """Whether what is written to ``stream`` is shown in colours."""
    if isinstance(stream, SafeStream):
        return stream.colour
    wanted = wants_colour()
    return stream.isatty() if wanted is None else wanted


def styled(text: str, *styles: str) -> str:
    """``text`` in styles (``bold``, ``dim``, ``yellow``) where colours are shown."""
    codes = ";".join(str(_STYLES[style]) for style in styles)
    return f"\x02{_NONCE}{codes}\x03{text}\x02{_NONCE}0\x03"


def linked(text: str, place: Path) -> str:
    """``text``, which a click in a terminal that can (OSC 8) opens as the file at ``place``."""
    address = place.absolute().as_uri()
    return f"\x02{_NONCE}8;;{address}\x03{text}\x02{_NONCE}8;;\x03"


class SafeStream:
    """A text stream in which control characters are written out and ``styled`` is obeyed."""

    def __init__(self, stream: TextIO, *, colour: bool | None = None) -> None:
        self.raw = stream
        self.colour = shows_colour(stream) if colour is None else colour
        self._links = stream.isatty() and os.environ.get("TERM") != "dumb"

    def write(self, text: str) -> int:
        """As the stream's own, which is told only what any terminal may be told."""
        parts = _MARK.split(text)
        for at, part in enumerate(parts):
            if at % 2 == 0:
                parts[at] = self._encodable(escape_controls(part))
            elif part.startswith("8;;"):
                parts[at] = f"\x1b]{part}\x1b\\" if self._links else ""
            else:
                parts[at] = f"\x1b[{part}m" if self.colour else ""
        self.raw.write("".join(parts))
        return len(text)

    def _encodable(self, text: str) -> str:
        """What the terminal's encoding lacks (Chinese where it is ASCII), written out too."""
        encoding = getattr(self.raw, "encoding", None) or "utf-8"
        return text.encode(encoding, "backslashreplace").decode(encoding)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


@contextmanager
def safe_output() -> Iterator[None]:
    """stdout and stderr as ``SafeStream`` while the block runs."""
    out, err = sys.stdout, sys.stderr
    safe_out, safe_err = (cast(TextIO, SafeStream(stream)) for stream in (out, err))
    sys.stdout, sys.stderr = safe_out, safe_err
    try:
        yield
    finally:
        # Not where somebody has put another in its place meanwhile, as after a closed pipe.
        if sys.stdout is safe_out:
            sys.stdout = out
        if sys.stderr is safe_err:
            sys.stderr = err


def screen_columns() -> int | None:
    """How wide the terminal is that stdout goes to; None where it goes elsewhere and nothing is cut or
    broken."""
    if not sys.stdout.isatty():
        return None
    import shutil

    return max(20, shutil.get_terminal_size().columns)


@contextmanager
def paged() -> Iterator[None]:
    """Long output page by page, where a person reads it: through ``$PAGER``, else ``less``, which
    shows what fits on the screen as it is. An empty ``$PAGER`` or ``cat`` means none."""
    command = _pager() if sys.stdout.isatty() else []
    if not command:
        yield
        return
    import subprocess

    out = sys.stdout
    pager = subprocess.Popen(
        command, stdin=subprocess.PIPE, text=True, encoding="utf-8", env=_pager_environment()
    )
    assert pager.stdin is not None
    safe = SafeStream(cast(TextIO, pager.stdin), colour=shows_colour(out))
    sys.stdout = cast(TextIO, safe)
    try:
        yield
    except BrokenPipeError:  # the person has read enough
        pass
    finally:
        sys.stdout = out
        _close(pager)


def _pager() -> list[str]:
    import shlex
    import shutil

    try:
        command = shlex.split(os.environ.get("PAGER", "less"))
    except ValueError:
        return []
    if not command or command == ["cat"] or shutil.which(command[0]) is None:
        return []
    return command


def _pager_environment() -> dict[str, str]:
    """As git sets it: a screen or less is shown at once, colours are kept, nothing is cleared."""
    return {"LESS": "FRX", "LESSCHARSET": "utf-8", **os.environ}


def _close(pager: Any) -> None:
    from contextlib import suppress

    with suppress(BrokenPipeError):
        pager.stdin.close()
    while True:
        try:
            pager.wait()
            return
        except KeyboardInterrupt:  # it is the pager's, which goes on
            continue


def stderr_console() -> Console:
    """rich's console on stderr, where all talk goes. It draws with control characters of its own:
    what is printed with it goes through ``escape_controls`` first."""
    from rich.console import Console

    stream = sys.stderr
    return Console(file=getattr(stream, "raw", stream), no_color=wants_colour() is False)
