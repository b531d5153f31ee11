"""``wechat-archive config``: the settings in force and where each comes from."""

from __future__ import annotations

import click

from archive.cli.common import App, archive_command, pass_app
from archive.db.names import CONFIG


@archive_command("config", short_help="Show the settings in force and where they come from.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--init", is_flag=True, help="Write a config.toml with every setting commented out.")
@pass_app
def command(app: App, as_json: bool, init: bool) -> None:
    """Show the settings in force and where they come from.

    A setting is taken from an option of the command, else the environment, else config.toml in the archive folder,
    else its default.
    """
    from archive import config as settings
    from scraper.redact import redact

    path = app.root / CONFIG
    if init:
        _write_template(app, settings.template())
    shown = {
        name: (getattr(app.config, name), app.config.sources.get(name, "default"))
        for name in settings.setting_names()
    }
    if as_json:
        import json

        report = {
            name: {"value": value, "source": source} for name, (value, source) in shown.items()
        }
        text = json.dumps(
            {"archive": str(app.root), "file": str(path), "settings": report}, ensure_ascii=False
        )
        click.echo(redact(text))
        return
    click.echo(
        f"archive  {app.root}\nfile     {path}{'' if path.exists() else ' (not there: all defaults)'}\n"
    )
    for name, (value, source) in shown.items():
        click.echo(redact(f"{name:15} {_plain(value)}") + click.style(f"  ({source})", dim=True))


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
    if path.exists():
        raise click.UsageError(f"{path} is already there; edit it, or move it away first.")
    app.root.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    app.say(f"wrote {path}")
