"""The README's picture: ``python -m tests.picture`` runs the program against the small internet and
draws the terminal.

What it shows is what came out; nothing is written by hand but the three commands. The folder that
it ran in is shown as a person's own, ``~``.
"""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.text import Text

from tests import pages
from tests.weixin.__main__ import load
from tests.weixin.server import Internet

PICTURE = pages.ROOT / "docs" / "first-day.svg"
COMMANDS = (
    "wechat-archive save --follow 3 --interval 0 https://mp.weixin.qq.com/s/WelcomeToASmallWeixin1",
    "wechat-archive search 融资 估值 --limit 2",
    "wechat-archive status",
)
COLUMNS, CELL, LINE, MARGIN, BAR = 104, 8.4, 19, 18, 34
_RED, _GREEN, _YELLOW, _CYAN = "#e06c75", "#98c379", "#e5c07b", "#56b6c2"
_SHOWN = {1: _RED, 2: _GREEN, 3: _YELLOW, 6: _CYAN}  # by the terminal's number of a colour
_FONT = "ui-monospace,Menlo,Consolas,'DejaVu Sans Mono','Noto Sans Mono CJK SC','Noto Sans CJK SC',monospace"


def main() -> None:
    """Run the commands, draw what they print."""
    lines: list[Text] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Internet(load("tests.weixin.default_site:site")) as internet,
    ):
        program = Path(sys.executable).parent
        env = {
            **os.environ,
            **internet.env,
            "PATH": f"{program}:{os.environ['PATH']}",
            "COLUMNS": str(COLUMNS),
        }
        for command in COMMANDS:
            lines += [Text(f"$ {command}", style="bold green")]
            printed = _printed(command.split(), folder, env)
            lines += [Text.from_ansi(line.replace(folder, "~")) for line in printed]
            lines += [Text("")]
    PICTURE.write_text(_svg(_wrapped(lines[:-1])), encoding="utf-8")
    print(PICTURE.relative_to(pages.ROOT))


def _printed(command: list[str], folder: str, env: dict[str, str]) -> list[str]:
    """What a command prints; `save` without the progress bar that a terminal would see and
    overwrite.
    """
    if command[1] == "save":
        done = subprocess.run(
            command,
            cwd=folder,
            env=env,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return done.stdout.decode().splitlines()
    terminal, other_end = pty.openpty()
    with subprocess.Popen(command, cwd=folder, env=env, stdout=other_end, stderr=other_end):
        os.close(other_end)
        return b"".join(_read(terminal)).decode().splitlines()


def _read(terminal: int) -> Iterator[bytes]:
    """All that comes out of a terminal until the last writer has gone, which Linux tells by an
    error.
    """
    try:
        while data := os.read(terminal, 65536):
            yield data
    except OSError:
        pass
    finally:
        os.close(terminal)


def _wrapped(lines: list[Text]) -> list[list[Segment]]:
    console = Console(
        width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    return [row for line in lines for row in console.render_lines(line, pad=False)]


def _svg(rows: list[list[Segment]]) -> str:
    width, height = round(COLUMNS * CELL + 2 * MARGIN), BAR + len(rows) * LINE + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-size="14"',
        f' font-family="{_FONT}">',
        "<title>wechat-archive save, search and status in a terminal</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#282c34"/>',
        *(
            f'<circle cx="{20 + 18 * i}" cy="17" r="5.5" fill="{c}"/>'
            for i, c in enumerate((_RED, _YELLOW, _GREEN))
        ),
    ]
    for number, row in enumerate(rows):
        parts += _drawn(row, BAR + number * LINE + 14)
    return "\n".join(parts) + "\n</svg>\n"


def _drawn(row: list[Segment], y: int) -> Iterator[str]:
    """One line; each run of Chinese or other characters is placed by the cells of a terminal."""
    at = 0
    for segment in row:
        style = segment.style
        number = style.color.number if style and style.color else None
        fill = _SHOWN.get(number or 0, "#7f848e" if style and style.dim else "#dcdfe4")
        weight = ' font-weight="bold"' if style and style.bold else ""
        for run in _runs(segment.text):
            cells = cell_len(run)
            if run.strip():
                yield (
                    f'<text x="{MARGIN + at * CELL:.1f}" y="{y}" textLength="{cells * CELL:.1f}" '
                    f'lengthAdjust="spacingAndGlyphs" xml:space="preserve" fill="{fill}"{weight}>{escape(run)}</text>'
                )
            at += cells


def _runs(text: str) -> Iterator[str]:
    """The text cut where its characters change from one cell to two or back."""
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or cell_len(text[end]) != cell_len(text[start]):
            yield text[start:end]
            start = end


if __name__ == "__main__":
    main()
