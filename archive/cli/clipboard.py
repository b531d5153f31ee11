"""What was copied last, by whatever this machine reads its clipboard with."""

from __future__ import annotations

import shutil
import subprocess

import click

from archive.i18n import gettext as _

#: macOS, Wayland, X11, Termux on Android, Windows below WSL.
PROGRAMS = (
    ("pbpaste",),
    ("wl-paste", "--no-newline"),
    ("xclip", "-selection", "clipboard", "-out"),
    ("xsel", "--clipboard", "--output"),
    ("termux-clipboard-get",),
    ("powershell.exe", "-NoProfile", "-Command", "Get-Clipboard"),
)
_PATIENCE = 10  #: seconds


def text() -> str:
    """The clipboard's text. Raises ``click.UsageError`` where there is none or nothing reads it."""
    for command in PROGRAMS:
        if shutil.which(command[0]) is None:
            continue
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_PATIENCE,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.decode("utf-8", "replace")
    raise click.UsageError(
        _(
            "the clipboard is empty, or nothing here reads it (pbpaste, wl-paste, xclip, xsel): "
            "paste the address behind `save` instead"
        )
    )
