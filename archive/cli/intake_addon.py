"""``wechat-archive intake-addon``: a mitmproxy add-on that hands over what one reads."""

from __future__ import annotations

from pathlib import Path

import click

from archive.cli.common import App, archive_command, pass_app


@archive_command(
    "intake-addon", short_help="Print a mitmproxy add-on that hands over what you read."
)
@click.option(
    "--server",
    default="http://127.0.0.1:8787",
    metavar="URL",
    help="Where `serve` is reached [default: http://127.0.0.1:8787].",
)
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="That of `serve`, where it has one.",
)
@pass_app
def command(app: App, server: str, token_file: Path | None) -> None:
    """Print a mitmproxy add-on, with this archive's intake key in it: what you read in WeChat is
    handed to `serve` as you read.

    The key opens handing in and nothing else. The script needs nothing but mitmproxy.
    """
    from archive.db.names import ARCHIVE_DB
    from archive.db.opening import require_archive
    from archive.web.addon import script
    from archive.web.intake import intake_key
    from archive.web.settings import read_token

    require_archive(app.root / ARCHIVE_DB)
    token = read_token(token_file)[0] if token_file is not None else None
    click.echo(script(server.rstrip("/"), intake_key(app.root, token)), nl=False)
