"""``wechat-archive save``: addresses, lists and saved pages become kept articles."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from archive.cli.common import App, Count, archive_command, pass_app, refuse_beside_json
from archive.cli.crawling import Network, listeners, network_options, show
from archive.cli.noticed import notice_edits
from archive.i18n import gettext as _
from scraper.messages import mark

if TYPE_CHECKING:
    from archive.config import Config
    from archive.importers import ImportReport


@archive_command("save", short_help="Fetch articles and keep them.")
@click.argument("addresses", nargs=-1, metavar="ADDRESS|FILE.html|FOLDER|-…")
@click.option(
    "-i",
    "--input",
    "lists",
    multiple=True,
    metavar="FILE",
    help="A list of addresses, one or more a line.",
)
@click.option(
    "--follow",
    type=Count(0),
    metavar="N",
    help="Follow related reads so many links deep [default: 0].",
)
@click.option(
    "--scope",
    type=click.Choice(["any", "account", "album"]),
    help="Which related reads [default: any].",
)
@click.option("--limit", type=Count(1), metavar="N", help="At most so many articles.")
@click.option("--refresh", is_flag=True, help="Fetch what is held again; write only what changed.")
@click.option("--again", is_flag=True, help="Fetch also what you removed.")
@click.option("--paste", is_flag=True, help="Also what the clipboard holds.")
@click.option(
    "--dry-run", is_flag=True, help="Say what would be fetched; nothing is fetched or written."
)
@network_options
@pass_app
def command(
    app: App,
    addresses: tuple[str, ...],
    lists: tuple[str, ...],
    follow: int | None,
    scope: str | None,
    limit: int | None,
    refresh: bool,
    again: bool,
    paste: bool,
    dry_run: bool,
    network: Network,
) -> None:
    """Fetch articles of mp.weixin.qq.com and keep each as a Markdown file, with its images, and in
    the database.

    Give addresses in any form, also inside a pasted sentence; saved pages (.html, .mhtml,
    .webarchive; pictures saved with them are taken from there) or folders of them; `-` for standard
    input. What is held already is not fetched again.
    """
    addresses = _given(addresses, lists, paste)
    refuse_beside_json(network.as_json, dry_run=dry_run)
    if dry_run:
        _rehearse(app, addresses, lists, refresh=refresh)
        return
    from archive.run import RunReport
    from archive.run.inputs import read
    from archive.saved.files import is_recording

    recordings = [text for text in addresses if is_recording(text)]
    addresses = tuple(text for text in addresses if text not in recordings)
    config = network.config(app, follow=follow, scope=scope, limit=limit)
    report = RunReport(whole=network.as_json)
    if recordings:
        from archive.importers.recordings import add_to

        imported = _import(app, recordings, config, wait=network.wait)
        if imported.signal or not addresses + lists:
            _tell_imported(app, imported, as_json=network.as_json)
            click.get_current_context().exit(imported.exit_code)
        app.say(imported.line())
        add_to(report, imported, lambda result: None)
    notice_edits(app, whole=True)
    inputs = read(addresses, lists, stdin=sys.stdin.buffer.read)
    with listeners(app) as heard:
        network.runner(app, config, report, heard).save(inputs, refresh=refresh, again=again)
    show(app, report, as_json=network.as_json, always_summarise=not app.quiet)


def _import(app: App, files: list[str], config: Config, *, wait: bool) -> ImportReport:
    """Take recordings in, as `import` does."""
    from archive.importers.recordings import take_recordings

    report = take_recordings(app.root, files, config, wait=wait)
    for taken in report.failures:
        app.tell(
            _("not read: {what}: {error}", what=taken.source, error=taken.error), level="warning"
        )
    return report


def _tell_imported(app: App, report: ImportReport, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        app.say(report.line())


def _given(addresses: tuple[str, ...], lists: tuple[str, ...], paste: bool) -> tuple[str, ...]:
    """The addresses, with what the clipboard holds. Raises ``click.UsageError`` for nothing."""
    if paste:
        from archive.cli import clipboard

        addresses = (*addresses, clipboard.text())
    if not addresses and not lists:
        raise click.UsageError(
            _("give an address, a saved page, a folder, or a list with -i FILE.")
        )
    return addresses


def _rehearse(
    app: App, addresses: tuple[str, ...], lists: tuple[str, ...], *, refresh: bool
) -> None:
    """A line for each thing given: held, or what a `save` would do with it."""
    from archive.run.inputs import read
    from archive.saved.files import is_recording

    recordings = [*filter(is_recording, addresses)]
    others = [text for text in addresses if text not in recordings]
    inputs = read(others, lists, stdin=sys.stdin.buffer.read)
    known = set() if refresh else _known(app)
    counts = {"held": 0, "to fetch": 0}
    for address in inputs.addresses.values():
        change = "held" if address.canonical in known else "to fetch"
        counts[change] += 1
        click.echo(_("{change}: {where}", change=mark(change), where=address.fetch))
    for file in (*inputs.files, *recordings):
        click.echo(_("to read: {path}", path=file))
    for error in inputs.wrong:
        app.tell(mark("{change}: {what}", change=mark("failed"), what=error), level="warning")
    app.say(
        _(
            "{n} to fetch, {held} held already, {files} files, {wrong} without an address",
            n=counts["to fetch"],
            held=counts["held"],
            files=len(inputs.files) + len(recordings),
            wrong=len(inputs.wrong),
        )
    )


def _known(app: App) -> set[str]:
    """The canonical addresses of held articles; none where there is no archive yet."""
    from archive.db.names import ARCHIVE_DB
    from archive.db.opening import open_database

    if not (app.root / ARCHIVE_DB).exists():
        return set()
    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        rows = db.conn.execute(
            "SELECT address FROM addresses WHERE article_id IS NOT NULL"
        ).fetchall()
    return {row["address"] for row in rows}


#: What a rehearsal says of an address.
_REHEARSED = (mark("held"), mark("to fetch"))
