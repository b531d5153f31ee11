"""``wechat-archive backup``: a copy of the archive while it is in use."""

from __future__ import annotations

import json
from pathlib import Path

import click

from archive.cli.common import App, archive_command, pass_app
from archive.cli.noticed import notice_edits
from archive.i18n import gettext as _


@archive_command("backup", short_help="Copy the archive while it is in use.")
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Over another or newer archive too; says what is lost.")
@click.option("--wait", is_flag=True, help="Wait for another command that writes to DIR.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@pass_app
def command(app: App, target: Path, force: bool, wait: bool, as_json: bool) -> None:
    """Copy the archive to DIR while other commands go on.

    DIR is then an archive itself: use it with --archive DIR. Again into the same DIR copies only
    what is new; a file that you changed there stays, the new text goes beside it. A folder that is
    not this archive's own older backup is refused. Images are hard links where both are on one disk
    (so copy to another disk, too).
    """
    from archive.backup import backup
    from archive.cli.progress import progress

    notice_edits(app, whole=True)
    with progress(app, _("backing up")) as step:
        report = backup(app.root, target, step, force=force, wait=wait, tell=app.tell)
    for path in report.beside:
        app.say(_("changed in the backup, the new text is beside it: {path}", path=path))
    for path in report.missing:
        app.say(_("missing in the archive: {path}", path=path))
    if as_json:
        click.echo(json.dumps(report.as_dict(), ensure_ascii=False))
    else:
        click.echo(_(report.line()))
    click.get_current_context().exit(report.exit_code)
