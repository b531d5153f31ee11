"""``wechat-archive mcp``: the archive for a language model."""

from __future__ import annotations

import click

from archive.cli.common import App, archive_command, pass_app
from archive.db.names import ARCHIVE_DB
from archive.i18n import gettext as _


@archive_command("mcp", short_help="Let a language model search and read the archive.")
@click.option("--allow-save", is_flag=True, help="Let it fetch and keep articles, too.")
@pass_app
def command(app: App, allow_save: bool) -> None:
    """Let a language model search and read the archive: a server of the Model Context Protocol over
    stdin and stdout.

    A client starts it by itself; how to tell it to stands in docs/agents.md. Needs the extra `mcp`.
    """
    from archive.db.opening import require_archive
    from archive.errors import BadConfig

    try:
        from archive.agents.server import run_stdio
    except ModuleNotFoundError as error:
        if error.name not in ("mcp", "mcp_types"):
            raise
        raise BadConfig(
            _(
                "the extra `mcp` is not installed: pip install 'wechat-archive[mcp]' (or: "
                "uv tool install 'wechat-archive[mcp]')"
            )
        ) from error
    from archive.library import Library

    if not allow_save:
        require_archive(app.root / ARCHIVE_DB)
    with Library(app.root) as library:
        run_stdio(library, allow_save=allow_save)
