"""``wechat-archive doctor``: is everything around the archive as it should be."""

from __future__ import annotations

import click

from archive.cli.common import App, archive_command, pass_app, rows_as_json
from archive.cli.console import styled
from archive.i18n import gettext as _

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@archive_command("doctor", short_help="Check this machine and the archive's folder.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_app
def command(app: App, as_json: bool) -> None:
    """Check this machine and the archive's folder: Python, SQLite, permissions, disk, clock, proxy,
    timer.

    Each line says ok, warn or fail, and what to do. Never touches the network and changes nothing.
    Ends with 0 where nothing fails, else with the exit code that other commands would end with.
    """
    from archive.cli.widths import pad
    from archive.doctor import examine, exit_code

    found = []
    for one in examine(app.root):
        found.append(one)
        if as_json:
            rows_as_json([one.as_dict()])
            continue
        advice = f"\n{'':19}→ {_(one.advice)}" if one.advice else ""
        level = styled(f"{one.level:5}", _COLOURS[one.level])
        click.echo(f"{level} {pad(_(one.check), 13)}{_(one.said)}{advice}")
    click.get_current_context().exit(exit_code(found))
