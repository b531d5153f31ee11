"""``wechat-archive backup``: a copy of the archive while it is in use."""

from __future__ import annotations

import json
from pathlib import Path

import click

from archive.cli.common import App, archive_command, pass_app


@archive_command("backup", short_help="Copy the archive while it is in use.")
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@pass_app
def command(app: App, target: Path, as_json: bool) -> None:
    """Copy the archive to DIR while other commands go on.

    DIR is then an archive itself: use it with --archive DIR. Again into the same DIR copies only what is new. Images
    are hard links where both are on one disk (so copy to another disk, too).
    """
    from archive.backup import backup
    from archive.cli.progress import progress

    with progress(app, "backing up") as step:
        report = backup(app.root, target, step)
    for path in report.missing:
        app.say(f"missing in the archive: {path}")
    if as_json:
        click.echo(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        click.echo(report.line())
    click.get_current_context().exit(report.exit_code)
