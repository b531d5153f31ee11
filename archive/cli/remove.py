"""``wechat-archive remove``: take articles out of the archive, and bring them back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from archive.cli.common import App, archive_command, pass_app, rows_as_json
from archive.cli.each import about
from archive.cli.own import nothing_found
from archive.db.names import ARCHIVE_DB
from archive.i18n import gettext as _
from archive.i18n import plural
from scraper.clock import utc_now
from scraper.messages import mark
from scraper.zone import for_people

if TYPE_CHECKING:
    from archive.run.removing import Outcome
    from archive.store.removal import Tombstone


@archive_command("remove", short_help="Remove articles, or bring them back.")
@click.argument("keys", nargs=-1, metavar="KEY…")
@click.option("--query", metavar="QUERY", help="All that a search for this finds, as in `search`.")
@click.option("--raw", is_flag=True, help="Their raw pages too; these cannot be brought back.")
@click.option("--undo", is_flag=True, help="Bring back what was removed, or a deleted file.")
@click.option("--list", "listing", is_flag=True, help="Show what was removed.")
@click.option(
    "--yes", is_flag=True, help="Ask nothing: for more than one article that a query finds."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object an article.")
@click.option("--wait", is_flag=True, help="Wait for another command that is writing.")
@pass_app
def command(
    app: App,
    keys: tuple[str, ...],
    query: str | None,
    raw: bool,
    undo: bool,
    listing: bool,
    yes: bool,
    as_json: bool,
    wait: bool,
) -> None:
    """Remove articles with their files, versions, notes, and the media that no other article shows.

    For 30 days --undo brings them back; then a `run` deletes them for good. Nothing that is followed
    or watched fetches them again; `save --again ADDRESS` does. --undo also writes a file again that
    you deleted from the folder.
    """
    from archive.cli.progress import counted, progress
    from archive.run.removing import bring_back, removed, take_out

    if listing:
        found = removed(app.root)
        _list(found, as_json)
        if not found:
            app.say(_("nothing was removed"))
        return
    if not keys and query is None:
        raise click.UsageError(_("name an article by its key (`list` shows it), or give --query."))
    now = utc_now()
    if undo:
        with progress(app, _("bringing back")) as step:
            back = counted(bring_back(app.root, keys, now, wait=wait), len(keys), step)
            _done, failed = _tell(app, back, as_json, _("brought back"))
    else:
        _ask(app, keys, query, yes)
        with progress(app, _("removing")) as step:
            out = take_out(app.root, keys, now, query=query, raw=raw, wait=wait, progress=step)
            done, failed = _tell(app, out, as_json, _("removed"))
        if done:
            app.say(_("`wechat-archive remove --undo KEY` brings it back within 30 days"))
        elif not failed:
            nothing_found(app, query)
    if failed:
        click.get_current_context().exit(1)


def _tell(app: App, outcomes: Iterator[Outcome], as_json: bool, said: str) -> tuple[int, int]:
    """A line an article; how many were done, and how many failed."""
    done = failed = 0
    for outcome in outcomes:
        done += outcome.error is None
        if as_json:
            rows_as_json([outcome.as_dict()])
        elif outcome.error is None:
            click.echo(f"{outcome.key}  {said}  {' '.join(outcome.title.split())}")
        if outcome.error is not None:
            failed += 1
            told = mark("error: {what}", what=about(outcome.key, outcome.error))
            app.tell(told, level="error")
    return done, failed


def _ask(app: App, keys: tuple[str, ...], query: str | None, yes: bool) -> None:
    """All that a query finds is more than a slip of the finger should cost."""
    if query is None or yes:
        return
    from archive.db.opening import open_database
    from archive.search.matching import article_ids

    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        count = len(article_ids(db.conn, query))
    if count > 1 and not click.confirm(
        plural("Remove {n} article?", "Remove {n} articles?", count), err=True
    ):
        raise click.Abort


def _list(found: Sequence[Tombstone], as_json: bool) -> None:
    for one in found:
        if as_json:
            rows_as_json([one.as_dict()])
            continue
        until = (
            _("may be brought back until {time}", time=for_people(one.until))
            if one.until
            else _("gone for good")
        )
        title = " ".join(one.title.split())
        click.echo(
            f"{one.key}  {for_people(one.removed)}  {one.account or '-'}  {title}  ({until})"
        )
