"""``wechat-archive show``: one article, its versions, its links."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from archive.cli.common import App, archive_command, pass_app, rows_as_json
from archive.db.names import ARCHIVE_DB

if TYPE_CHECKING:
    from archive.store import Store, Stored


@archive_command("show", short_help="Show one article, its versions or links.")
@click.argument("name", metavar="KEY|ADDRESS")
@click.option(
    "--versions",
    "what",
    flag_value="versions",
    help="Each distinct content: when seen, what differs.",
)
@click.option(
    "--links",
    "what",
    flag_value="links",
    help="What it links to, what links to it, what is not held yet.",
)
@click.option(
    "--version",
    "number",
    type=click.IntRange(min=1),
    metavar="N",
    help="An earlier version's Markdown.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="JSON: everything known, or the versions or links."
)
@pass_app
def command(app: App, name: str, what: str | None, number: int | None, as_json: bool) -> None:
    """Show one article as Markdown, by its key (six characters are enough), any address, or its
    file's path.

    With --json: all facts, addresses, media and links as one object. Never touches the network.
    """
    from archive.db.opening import open_database
    from archive.store import Store

    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        store = Store(db, app.root)
        held = store.get(name)
        if what == "versions":
            _versions(store, held, as_json)
        elif what == "links":
            _links(store, held, as_json)
        elif as_json:
            from archive.store.as_json import everything

            rows_as_json([everything(store, held, number)])
        elif number is not None:
            import archive

            click.echo(archive.to_markdown(store.version(held.article_id, number)), nl=False)
        else:
            click.echo(store.markdown(held.article_id), nl=False)


def _versions(store: Store, held: Stored, as_json: bool) -> None:
    versions = store.versions(held.article_id)
    if as_json:
        click.echo(json.dumps([version.to_json() for version in versions], ensure_ascii=False))
        return
    for version in versions:
        differs = (
            "; ".join(_in_words(name, change) for name, change in version.changes.items())
            or "first seen"
        )
        mark = " (the file)" if version.current else ""
        click.echo(
            f"{version.number}  {version.seen.isoformat(timespec='minutes')}{mark}  {version.title}\n   {differs}"
        )


def _in_words(name: str, change: Any) -> str:
    if isinstance(change, dict):
        return f"{name}: +{change['added']} -{change['removed']}"
    if isinstance(change, list) and len(change) == 2 and name != "edits":
        return f"{name}: {change[0] or '-'} → {change[1] or '-'}"
    if name == "edits":
        return f"WeChat notes {len(change)} edit{'s' if len(change) != 1 else ''}"
    return name.replace("_", " ")


def _links(store: Store, held: Stored, as_json: bool) -> None:
    from archive.store.as_json import links_and_backlinks

    report = links_and_backlinks(store, held)
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
        return
    for title, rows in (
        ("Links to articles held", [edge for edge in report["links"] if edge["key"]]),
        ("Links to articles not held", report["not_held"]),
        ("Other links", [edge for edge in report["links"] if not edge["article"]]),
        ("Linked from", report["backlinks"]),
    ):
        if rows:
            click.echo(f"{title} ({len(rows)})")
        for row in rows:
            words = " ".join((row["text"] or row["title"] or "").split())
            click.echo(f"  {row['relation']:<14} {row['key'] or row.get('url')}  {words}")
