"""``wechat-archive accounts``, ``albums`` and ``tags``: what there is to ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    from archive.cli.console import paged
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
    with paged():
        _section(_("your tags (`tag` gives them):"), found["own"])
        _section(_("tags on WeChat's pages:"), found["wechat"])


def _section(heading: str, tallies: Sequence[Tally]) -> None:
    if tallies:
        click.echo(heading)
    for one in tallies:
        click.echo(f"{one.articles:6}  {one.title}")


def _asked(app: App, ask: Callable[[sqlite3.Connection], Sequence[Tally]]) -> Sequence[Tally]:
    from archive.db.opening import open_database

    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        return ask(db.conn)


def _show(app: App, ask: Callable[[sqlite3.Connection], Sequence[Tally]], as_json: bool) -> None:
    from archive.cli.console import paged
    from archive.cli.widths import clip, pad, width

    found = _asked(app, ask)
    if as_json:
        rows_as_json(
            {"name": one.name, "title": one.title, "articles": one.articles} for one in found
        )
        return
    if not found:
        app.say(_("there are none"))
    titles = [clip(" ".join(one.title.split()), 40) for one in found]
    column = max(map(width, titles), default=0)
    with paged():
        for one, title in zip(found, titles, strict=True):
            name = "" if one.name == one.title else one.name
            click.echo(f"{one.articles:6}  {pad(title, column)}  {name}".rstrip())
