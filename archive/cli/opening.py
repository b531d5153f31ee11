"""Files opened with the program that this machine has for them."""

from __future__ import annotations

from pathlib import Path

import click

from archive.cli.common import App
from archive.i18n import gettext as _


def open_file(app: App, path: Path) -> None:
    """Open ``path``, or say why not."""
    if not path.exists():
        app.say(
            _("{path} is not there; `wechat-archive verify --repair` writes it again", path=path)
        )
    elif click.launch(str(path)) != 0:
        app.say(
            _(
                "nothing on this machine opens files (xdg-open is missing); the file is {path}",
                path=path,
            )
        )
