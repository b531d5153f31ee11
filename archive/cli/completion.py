"""``wechat-archive completion``: Tab in bash, zsh and fish, also for what the archive holds: keys,
accounts, albums, tags.

The script that a shell loads asks the program itself, with ``$_WECHAT_ARCHIVE_COMPLETE`` set; click
knows what a shell wants to hear.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing

import click
from click.shell_completion import CompletionItem, get_completion_class, shell_complete

from archive.cli.common import App, archive_command
from archive.db.names import ARCHIVE_DB
from archive.db.opening import connect
from archive.errors import ArchiveError

VARIABLE = "_WECHAT_ARCHIVE_COMPLETE"
PROGRAM = "wechat-archive"
SHELLS = ("bash", "zsh", "fish")
#: More than a person looks through.
_MOST = 200

Found = Iterable[tuple[str, str]]


@archive_command("completion", short_help="Print what makes Tab complete commands and names.")
@click.argument("shell", type=click.Choice(SHELLS), metavar="bash|zsh|fish")
def command(shell: str) -> None:
    """Print what makes Tab complete commands, options, keys, accounts, albums and tags.

    \b
    bash  add to ~/.bashrc: eval "$(wechat-archive completion bash)"
    zsh   add to ~/.zshrc: eval "$(wechat-archive completion zsh)"
    fish  wechat-archive completion fish > ~/.config/fish/completions/wechat-archive.fish
    """
    from archive.cli import cli

    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(cli, {}, PROGRAM, VARIABLE).source())


def answer(group: click.Group) -> int:
    """What a shell's script asked for, on stdout; the exit code."""
    return shell_complete(group, {}, PROGRAM, VARIABLE, os.environ[VARIABLE])


def teach(command: click.Command) -> None:
    """Let a command's options and arguments complete what the archive holds."""
    for parameter in command.params:
        ask = _ASKED.get(parameter.name or "") or _ASKED.get(parameter.metavar or "")
        if ask is not None and isinstance(parameter.type, click.types.StringParamType):
            parameter.type = _Held(ask)


class _Held(click.types.StringParamType):
    """A text of which the archive knows some."""

    def __init__(self, ask: Callable[[sqlite3.Connection, str], Found]) -> None:
        self._ask = ask

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """What begins, or for names what goes on, as ``incomplete`` does; nothing where there is
        no archive."""
        app = ctx.find_object(App) or App()
        place = (app.root / ARCHIVE_DB).absolute()
        try:
            with closing(connect(place, readonly=True)) as conn:
                found = [*self._ask(conn, incomplete)]
        except (sqlite3.Error, ArchiveError):
            return []
        return [CompletionItem(value, help=" ".join(told.split())[:60]) for value, told in found]


def _keys(conn: sqlite3.Connection, begun: str) -> Found:
    return conn.execute(
        "SELECT key, title FROM articles WHERE key >= :begun AND key < :begun || '~' "
        "ORDER BY published DESC LIMIT :most",
        {"begun": begun, "most": _MOST},
    ).fetchall()


def _named(sql: str) -> Callable[[sqlite3.Connection, str], Found]:
    def ask(conn: sqlite3.Connection, begun: str) -> Found:
        return conn.execute(f"{sql} LIMIT {_MOST}", {"begun": begun}).fetchall()

    return ask


_accounts = _named(
    "SELECT name, count(*) || '' FROM accounts JOIN articles ON account_id = accounts.id "
    "WHERE instr(lower(name), lower(:begun)) = 1 OR :begun = '' GROUP BY name ORDER BY 2 DESC"
)
_albums = _named("SELECT title, '' FROM albums WHERE instr(title, :begun) = 1 OR :begun = ''")
_tags = _named(
    "SELECT tag, count(*) || '' FROM own_tags WHERE instr(tag, :begun) = 1 OR :begun = '' "
    "GROUP BY tag"
)
_topics = _named(
    "SELECT tag, count(*) || '' FROM tags WHERE instr(tag, :begun) = 1 OR :begun = '' GROUP BY tag"
)
#: By the name of an option, or what stands for an argument.
_ASKED: dict[str, Callable[[sqlite3.Connection, str], Found]] = {
    "account": _accounts,
    "album": _albums,
    "tag": _tags,
    "tags": _tags,
    "topic": _topics,
    "KEY": _keys,
    "KEY|ADDRESS": _keys,
    "[KEY|ADDRESS]…": _keys,
    "KEY|ADDRESS…": _keys,
    "KEY…": _keys,
    "[KEY]…": _keys,
}
