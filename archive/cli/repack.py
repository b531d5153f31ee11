"""``wechat-archive repack``: raw pages made as small as they can be."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from archive.cli.common import App, archive_command, pass_app
from archive.db.names import SNAPSHOTS_DB
from archive.i18n import gettext as _

if TYPE_CHECKING:
    from archive.snapshots.repack import Repacked


@archive_command("repack", short_help="Make the kept raw pages smaller.")
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
def command(app: App, jobs: int | None, wait: bool, as_json: bool) -> None:
    """Make the kept raw pages smaller.

    A raw page is packed quickly when it comes and with care later: here, at the end of a `run`, and
    at the end of a large `import`. Nothing is lost if it is stopped or killed; the next one goes on
    where it was.
    """
    from archive.cli.progress import progress
    from archive.db.lock import Lock
    from archive.errors import NotHeld
    from archive.run.signals import Interrupted, Signals
    from archive.snapshots import Snapshots

    place = app.root / SNAPSHOTS_DB
    if not place.exists():
        raise NotHeld(
            _("there are no raw pages in {root}: snapshots.db is not there", root=app.root)
        )
    signals = Signals()
    report = None
    with (
        signals.listening(),
        suppress(Interrupted),
        Lock(app.root, wait=wait),
        Snapshots(place) as snapshots,
        progress(app, _("packing raw pages")) as step,
        signals.hold(),
    ):
        report = snapshots.repack(jobs=jobs, progress=step, stop=lambda: signals.number is not None)
    if report is not None:
        _tell(report, as_json)
    click.get_current_context().exit(128 + signals.number if signals.number else 0)


def _tell(report: Repacked, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.as_dict()))
    else:
        click.echo(
            _(
                "{pages} raw pages packed again, {waiting} waiting: {before:.1f} MB "
                "before, {after:.1f} MB now",
                pages=report.pages,
                waiting=report.waiting,
                before=report.before / 1000000.0,
                after=report.after / 1000000.0,
            )
        )
