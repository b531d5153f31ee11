"""``wechat-archive config``: the settings in force and where each comes from."""

from __future__ import annotations

import click

from archive.cli.common import App, archive_command, pass_app, rows_as_json, write_new
from archive.cli.console import styled
from archive.db.names import CONFIG
from archive.i18n import gettext as _


@archive_command("config", short_help="Show the settings in force and where they come from.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--init", is_flag=True, help="Write a config.toml with every setting commented out.")
@pass_app
def command(app: App, as_json: bool, init: bool) -> None:
    """Show the settings in force and where they come from.

    A setting is taken from an option of the command, else the environment, else config.toml in the
    archive folder, else its default.
    """
    from archive import config as settings
    from archive.cli.widths import pad

    path = app.root / CONFIG
    if init:
        _write_template(app, settings.template(_))
    shown = {
        name: {
            "value": settings.shown_value(name, getattr(app.config, name)),
            "source": app.config.sources.get(name, "default"),
        }
        for name in settings.setting_names()
    }
    if as_json:
        rows_as_json([{"archive": str(app.root), "file": str(path), "settings": shown}])
        return
    there = "" if path.exists() else _("(not there: all defaults)")
    click.echo(pad(_("archive"), 9) + str(app.root))
    click.echo(pad(_("file"), 9) + f"{path} {there}".rstrip() + "\n")
    for name, setting in shown.items():
        source = styled(f"  ({_(setting['source'])})", "dim")
        click.echo(f"{name:15} {_plain(setting['value'])}{source}")


def _plain(value: object) -> str:
    if value is None or value == ():
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _write_template(app: App, text: str) -> None:
    path = app.root / CONFIG
    # Private from the start: a proxy's password will be written into it.
    write_new(path, text, mode=0o600, make_folder=True)
    app.say(_("wrote {path}", path=path))
