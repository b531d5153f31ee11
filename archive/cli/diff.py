"""``wechat-archive diff``: what changed between versions of an article."""

from __future__ import annotations

import difflib

import click

from archive.cli.common import App, archive_command, pass_app
from archive.db.names import ARCHIVE_DB


@archive_command("diff", short_help="Show what changed between versions of an article.")
@click.argument("name", metavar="KEY|ADDRESS")
@click.argument("older", metavar="A", required=False, type=click.IntRange(min=1))
@click.argument("newer", metavar="B", required=False, type=click.IntRange(min=1))
@pass_app
def command(app: App, name: str, older: int | None, newer: int | None) -> None:
    """Show what changed from version A to version B of an article, as a unified diff of their Markdown.

    The newest two by default; A alone is compared with the newest. `show KEY --versions` numbers them. Without a
    difference nothing is printed.
    """
    import archive
    from archive.db.opening import open_database
    from archive.errors import NotHeld
    from archive.store import Store

    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        store = Store(db, app.root)
        held = store.get(name)
        newer = newer or held.version
        older = older or newer - 1
        if older < 1:
            raise NotHeld(f"{held.key} has one version only: nothing to compare")
        seen = {version.number: version.seen for version in store.versions(held.article_id)}
        texts = {
            number: archive.to_markdown(store.version(held.article_id, number)).splitlines(
                keepends=True
            )
            for number in (older, newer)
        }
        for line in difflib.unified_diff(
            texts[older],
            texts[newer],
            f"{held.path} (version {older})",
            f"{held.path} (version {newer})",
            seen[older].isoformat(timespec="seconds"),
            seen[newer].isoformat(timespec="seconds"),
        ):
            click.echo(line, nl=not line.endswith("\n"))
