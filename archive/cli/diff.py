"""``wechat-archive diff``: what changed between versions of an article."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archive.cli.common import App, archive_command, pass_app
from archive.cli.console import paged
from archive.cli.noticed import notice_edits
from archive.cli.versions import VersionName
from archive.db.names import ARCHIVE_DB

if TYPE_CHECKING:
    from archive.store.comparing import Which


@archive_command("diff", short_help="Show what changed between versions of an article.")
@click.argument("name", metavar="KEY|ADDRESS")
@click.argument("older", metavar="A", required=False, type=VersionName())
@click.argument("newer", metavar="B", required=False, type=VersionName())
@pass_app
def command(app: App, name: str, older: Which | None, newer: Which | None) -> None:
    """Show what changed from version A to version B of an article, as a unified diff of their
    Markdown.

    `show KEY --versions` names them: 1, 2 … what WeChat showed, m1, m2 … the states of the file
    that you made. The newest two of WeChat's by default, or the only one and your newest; A alone
    is compared with the newest of its kind, your newest with WeChat's. Without a difference nothing
    is printed.
    """
    from archive.db.opening import open_database
    from archive.store import Store, comparing

    notice_edits(app)
    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        store = Store(db, app.root)
        changes = comparing.diff(store, store.get(name), older, newer)
        with paged():
            for line in changes:
                click.echo(line, nl=not line.endswith("\n"))
