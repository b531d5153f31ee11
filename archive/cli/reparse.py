"""``wechat-archive reparse``: everything derived, made again from the raw pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from archive.cli.common import App, archive_command, pass_app
from archive.i18n import gettext as _
from archive.i18n import mark

if TYPE_CHECKING:
    from archive.reparse import Change


def _described(change: Change, name: str | None) -> str:
    fields = [mark(field.replace("_", " ")) for field in change.fields]
    said = mark("{change}: {where}", change=mark(change.what), where=name)
    return mark("{said} ({fields})", said=said, fields=fields) if fields else said


@archive_command("reparse", short_help="Make articles again from their raw pages.")
@click.argument("keys", nargs=-1, metavar="[KEY|ADDRESS]…")
@click.option("--all", "everything", is_flag=True, help="Every article that has a raw page.")
@click.option("--changed", is_flag=True, help="Articles that an older parser made [default].")
@click.option(
    "-n", "--dry-run", is_flag=True, help="Write nothing; show as diffs what would change."
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes [default: one a core].",
)
@click.option("--wait", is_flag=True, help="Wait for another command that writes to the archive.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@pass_app
def command(
    app: App,
    keys: tuple[str, ...],
    everything: bool,
    changed: bool,
    dry_run: bool,
    jobs: int | None,
    wait: bool,
    as_json: bool,
) -> None:
    """Make articles again from their raw pages.

    Nothing is fetched. A new parser's gains reach everything that was ever saved, also what has
    been deleted since. Interrupted, the same command goes on where it was.
    """
    if everything + changed + bool(keys) > 1:
        raise click.UsageError(_("give keys, --all or --changed, not several of them"))
    from archive.cli.progress import progress
    from archive.reparse import reparse

    def tell(change: Change) -> None:
        if as_json:
            return
        if dry_run and change.what != "failed":
            click.echo(change.diff or _(_described(change, change.title or change.address)))
        elif change.what == "failed":
            app.say(mark("{name}: {error}", name=change.key or change.address, error=change.error))
        elif app.verbosity:
            app.say(_described(change, change.path))

    with progress(app, _("reading raw pages")) as step:
        report = reparse(
            app.root,
            keys=keys,
            scope="all" if everything else "changed",
            dry_run=dry_run,
            jobs=jobs,
            wait=wait,
            versions=app.config.versions,
            pictures=app.config.images != "none",
            tell=tell,
            progress=step,
        )
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        click.echo(_(report.line()), err=dry_run)
    click.get_current_context().exit(report.exit_code)
