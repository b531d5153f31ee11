"""``wechat-archive search``, ``similar`` and ``reindex``: read arguments, call one function, print.

``search`` imports nothing that it does not need: from its start to the first result there are 0.35
s of CPU time.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from archive.cli.common import (
    App,
    Count,
    MinusCommand,
    archive_command,
    pass_app,
    without_guard,
    write_new,
)
from archive.cli.console import linked, paged, shows_colour, styled
from archive.cli.noticed import notice_edits
from archive.db.names import ARCHIVE_DB
from archive.i18n import gettext as _
from archive.i18n import plural
from scraper.zone import CHINA

if TYPE_CHECKING:
    from archive.search.api import Hit, Results

T = TypeVar("T")


@click.command(
    "search", cls=MinusCommand, short_help="Find articles by words in Chinese or any script."
)
@click.argument("query", nargs=-1, required=True, metavar="QUERY...")
@click.option("--newest", is_flag=True, help="The newest first instead of the best.")
@click.option(
    "--limit",
    type=Count(1),
    default=20,
    metavar="N",
    help="At most so many [default: 20].",
)
@click.option("--offset", type=Count(0), default=0, metavar="N", help="Leave out the first N.")
@click.option(
    "--contains", is_flag=True, help="Find Latin words and digits inside longer ones too."
)
@click.option(
    "--fold", is_flag=True, help="List reprints and near-duplicates under the best of them."
)
@click.option(
    "--count", "only_count", is_flag=True, help="Say only how many match (1000+: more than that)."
)
@click.option("--open", "open_first", is_flag=True, help="Open the first result's file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_app
def command(
    app: App,
    /,
    query: tuple[str, ...],
    newest: bool,
    limit: int,
    offset: int,
    contains: bool,
    fold: bool,
    only_count: bool,
    open_first: bool,
    as_json: bool,
) -> None:
    """Find articles by words in Chinese or any script, in titles, texts, captions, accounts,
    authors and digests.

    \b
    融资 Stability       both words            "AI 机器打工"        these characters in a row
    岩茶 OR 红茶         either one            岩茶 -广告           the one without the other
    (a OR b) c           parentheses group     stab*                words that begin so
    title:融资           in the title          account: author: place:   in those names
    album:读书           in that album (合集)  topic:投资           with that tag of WeChat's
    tag:投资             with that tag of yours                      note:融资   in your note
    group:投资           of that group of accounts and sources
    mine:融资            in your note or in what you wrote into the article's file
    is:starred           starred, unread, read, edited, noted, tagged: by what you did with it
    in:comments 茶       in its comments, instead of in the article
    since:2024-01        from then on          until:2024-12-31     to the end of then (China)
    after:2024-01        the same as since:    before:2024-01-15    before it begins
    2023..2024-06        from … to the end of  date:2024-03         within that day, month, year
    kind:video           article, video, music, audio, picture, text, shared, qa, live, short
    has:code             code, video, audio, image or card in it;   gone:yes   deleted on WeChat

    Traditional and simplified, full and half width, upper and lower case are the same. Chinese is
    found anywhere, other scripts by whole words. AND, OR and NOT are operators in upper case only.
    Exit code 0 also without a result, 64 for a query that means nothing.
    """
    notice_edits(app)
    typed = " ".join(without_guard(query))
    if only_count:
        from archive.search.api import count

        found = with_index(app, lambda conn: count(conn, typed, contains=contains))
        click.echo(
            json.dumps({"count": found.number, "more": found.more}) if as_json else str(found)
        )
        if not found.number:
            advise(app, typed)
        return
    from archive.search.api import search
    from archive.search.as_json import hit_as_dict

    def ask(conn: sqlite3.Connection) -> Results:
        return search(
            conn, typed, limit=limit, offset=offset, newest=newest, contains=contains, fold=fold
        )

    results = with_index(app, ask)
    if as_json:
        for hit in results:
            click.echo(json.dumps(hit_as_dict(hit), ensure_ascii=False))
        if not results.hits:
            advise(app, typed)
    else:
        with paged():
            _show(app, results, offset, typed)
    if open_first and results.hits:
        from archive.cli.opening import open_file
        from archive.db.files import inside

        open_file(app, inside(app.root, results.hits[0].path))


def _show(app: App, results: Results, offset: int, typed: str) -> None:
    for number, hit in enumerate(results, offset + 1):
        click.echo(f"{number}. {_marked(hit.title, hit.title_marks)}")
        click.echo(styled(f"   {_facts(hit)}", "dim"))
        click.echo(f"   {linked(hit.path, app.root / hit.path)}")
        for line in _snippet_lines(hit):
            click.echo(f"   {line}")
        if hit.folded:
            click.echo(_("   also: {folded}", folded=", ".join(hit.folded)))
    if not results.hits:
        app.say(_("nothing further") if offset else _("nothing found"))
        advise(app, typed)
    elif results.more:
        app.say(_("there are more: --offset {offset}", offset=offset + len(results)))


def _facts(hit: Hit) -> str:
    """Whose it is, of which day, its key, and whether it is gone."""
    day = hit.published.astimezone(CHINA).strftime("%Y-%m-%d") if hit.published else _("undated")
    account = hit.account or "-"
    if hit.account_now not in (None, hit.account):
        account = _("{name} (now {account})", name=account, account=hit.account_now)
    return " · ".join([account, day, hit.key, *([_("gone")] if hit.gone else [])])


def advise(app: App, typed: str) -> None:
    """Why a query may have found nothing."""
    from archive.search.query import advice
    from archive.search.unmatched import unmatched

    if (text := advice(typed)) is not None:
        app.say(text)
    for said in with_index(app, lambda conn: unmatched(conn, typed)):
        app.say(said)


def _snippet_lines(hit: Hit) -> list[str]:
    shown = hit.snippet
    if not shown.text.strip():
        return []
    marked = _marked(shown.text, shown.marks)
    return [("…" if shown.before else "") + " ".join(marked.split()) + ("…" if shown.after else "")]


def _marked(text: str, marks: tuple[tuple[int, int], ...]) -> str:
    """Bold and yellow where a person watches; ``**…**`` in a file."""
    colour = shows_colour(sys.stdout)
    out, last = [], 0
    for start, end in marks:
        word = text[start:end]
        out += [
            text[last:start],
            styled(word, "yellow", "bold") if colour else f"**{word}**",
        ]
        last = end
    return "".join([*out, text[last:]])


def with_index(app: App, work: Callable[[sqlite3.Connection], T]) -> T:
    """Read the database; where its index is of another version or unfinished, make it anew
    first.
    """
    from archive.errors import NotIndexed
    from archive.search.api import open_readonly

    try:
        with closing(open_readonly(app.root)) as conn:
            return work(conn)
    except NotIndexed:
        app.say(_("the search index is being made anew; this happens once"))
        rebuild(app, for_search=True)
    with closing(open_readonly(app.root)) as conn:
        return work(conn)


def rebuild(app: App, *, for_search: bool = False) -> int:
    """Make the index anew beside who writes, on all processors; returns how many articles."""
    from archive.cli.progress import progress
    from archive.search.rebuild import reindex_beside, reindex_for_search

    jobs = os.cpu_count() or 1
    with progress(app, _("indexing")) as step:

        def tell(name: str, done: int, total: int) -> None:
            step(done, total, name)

        if for_search:
            return reindex_for_search(app.root, tell, jobs=jobs, wait=True)
        return reindex_beside(app.root, tell, jobs=jobs)


@archive_command("similar", short_help="Find reprints and related articles.")
@click.argument("name", metavar="KEY|ADDRESS")
@click.option(
    "--limit",
    type=Count(1),
    default=20,
    metavar="N",
    help="At most so many [default: 20].",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@pass_app
def similar_command(app: App, /, name: str, limit: int, as_json: bool) -> None:
    """Find reprints and near-duplicates of an article, and articles that it shares links with.

    The article is called by its key (six characters are enough), any address, or its file's path.
    """
    from archive.db.opening import open_database
    from archive.search.similar import similar as find
    from archive.store import Store

    with open_database(app.root / ARCHIVE_DB, readonly=True) as db:
        key = Store(db, app.root).get(name).key
    found = with_index(app, lambda conn: find(conn, key, limit=limit))
    for one in found:
        if as_json:
            click.echo(json.dumps(one.as_dict(), ensure_ascii=False))
        else:
            from archive.cli.widths import pad

            day = (
                one.published.astimezone(CHINA).strftime("%Y-%m-%d")
                if one.published
                else _("undated")
            )
            amount = (
                f"{one.score:.0%}"
                if one.relation in ("duplicate", "reprint", "near")
                else f"{one.score:.0f}"
            )
            click.echo(
                f"{pad(_(one.relation), 12)} {amount:>4}  {one.key}  {day}  {one.account or '-'}  {one.title}"
            )
    if not found:
        app.say(_("nothing similar is held"))


similar = similar_command


@archive_command("reindex", short_help="Make the search index again.")
@click.option(
    "--datasette",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write metadata for `datasette archive.db --metadata FILE` instead.",
)
@pass_app
def reindex(app: App, /, datasette: Path | None) -> None:
    """Make the search index again from the articles. Nothing else changes; searches meanwhile use
    the old one, other commands go on writing, and killed half-way it is as it was.

    Search does this by itself when the program's way of indexing has changed.
    """
    if datasette is not None:
        from archive.search.datasette import metadata

        text = json.dumps(metadata(), ensure_ascii=False, indent=2) + "\n"
        write_new(datasette, text, mode=0o644)
        app.say(
            _(
                "wrote {datasette}; now: datasette {root} --metadata {datasette}",
                datasette=datasette,
                root=app.root / ARCHIVE_DB,
            )
        )
        return
    from archive.errors import NotHeld

    if not (app.root / ARCHIVE_DB).exists():
        raise NotHeld(
            _("there is no archive at {root}: save an article there first", root=app.root)
        )
    number = rebuild(app)
    app.say(plural("{n} article indexed", "{n} articles indexed", number))
