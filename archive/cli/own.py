"""``wechat-archive tag``, ``star``, ``unstar``, ``note``, ``read``, ``unread``: what a person adds to
articles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from archive.cli.common import (
    App,
    MinusCommand,
    archive_command,
    pass_app,
    rows_as_json,
    without_guard,
)
from archive.cli.each import about
from archive.cli.noticed import notice_edits
from archive.i18n import gettext as _
from scraper.clock import utc_now
from scraper.messages import mark

if TYPE_CHECKING:
    from archive.document.own import Own
    from archive.store import Store
    from archive.store.marking import Marked
    from archive.store.own import Marking

_PLUS, _MINUS = ("+", "＋"), ("-", "－")


def _query(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="One JSON object an article: what is said of it now.",
    )(command)
    return click.option(
        "--query", metavar="QUERY", help="All that a search for this finds, as in `search`."
    )(command)


@click.command("tag", cls=MinusCommand, short_help="Give articles your tags, or take them away.")
@click.argument("given", nargs=-1, metavar="KEY… +TAG… -TAG…")
@_query
@pass_app
def tag(app: App, given: tuple[str, ...], query: str | None, as_json: bool) -> None:
    """Give articles tags of your own (+投资) or take them away (-旧); without any, show them.

    They stand in the file's front matter as `tags`, where you may change them too, and are found by
    `search tag:投资` and `list --tag 投资`. WeChat's own tags stand apart.
    """
    add, remove, names = parted(given)
    if not add and not remove:
        _show(app, names, query, as_json, lambda own: " ".join(own.tags) or "-")
        return
    _mark(app, names, query, as_json, lambda own: " ".join(own.tags) or "-", add=add, remove=remove)


def parted(given: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Tags to give, tags to take away, and the others: keys."""
    words = without_guard(given)
    add = [word[1:] for word in words if word.startswith(_PLUS)]
    remove = [word[1:] for word in words if word.startswith(_MINUS)]
    return add, remove, [word for word in words if not word.startswith(_PLUS + _MINUS)]


@archive_command("star", short_help="Star articles.")
@click.argument("keys", nargs=-1, metavar="KEY…")
@_query
@pass_app
def star(app: App, keys: tuple[str, ...], query: str | None, as_json: bool) -> None:
    """Star articles; `search is:starred` and `list --starred` find them."""
    _mark(app, keys, query, as_json, lambda own: _("starred"), starred=True)


@archive_command("unstar", short_help="Take the star from articles.")
@click.argument("keys", nargs=-1, metavar="KEY…")
@_query
@pass_app
def unstar(app: App, keys: tuple[str, ...], query: str | None, as_json: bool) -> None:
    """Take the star away."""
    _mark(app, keys, query, as_json, lambda own: _("not starred"), starred=False)


@archive_command("read", short_help="Mark articles as read.")
@click.argument("keys", nargs=-1, metavar="KEY…")
@_query
@pass_app
def read(app: App, keys: tuple[str, ...], query: str | None, as_json: bool) -> None:
    """Mark articles as read; `search is:unread` and `list --unread` find the others."""
    _mark(app, keys, query, as_json, lambda own: _("marked as read"), read=True)


@archive_command("unread", short_help="Mark articles as unread.")
@click.argument("keys", nargs=-1, metavar="KEY…")
@_query
@pass_app
def unread(app: App, keys: tuple[str, ...], query: str | None, as_json: bool) -> None:
    """Mark articles as unread."""
    _mark(app, keys, query, as_json, lambda own: _("marked as unread"), read=False)


@archive_command("note", short_help="Write a note on an article.")
@click.argument("given", nargs=-1, metavar="KEY… TEXT")
@click.option("--delete", is_flag=True, help="Take the note away.")
@_query
@pass_app
def note(app: App, given: tuple[str, ...], delete: bool, query: str | None, as_json: bool) -> None:
    """Write a note on an article in place of the one before; KEY alone shows it.

    It stands in the file's front matter as `note`, where you may change it too, and is found by
    `search`, `search mine:…` and `search note:…`. With --query the words given are the note.
    """
    if delete:
        _mark(app, given, query, as_json, lambda own: _("no note"), note="")
        return
    names, text = (given[:-1], given[-1]) if len(given) > 1 or (query and given) else (given, None)
    if text is None:
        _show(app, names, query, as_json, lambda own: own.note or "-")
        return
    _mark(app, names, query, as_json, lambda own: own.note or "-", note=text)


def _mark(
    app: App,
    names: Sequence[str],
    query: str | None,
    as_json: bool,
    said: Callable[[Own], str],
    **wanted: Any,
) -> None:
    from archive.cli.progress import counted, progress
    from archive.db.beside import open_beside
    from archive.store import Store
    from archive.store.marking import chosen, mark_chosen
    from archive.store.own import Marking

    _require_some(names, query)
    marking: Marking = Marking.of(**wanted)
    with open_beside(app.root, "wechat-archive " + click.get_current_context().info_name) as db:  # type: ignore[operator]
        store = Store(db, app.root)
        wanted_ones = [*chosen(store, names, query)]
        with progress(app, _("marking")) as step:
            found = mark_chosen(store, wanted_ones, marking, utc_now())
            _tell(app, counted(found, len(wanted_ones), step), query, as_json, said)


def _show(
    app: App,
    names: Sequence[str],
    query: str | None,
    as_json: bool,
    said: Callable[[Own], str],
) -> None:
    from archive.errors import ArchiveError
    from archive.store.marking import Marked, chosen

    _require_some(names, query)
    notice_edits(app, whole=True)
    with _reading(app) as store:
        found = (
            Marked(name=name, error=one)
            if isinstance(one, ArchiveError)
            else Marked(name=name, stored=one, own=store.own(one.article_id))
            for name, one in chosen(store, names, query)
        )
        _tell(app, found, query, as_json, said)


def _require_some(names: Sequence[str], query: str | None) -> None:
    if not names and query is None:
        raise click.UsageError(_("name an article by its key (`list` shows it), or give --query."))


@contextmanager
def _reading(app: App) -> Iterator[Store]:
    from archive.db.names import ARCHIVE_DB
    from archive.db.opening import open_database
    from archive.store import Store

    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        yield Store(db, app.root)


def nothing_found(app: App, query: str | None) -> None:
    """That a query found nothing to work on, and why."""
    if query is not None:
        from archive.cli.search import advise

        app.say(_("nothing is found by that query: nothing was changed"))
        advise(app, query)


def _tell(
    app: App,
    marked: Iterator[Marked],
    query: str | None,
    as_json: bool,
    said: Callable[[Own], str],
) -> None:
    """A line an article; ends with the code of what went wrong, where anything did."""
    code = count = 0
    for one in marked:
        count += 1
        if one.error is not None:
            app.tell(mark("error: {what}", what=about(one.name, one.error)), level="error")
            code = max(code, 1) if code else one.error.exit_code
        if as_json:
            rows_as_json([one.as_dict()])
        elif one.stored is not None and one.own is not None:
            title = " ".join(one.stored.title.split())
            click.echo(f"{one.stored.key}  {' '.join(said(one.own).split())}  {title}")
    if not count:
        nothing_found(app, query)
    if code:
        click.get_current_context().exit(code if count == 1 else 1)
