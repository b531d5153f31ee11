"""``wechat-archive status``, ``retry`` and ``forget``: the queue as a person sees it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from archive.cli.common import App, archive_command, pass_app
from archive.cli.each import each
from archive.db.names import ARCHIVE_DB
from archive.i18n import gettext as _
from scraper.zone import for_people

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

_RETRIED = "will be tried by the next `wechat-archive run`"


@archive_command("status", short_help="What is held, waiting, failed, blocked.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--failed", is_flag=True, help="The failed addresses as a list that `save -i` reads.")
@pass_app
def command(app: App, as_json: bool, failed: bool) -> None:
    """Show what the archive holds, what waits and until when, what failed and what to do about it.

    Albums are shown with how many of their articles are held and which are missing.
    """
    from archive.db.opening import open_database
    from archive.status import collect

    db = open_database(app.root / ARCHIVE_DB, readonly=True)
    try:
        if failed:
            _list_failed(db.conn)
            return
        found = collect(db.conn, app.root, datetime.now(UTC))
    finally:
        db.close()
    if as_json:
        import json

        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _show(found)
    if found["problems"]:
        click.get_current_context().exit(1)


def _list_failed(conn: Any) -> None:
    """Addresses one a line, each under a comment that says why: `save -i` passes over comments."""
    from archive.crawl.failures import failures

    for failure in failures(conn):
        when = f"waits until {_time(failure.due)}" if failure.due else failure.state
        click.echo(
            f"# {failure.error_code} ({when}): {' '.join(failure.error.split())}\n{failure.fetch}"
        )


def _show(found: dict[str, Any]) -> None:
    held, waiting, images = found["held"], found["waiting"], found["images"]
    click.echo(f"archive  {found['archive']}")
    gone = f", {held['gone']} of them gone from WeChat" if held["gone"] else ""
    kept = f"{_count(held['articles'], 'article')} of {_count(held['accounts'], 'account')}"
    click.echo(f"held     {kept}{gone}; {_count(images['held'], 'image')}")
    if held["older_parser"]:
        click.echo(
            f"         {held['older_parser']} were made by an older parser: `wechat-archive reparse --changed`"
        )
    block = found["blocked"]
    rest = block["until"] if block and block["in_force"] else None
    due = f", {waiting['due']} due now" if waiting["due"] and not rest else ""
    then = (
        f"; next {_time(_later(waiting['next_due'], rest))}"
        if waiting["next_due"] and not due
        else ""
    )
    click.echo(f"waiting  {_count(waiting['addresses'], 'address', 'addresses')}{due}{then}")
    if images["missing"]:
        click.echo(f"images   {images['missing']} missing, next try {_time(images['next_due'])}")
    if images["lost"]:
        click.echo(f"images   {images['lost']} cannot be had any more")
    for drift in found["drift"]:
        click.echo(f"template {drift['line']}")
    _show_block(block)
    _show_exits(found["exits"])
    _show_failed(found["failed"], rest)
    _show_albums(found["albums"])
    sources = found["sources"]
    if sources["count"]:
        failing = (
            f", {sources['failing']} failing (`watch --list` says why)"
            if sources["failing"]
            else ""
        )
        click.echo(
            f"watched  {_count(sources['count'], 'source')}{failing}; next look {_time(sources['next_due'])}"
        )
    if found["writing"]:
        click.echo(f"writing  {found['writing']['command']} (process {found['writing']['pid']})")
    _show_rest(found)


def _show_rest(found: dict[str, Any]) -> None:
    for problem in found["problems"]:
        click.echo(_("unknown  {problem}", problem=problem))
    for run in found["runs"]:
        click.echo(
            f"run      {_time(run['started'])}  {run['summary'] or 'did not end: killed, or still running'}"
        )


def _show_block(block: dict[str, Any] | None) -> None:
    if block is None:
        return
    what = f"{block['shown'] or block['reason']}, {block['times_in_a_row']} in a row"
    if block["in_force"]:
        click.echo(f"blocked  until {_time(block['until'])} ({what})")
    else:
        click.echo(
            f"blocked  was until {_time(block['until'])} ({what}); the next request is a careful probe"
        )


def _show_exits(exits: list[dict[str, Any]]) -> None:
    """Where there are several, or one of a name."""
    if [exit["name"] for exit in exits] in ([], ["direct"]):
        return
    for exit in exits:
        state = "fine"
        if exit["blocked_until"]:
            state = f"blocked until {_time(exit['blocked_until'])}"
        elif exit["failures"]:
            state = (
                f"{_count(exit['failures'], 'failure')} in a row: {exit['error'] or 'see above'}"
            )
        asked = f"last {_time(exit['asked'])}" if exit["asked"] else "never asked"
        requests = _count(exit["requests"], "request")
        click.echo(f"exit     {exit['name']}: {requests}, {asked}; {state}")


def _show_failed(failed: list[dict[str, Any]], rest: str | None) -> None:
    for kind in failed:
        when = f", next try {_time(_later(kind['next_due'], rest))}" if kind["next_due"] else ""
        click.echo(f"failed   {kind['count']} {kind['class']}{when}: {kind['next']}")


def _show_albums(albums: list[dict[str, Any]]) -> None:
    for album in albums:
        missing = ", ".join(member["title"] or member["address"] for member in album["missing"][:5])
        more = ", …" if len(album["missing"]) > 5 else ""
        of = album["size"] if album["size"] is not None else "?"
        tail = f", missing: {missing}{more}" if missing else ""
        click.echo(f"album    {album['title'] or album['id']}: {album['held']} of {of} held{tail}")


def _later(due: str, rest: str | None) -> str:
    """When something is due, where nothing is asked for before ``rest``."""
    return max(due, rest) if rest else due


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _time(text: str | None) -> str:
    if not text:
        return "-"
    return for_people(datetime.fromisoformat(text))


@archive_command("retry", short_help="Try failed addresses again with the next run.")
@click.argument("what", nargs=-1, metavar="[ADDRESS|KEY|CLASS]…")
@click.option("--wait", is_flag=True, help="Wait for another command that is writing.")
@pass_app
def retry(app: App, what: tuple[str, ...], wait: bool) -> None:
    """Make failed addresses due, so that the next `run` tries them.

    Give an address, an article's key, or a class of failure as `status` names it; without any:
    everything that failed, except what is gone for good.
    """
    from archive.crawl.failures import retry_addresses, retry_all, retry_kind

    now = datetime.now(UTC)

    def one(name: str) -> None:
        addresses = _addresses(conn, name)
        _tell_count(
            app,
            retry_addresses(conn, addresses, now) if addresses else retry_kind(conn, name, now),
            name,
            _RETRIED,
        )

    with _queue(app, wait) as conn:
        if what:
            each(app, what, one)
        else:
            _tell_count(app, retry_all(conn, now), None, _RETRIED)


@archive_command("forget", short_help="Take addresses out of the queue.")
@click.argument("what", nargs=-1, required=True, metavar="ADDRESS|KEY|CLASS…")
@click.option("--wait", is_flag=True, help="Wait for another command that is writing.")
@pass_app
def forget(app: App, what: tuple[str, ...], wait: bool) -> None:
    """Take addresses out of the queue; kept articles stay.

    Give an address, an article's key, a class of failure or a state (`waiting`, `failed`, `gone`,
    `person`).
    """
    from archive.crawl.failures import forget_addresses, forget_kind

    def one(name: str) -> None:
        addresses = _addresses(conn, name)
        count = forget_addresses(conn, addresses) if addresses else forget_kind(conn, name)
        _tell_count(app, count, name, "forgotten")

    with _queue(app, wait) as conn:
        each(app, what, one)


def _tell_count(app: App, count: int, name: str | None, done: str) -> None:
    """How many were found. Raises NotHeld where none was."""
    if not count:
        from archive.errors import NotHeld

        if name is None:
            raise NotHeld("no address has failed: there is nothing to try again")
        raise NotHeld(
            f"nothing in the queue is called {name}: `wechat-archive status --failed` lists what failed"
        )
    app.say(f"{_count(count, 'address', 'addresses')} {done}")


@contextmanager
def _queue(app: App, wait: bool) -> Iterator[sqlite3.Connection]:
    from archive.db.lock import Lock
    from archive.db.opening import open_database, require_archive

    require_archive(app.root / ARCHIVE_DB)
    with Lock(app.root, wait=wait), open_database(app.root / ARCHIVE_DB) as db:
        yield db.conn


def _addresses(conn: sqlite3.Connection, name: str) -> list[str]:
    """The queue's addresses behind an address or an article's key; none for a class of failure."""
    from scraper import urls

    found = [address.canonical for address in urls.find(name)]
    if found:
        return found
    rows = conn.execute(
        "SELECT d.address FROM addresses d JOIN articles a ON a.id = d.article_id "
        "JOIN frontier f ON f.address = d.address WHERE a.key = ?",
        (name,),
    )
    return [row["address"] for row in rows]
