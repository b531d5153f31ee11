"""``wechat-archive accounts``, ``albums`` and ``tags``: what there is to ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from archive.cli.common import App, archive_command, pass_app, rows_as_json
from archive.db.names import ARCHIVE_DB
from archive.i18n import gettext as _

if TYPE_CHECKING:
    import sqlite3

    from archive.store.browse import Tally

_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@archive_command("accounts", short_help="List the accounts, each with how many articles.")
@_JSON
@pass_app
def accounts(app: App, as_json: bool) -> None:
    """List the accounts (公众号) of which articles are held: how many, name, __biz.

    A part of the name or the __biz is what --account takes.
    """
    from archive.store import browse

    _show(app, browse.accounts, as_json)


@archive_command("albums", short_help="List the albums, each with how many articles.")
@_JSON
@pass_app
def albums(app: App, as_json: bool) -> None:
    """List the albums (合集) of which articles are held: how many, title, id.

    Title or id is what --album takes.
    """
    from archive.store import browse

    _show(app, browse.albums, as_json)


@archive_command("tags", short_help="List your tags and WeChat's, each with how many articles.")
@_JSON
@pass_app
def tags(app: App, as_json: bool) -> None:
    """List the tags of the articles held, yours and WeChat's apart: how many, tag.

    Yours are what --tag and `search tag:…` take, WeChat's what --topic and `search topic:…` take.
    """
    from archive.cli.console import paged, screen_columns
    from archive.store import browse

    found = {
        whose: _asked(app, ask) for whose, ask in (("own", browse.tags), ("wechat", browse.topics))
    }
    if as_json:
        rows_as_json(
            {"tag": one.name, "whose": whose, "articles": one.articles}
            for whose, tallies in found.items()
            for one in tallies
        )
        return
    if not any(found.values()):
        app.say(_("there are none"))
        return
    columns = screen_columns()
    with paged():
        _section(_("your tags (`tag` gives them):"), found["own"], columns)
        _section(_("tags on WeChat's pages:"), found["wechat"], columns)


def _section(heading: str, tallies: Sequence[Tally], columns: int | None) -> None:
    from archive.cli.widths import wrap

    if tallies:
        click.echo(heading)
    for one in tallies:
        head = f"{one.articles:6}  "
        row = f"{head}{one.title}"
        click.echo(row if columns is None else wrap(one.title, columns, head, " " * len(head)))


def _asked(app: App, ask: Callable[[sqlite3.Connection], Sequence[Tally]]) -> Sequence[Tally]:
    from archive.db.opening import open_database

    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        return ask(db.conn)


def _show(app: App, ask: Callable[[sqlite3.Connection], Sequence[Tally]], as_json: bool) -> None:
    from archive.cli.console import paged, screen_columns

    found = _asked(app, ask)
    if as_json:
        rows_as_json(
            {"name": one.name, "title": one.title, "articles": one.articles} for one in found
        )
        return
    if not found:
        app.say(_("there are none"))
    columns = screen_columns()
    with paged():
        for line in _rows(found, columns):
            click.echo(line)


def _rows(found: Sequence[Tally], columns: int | None) -> Iterator[str]:
    from archive.cli.widths import clip, pad, width, wrap

    names = ["" if one.name == one.title else one.name for one in found]
    titles = [" ".join(one.title.split()) for one in found]
    room = _room(columns, max(map(len, names), default=0))
    column = min(room, max(map(width, titles), default=0))
    for one, title, name in zip(found, titles, names, strict=True):
        head = f"{one.articles:6}  "
        if columns is None or room >= _NARROW:
            yield f"{head}{pad(clip(title, column), column)}  {name}".rstrip()
            continue
        below = f"\n{' ' * len(head)}{name}" if name else ""
        yield wrap(title, columns, head, " " * len(head)) + below


#: A column of titles is no narrower: below that the name stands under it.
_NARROW = 20


def _room(columns: int | None, longest_name: int) -> int:
    """How wide a title may be beside the number and the longest name."""
    if columns is None:
        return 40
    return min(40, columns - 8 - (2 + longest_name if longest_name else 0))
