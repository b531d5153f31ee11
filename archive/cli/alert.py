"""``wechat-archive alert``: saved searches, and where they and other news go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from archive.cli.common import (
    App,
    Command,
    Group,
    MinusCommand,
    pass_app,
    rows_as_json,
    without_guard,
)
from archive.db.names import ARCHIVE_DB
from archive.i18n import gettext as _
from archive.i18n import plural, recognised
from scraper.clock import utc_now
from scraper.messages import mark
from scraper.zone import for_people

if TYPE_CHECKING:
    import sqlite3

    from archive.config import WayConfig
    from archive.notify.message import Message
    from archive.notify.searches import SavedSearch

_WAIT = click.option("--wait", is_flag=True, help="Wait for another command that is writing.")


@click.group("alert", cls=Group, short_help="Be told when articles match, or something goes wrong.")
def command() -> None:
    """Be told when an article that is kept or changed matches a saved search, when an author changes
    or deletes a starred one, and when something goes wrong: a block, an expired login, a source
    that fails, a changed template, a full disk.

    Each `run` tells once, in one message, by every way: [[notify]] in config.toml, and --exec.
    """


@command.command("add", cls=MinusCommand, short_help="Save a search to be told of.")
@click.argument("name")
@click.argument("query", nargs=-1, required=True, metavar="QUERY…")
@_WAIT
@pass_app
def add(app: App, name: str, query: tuple[str, ...], wait: bool) -> None:
    """Save a search, in the query language of `search`: each `run` tells what came in and matches.
    Also a feed of `serve`: /feeds/alert/NAME.atom. A name that there is gets the new query."""
    from archive.notify import searches

    name, *typed = without_guard([name, *query])
    words = " ".join(typed)
    with _writing(app, wait) as conn:
        is_new = searches.add(conn, name, words, utc_now())
    said = (
        mark("added the alert {name}: {query}")
        if is_new
        else mark("changed the alert {name}: {query}")
    )
    app.say(_(said, name=name, query=words))
    if not _ways(app):
        app.say(
            _(
                "no way is set yet by which it could go: a table [[notify]] in config.toml, or "
                "`run --exec CMD`"
            )
        )


@command.command("remove", cls=Command, short_help="Forget saved searches.")
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@_WAIT
@pass_app
def remove(app: App, names: tuple[str, ...], wait: bool) -> None:
    """Forget saved searches; the articles stay."""
    from archive.notify import searches

    with _writing(app, wait) as conn:
        for name in names:
            searches.remove(conn, name)
            app.say(_("removed the alert {name}", name=name))


@command.command("list", cls=Command, short_help="Show saved searches and ways.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_app
def list_command(app: App, as_json: bool) -> None:
    """Show the saved searches, and how each way did the last time; secrets are not shown."""
    from archive.notify import searches

    with _reading(app) as conn:
        saved = searches.saved(conn)
        ways = [_way_as_dict(app, conn, way) for way in _ways(app)]
    if as_json:
        rows_as_json([{"alerts": [one.as_dict() for one in saved], "ways": ways}])
        return
    for one in saved:
        click.echo(f"{one.name}  {one.query}  ({_told(one)})")
        if one.error:
            error = recognised(one.error)
            click.echo(_("    cannot be looked for: {error}", error=error))
    for way in ways:
        where = way["leads_to"]
        click.echo(_("way {name}  {where}  {how}", name=way["name"], where=where, how=_how(way)))
    if not saved:
        app.say(_("no search is saved: `wechat-archive alert add NAME QUERY` begins"))


def _told(one: SavedSearch) -> str:
    count = plural("{n} article told", "{n} articles told", one.matched)
    return _("{count}, last {time}", count=count, time=for_people(one.last)) if one.last else count


def _way_as_dict(app: App, conn: sqlite3.Connection, way: WayConfig) -> dict[str, Any]:
    from archive.notify import outbox, searches
    from archive.notify.ways import shown

    known = searches.exist(conn)
    state = outbox.state_of(conn, way.name) if known else outbox.WayState(None, 0, None, 0)
    return {
        "name": way.name,
        "leads_to": shown(way, app.config),
        "delivered": state.delivered.isoformat(timespec="seconds") if state.delivered else None,
        "failures": state.failures,
        "error": state.error,
        "waiting": state.waiting,
    }


def _how(way: dict[str, Any]) -> str:
    said = []
    if way["delivered"]:
        time = for_people(datetime.fromisoformat(way["delivered"]))
        said.append(_("last message {time}", time=time))
    if way["failures"]:
        error = recognised(way["error"])
        said.append(
            plural(
                "failed {n} time: {error}",
                "failed {n} times: {error}",
                way["failures"],
                error=error,
            )
        )
    if way["waiting"]:
        said.append(plural("{n} message waits", "{n} messages wait", way["waiting"]))
    between = _("; ")
    return f"({between.join(said)})" if said else ""


@command.command("test", cls=Command, short_help="Send a message by every way.")
@click.argument("name", required=False)
@click.option("--exec", "exec_", metavar="CMD", help="Also to this command, as JSON on its input.")
@pass_app
def test(app: App, name: str | None, exec_: str | None) -> None:
    """Send a message by every way and say what came of it: a test, or with NAME the newest
    articles that match that saved search. Changes nothing; ends with 69 where a way fails."""
    from archive.errors import BadConfig

    app.config = app.config.option(exec=exec_)
    ways = _ways(app)
    if not ways:
        raise BadConfig(
            mark("no way is set: write a table [[notify]] into config.toml, or give --exec CMD")
        )
    failed = _send(app, ways, _message(app, name))
    click.get_current_context().exit(69 if failed else 0)


def _message(app: App, name: str | None) -> Message:
    from archive.notify.message import Message, new_id
    from archive.notify.searches import as_match, get, matching

    content: dict[str, Any] = {"matches": [], "starred": [], "problems": []}
    if name is not None:
        from archive.search.searcher import Searcher

        with _reading(app) as conn:
            one = get(conn, name)
            rows = list(matching(Searcher(conn), one.query, None, most=10))
            content["matches"] = [as_match(one, rows)]
    now = utc_now()
    return Message(id=new_id(), made=now, content=content, is_test=True)


def _send(app: App, ways: list[WayConfig], message: Message) -> int:
    """How many did not take it."""
    import asyncio
    import random

    from archive.notify.deliver import Delivery
    from archive.notify.ways import Surroundings, way_of
    from archive.run.alerts import page_address
    from scraper.clock import SystemClock

    around = Surroundings(config=app.config, clock=SystemClock(), rng=random.Random())
    page = page_address(app.root, app.config)
    delivery = Delivery(around=around, language=app.language(), page=page)
    failed = 0
    for one in ways:
        way = way_of(one, around)
        error = asyncio.run(delivery.send(way, message, one))
        failed += error is not None
        how = _("ok") if error is None else _("failed: {error}", error=error)
        click.echo(f"{one.name}  {way.shown}  {how}")
    return failed


def _ways(app: App) -> list[WayConfig]:
    from archive.notify.ways import configured

    return configured(app.config)


@contextmanager
def _reading(app: App) -> Iterator[sqlite3.Connection]:
    from archive.db.opening import open_database

    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        yield db.conn


@contextmanager
def _writing(app: App, wait: bool) -> Iterator[sqlite3.Connection]:
    from archive.db.lock import Lock
    from archive.db.opening import open_database

    with Lock(app.root, wait=wait), open_database(app.root / ARCHIVE_DB) as db:
        yield db.conn
