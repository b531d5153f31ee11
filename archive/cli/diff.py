"""``wechat-archive diff``: what changed between versions of an article."""

from __future__ import annotations

import click

from archive.cli.common import App, archive_command, pass_app
from archive.cli.console import paged
from archive.db.names import ARCHIVE_DB


@archive_command("diff", short_help="Show what changed between versions of an article.")
@click.argument("name", metavar="KEY|ADDRESS")
@click.argument("older", metavar="A", required=False, type=click.IntRange(min=1))
@click.argument("newer", metavar="B", required=False, type=click.IntRange(min=1))
@pass_app
def command(app: App, name: str, older: int | None, newer: int | None) -> None:
    """Show what changed from version A to version B of an article, as a unified diff of their
    Markdown.

    The newest two by default; A alone is compared with the newest. `show KEY --versions` numbers
    them. Without a difference nothing is printed.
    """
    from archive.db.opening import open_database
    from archive.store import Store, comparing

    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        store = Store(db, app.root)
        changes = comparing.diff(store, store.get(name), older, newer)
        with paged():
            for line in changes:
                click.echo(line, nl=not line.endswith("\n"))
