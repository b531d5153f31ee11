"""``wechat-archive status``, ``retry`` and ``forget``: the queue as a person sees it."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from archive.cli.common import App, archive_command, pass_app, refuse_beside_json
from archive.cli.each import each
from archive.cli.noticed import notice_edits
from archive.db.names import ARCHIVE_DB
from archive.i18n import gettext as _
from archive.i18n import mark, mark_plural, plural, recognised
from scraper.clock import utc_now
from scraper.zone import for_people

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.db.opening import ArchiveDatabase

_LABEL = 9  #: columns


@archive_command("status", short_help="What is held, waiting, failed, blocked.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--failed", is_flag=True, help="The failed addresses as a list that `save -i` reads.")
@click.option("--listed", is_flag=True, help="What lists named and is not held, as such a list.")
@pass_app
def command(app: App, as_json: bool, failed: bool, listed: bool) -> None:
    """Show what the archive holds, what waits and until when, what failed and what to do about it.

    Albums are shown with how many of their articles are held and which are missing.
    """
    from archive.db.opening import open_database
    from archive.status import collect

    refuse_beside_json(as_json, failed=failed, listed=listed)
    notice_edits(app)
    db = open_database(app.root / ARCHIVE_DB, readonly=True)
    try:
        if failed:
            _list_failed(app, db.conn)
        if listed:
            _list_not_held(app, db.conn)
        if failed or listed:
            return
        found = collect(db.conn, app.root, utc_now())
    finally:
        db.close()
    if as_json:
        import json

        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _show(found)
    if found["problems"]:
        click.get_current_context().exit(1)


def _list_failed(app: App, conn: Any) -> None:
    """Addresses one a line, each under a comment that says why: `save -i` passes over comments."""
    from archive.cli.failure_names import shown_class
    from archive.crawl.failures import failures

    found = [*failures(conn)]
    for failure in found:
        when = _("waits until {time}", time=_time(failure.due)) if failure.due else _(failure.state)
        why = recognised(" ".join(failure.error.split()))
        called = shown_class(failure.error_code)
        click.echo(f"# {called} ({when}): {why}\n{failure.fetch}")
    if not found:
        app.say(_("no address has failed"))


def _list_not_held(app: App, conn: Any) -> None:
    """The same of articles that lists named, each under its day and title."""
    from archive.db.listed import not_held

    found = [*not_held(conn)]
    for one in found:
        day = _time(one["published"])[:10] if one["published"] else ""
        about = " ".join(f"{day} {one['title'] or ''}".split())
        click.echo(f"# {about}\n{one['fetch']}")
    if not found:
        app.say(_("all that lists named is held"))


def _line(label: str, text: str) -> None:
    """A line beside its label, in any language; in a terminal too narrow for it, it goes on under its
    beginning."""
    from archive.cli.console import screen_columns
    from archive.cli.widths import pad, width, wrap

    head, columns = pad(label, _LABEL), screen_columns()
    if columns is None or width(head + text) <= columns:
        click.echo(head + text)
    else:
        click.echo(wrap(text, columns, head, " " * _LABEL))


def _show(found: dict[str, Any]) -> None:
    from archive.cli.widths import pad

    block = found["blocked"]
    rest = block["until"] if block and block["in_force"] else None
    click.echo(pad(_("archive"), _LABEL) + found["archive"])  # a path is not broken
    _show_held(found)
    _show_waiting(found["waiting"], rest)
    _show_images(found["images"])
    _show_media(found["media"])
    for drift in found["drift"]:
        _line(_("template"), recognised(drift["line"]))
    _show_block(block)
    _show_exits(found["exits"])
    _show_failed(found["failed"], rest)
    _show_albums(found["albums"])
    _show_sources(found["sources"])
    _show_listed(found["listed"])
    if found["writing"]:
        command, pid = found["writing"]["command"], found["writing"]["pid"]
        _line(_("writing"), _("{command} (process {pid})", command=command, pid=pid))
    _show_rest(found)


def _show_rest(found: dict[str, Any]) -> None:
    for problem in found["problems"]:
        _line(_("unknown"), recognised(problem))
    for run in found["runs"]:
        summary = run["summary"] or mark("did not end: killed, or still running")
        _line(_("run"), f"{_time(run['started'])}  {recognised(summary)}")


def _show_held(found: dict[str, Any]) -> None:
    held, images = found["held"], found["images"]
    parts = _(
        "{articles} of {accounts}",
        articles=_articles(held["articles"]),
        accounts=mark_plural("{n} account", "{n} accounts", held["accounts"]),
    )
    if held["gone"]:
        parts = _("{what}, {n} of them gone from WeChat", what=parts, n=held["gone"])
    pictures = plural("{n} image", "{n} images", images["held"])
    _line(_("held"), _("{what}; {images}", what=parts, images=pictures))
    if held["older_parser"]:
        _line(
            "",
            _(
                "{n} were made by an older parser: `wechat-archive reparse --changed`",
                n=held["older_parser"],
            ),
        )


def _show_waiting(waiting: dict[str, Any], rest: str | None) -> None:
    said = plural("{n} address", "{n} addresses", waiting["addresses"])
    if waiting["due"] and not rest:
        said = _("{what}, {n} due now", what=said, n=waiting["due"])
    elif waiting["next_due"]:
        said = _("{what}; next {time}", what=said, time=_time(_later(waiting["next_due"], rest)))
    _line(_("waiting"), said)


def _show_images(images: dict[str, Any]) -> None:
    if images["missing"]:
        due = _time(images["next_due"])
        _line(_("images"), _("{n} missing, next try {time}", n=images["missing"], time=due))
    if images["lost"]:
        _line(_("images"), _("{n} cannot be had any more", n=images["lost"]))


def _show_sources(sources: dict[str, Any]) -> None:
    if not sources["count"]:
        return
    said = plural("{n} source", "{n} sources", sources["count"])
    if sources["failing"]:
        said = _("{what}, {n} failing (`watch --list` says why)", what=said, n=sources["failing"])
    _line(_("watched"), _("{what}; next look {time}", what=said, time=_time(sources["next_due"])))


def _show_listed(listed: dict[str, Any]) -> None:
    if listed["missing"]:
        said = plural(
            "{n} article that a list named is not held (`status --listed` names it for `save -i`)",
            "{n} articles that lists named are not held (`status --listed` names them for `save -i`)",
            listed["missing"],
        )
        _line(_("listed"), said)


def _show_media(media: dict[str, Any]) -> None:
    """Sound and video, where there are any."""
    if media["held"]:
        size = f"{media['bytes'] / 1e6:.1f}"
        said = plural(
            "{n} sound or video, {size} MB",
            "{n} sounds and videos, {size} MB",
            media["held"],
            size=size,
        )
        _line(_("media"), said)
    if media["missing"]:
        due = _time(media["next_due"])
        _line(_("media"), _("{n} missing, next try {time}", n=media["missing"], time=due))
    if media["lost"]:
        _line(_("media"), _("{n} cannot be had any more", n=media["lost"]))
    for error in media["errors"]:
        _line("", f"{error['count']} × {recognised(error['example'])}")


def _show_block(block: dict[str, Any] | None) -> None:
    if block is None:
        return
    shown, times, until = block["shown"] or block["reason"], block["times_in_a_row"], block["until"]
    what = _("{shown}, {n} in a row", shown=shown, n=times)
    if block["in_force"]:
        _line(_("blocked"), _("until {until} ({what})", until=_time(until), what=what))
        return
    said = _(
        "was until {until} ({what}); the next request is a careful probe",
        until=_time(until),
        what=what,
    )
    _line(_("blocked"), said)


def _show_exits(exits: list[dict[str, Any]]) -> None:
    """Where there are several, or one of a name."""
    if [exit["name"] for exit in exits] in ([], ["direct"]):
        return
    for exit in exits:
        asked = _("last {time}", time=_time(exit["asked"])) if exit["asked"] else _("never asked")
        said = _(
            "{name}: {requests}, {asked}; {state}",
            name=exit["name"],
            requests=mark_plural("{n} request", "{n} requests", exit["requests"]),
            asked=asked,
            state=_state_of(exit),
        )
        _line(_("exit"), said)


def _state_of(exit: dict[str, Any]) -> str:
    if exit["blocked_until"]:
        return _("blocked until {time}", time=_time(exit["blocked_until"]))
    if exit["failures"]:
        failures = plural("{n} failure in a row", "{n} failures in a row", exit["failures"])
        why = recognised(exit["error"]) if exit["error"] else _("see above")
        return _("{failures}: {why}", failures=failures, why=why)
    return _("fine")


def _show_failed(failed: list[dict[str, Any]], rest: str | None) -> None:
    if failed:
        from archive.cli.failure_names import shown_class
    for kind in failed:
        said = f"{kind['count']} {shown_class(kind['class'])}"
        if kind["next_due"]:
            said = _(
                "{what}, next try {time}", what=said, time=_time(_later(kind["next_due"], rest))
            )
        _line(_("failed"), _("{what}: {next}", what=said, next=mark(kind["next"])))


def _show_albums(albums: list[dict[str, Any]]) -> None:
    for album in albums:
        said = _(
            "{title}: {n} of {size} held",
            title=album["title"] or album["id"],
            n=album["held"],
            size="?" if album["size"] is None else album["size"],
        )
        missing = [member["title"] or member["address"] for member in album["missing"]]
        if missing:
            shown = [*missing[:5], *(["…"] if len(missing) > 5 else [])]
            said = _("{what}, missing: {titles}", what=said, titles=shown)
        _line(_("album"), said)


def _later(due: str, rest: str | None) -> str:
    """When something is due, where nothing is asked for before ``rest``."""
    return max(due, rest) if rest else due


def _articles(number: int) -> str:
    return mark_plural("{n} article", "{n} articles", number)


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
    from archive.cli.failure_names import class_of
    from archive.crawl.failures import retry_addresses, retry_all, retry_kind

    now = utc_now()

    def one(name: str) -> None:
        addresses, kind = _addresses(app, db, name), class_of(name)
        found = (
            retry_addresses(db.conn, addresses, now)
            if addresses
            else retry_kind(db.conn, kind, now)
        )
        _tell_retried(app, _some(found, name))

    with _queue(app, wait) as db:
        if what:
            each(app, what, one)
        else:
            _tell_retried(app, _some(retry_all(db.conn, now), None))


@archive_command("forget", short_help="Take addresses out of the queue.")
@click.argument("what", nargs=-1, required=True, metavar="ADDRESS|KEY|CLASS…")
@click.option("--wait", is_flag=True, help="Wait for another command that is writing.")
@pass_app
def forget(app: App, what: tuple[str, ...], wait: bool) -> None:
    """Take addresses out of the queue; kept articles stay.

    Give an address, an article's key, a class of failure or a state (`waiting`, `failed`, `gone`,
    `person`).
    """
    from archive.cli.failure_names import class_of
    from archive.crawl.failures import forget_addresses, forget_kind

    def one(name: str) -> None:
        addresses, kind = _addresses(app, db, name), class_of(name)
        count = forget_addresses(db.conn, addresses) if addresses else forget_kind(db.conn, kind)
        app.say(plural("{n} address forgotten", "{n} addresses forgotten", _some(count, name)))

    with _queue(app, wait) as db:
        each(app, what, one)


def _tell_retried(app: App, count: int) -> None:
    app.say(
        plural(
            "{n} address will be tried by the next `wechat-archive run`",
            "{n} addresses will be tried by the next `wechat-archive run`",
            count,
        )
    )


def _some(count: int, name: str | None) -> int:
    """How many were found. Raises NotHeld where none was."""
    if not count:
        from archive.errors import NotHeld

        if name is None:
            raise NotHeld(_("no address has failed: there is nothing to try again"))
        raise NotHeld(
            _(
                "nothing in the queue is called {name}: `wechat-archive status --failed` "
                "lists what failed",
                name=name,
            )
        )
    return count


@contextmanager
def _queue(app: App, wait: bool) -> Iterator[ArchiveDatabase]:
    from archive.db.lock import Lock
    from archive.db.opening import open_database, require_archive

    require_archive(app.root / ARCHIVE_DB)
    with Lock(app.root, wait=wait), open_database(app.root / ARCHIVE_DB) as db:
        yield db


def _addresses(app: App, db: ArchiveDatabase, name: str) -> list[str]:
    """The canonical addresses of what is named: an address, or an article in any way. None for a
    class of failure. Raises NotHeld where the start of a key stands for several."""
    from archive.cli.failure_names import KNOWN, class_of
    from archive.store import Store
    from scraper import urls

    if class_of(name) in KNOWN:
        return []
    store = Store(db, app.root)
    held = store.find(name)
    named = [address.canonical for address in urls.find(name)]
    return [*{*named, *(store.canonical_addresses(held.article_id) if held else ())}]
