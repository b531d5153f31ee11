"""``wechat-archive serve``: the archive in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive.cli.common import App, archive_command, pass_app
from archive.cli.crawling import Duration
from archive.db.names import ARCHIVE_DB
from archive.i18n import gettext as _

if TYPE_CHECKING:
    from archive.web.app import Endpoint
    from archive.web.settings import Settings


@archive_command("serve", short_help="Read and search the archive in a browser.")
@click.option(
    "--host",
    default="127.0.0.1",
    metavar="HOST",
    help="The address to listen at [default: 127.0.0.1].",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8787,
    metavar="N",
    help="The port [default: 8787].",
)
@click.option("--open", "open_browser", is_flag=True, help="Open the page in the browser.")
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Ask visitors for the token in FILE; made where there is none. Needed for any host but this machine.",
)
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="Another name the server is reached by.",
)
@click.option(
    "--read-only", is_flag=True, help="Show only: nothing can be saved or changed from the page."
)
@click.option(
    "--every", type=Duration(), help="Do what `run` does so often, as 1h, in the same process."
)
@pass_app
def command(
    app: App,
    host: str,
    port: int,
    open_browser: bool,
    token_file: Path | None,
    names: tuple[str, ...],
    read_only: bool,
    every: float | None,
) -> None:
    """Read, search and follow the archive in a browser, on this machine or, with a token, from
    others.

    Everything comes from the archive itself; a page loads nothing from elsewhere. Other commands
    may run beside it.
    """
    from archive.web.settings import Settings, is_loopback, read_token

    if every is not None and every < 60:
        raise click.UsageError(_("--every must be a minute or more."))
    if every is not None and read_only:
        raise click.UsageError(
            _("--every saves articles, --read-only forbids it: give one of them.")
        )
    token = None
    if token_file is not None:
        token, made = read_token(token_file.expanduser())
        if made:
            app.say(_("made a token in {token_file}", token_file=token_file))
    elif not is_loopback(host):
        raise click.UsageError(
            _(
                "{host} can be reached from other machines: give --token-file FILE (made "
                "where there is none).",
                host=host,
            )
        )
    settings = Settings(
        host=host, port=port, token=token, read_only=read_only, every=every, names=tuple(names)
    )
    _serve(app, settings, open_browser)


def _serve(app: App, settings: Settings, open_browser: bool) -> None:
    from archive.errors import NotHeld
    from archive.web.server import serve

    if not (app.root / ARCHIVE_DB).exists():
        if settings.read_only:
            raise NotHeld(
                _(
                    "there is no archive in {root} to show: --archive DIR names another",
                    root=app.root,
                )
            )
        app.say(_("there is no archive in {root} yet: an empty one is made", root=app.root))

    def ready(address: str) -> None:
        app.say(_("reading {root} at {address} (Ctrl-C ends it)", root=app.root, address=address))
        if settings.token is not None:
            app.say(
                _(
                    "a browser is asked for the token once; feed readers and programs: see "
                    "docs/web.md"
                )
            )
        if open_browser:
            click.launch(address)

    serve(app.root, settings, ready, _for_agents())


def _for_agents() -> Endpoint | None:
    """What answers at /mcp, where the extra `mcp` is installed."""
    from importlib.util import find_spec

    if find_spec("mcp") is None:
        return None
    from archive.agents.server import http_endpoint

    return http_endpoint
